import { type Cidr, compileAddressPolicy, type Policy } from '@paude/allowlist';
import { type Connector, directConnector } from '../dial/connector.ts';
import { ForwardServer } from '../forward/forward-server.ts';
import { socketTransport, type Transport } from '../relay/transport.ts';
import { Audit, type AuditLog } from '../report/audit.ts';
import { Counters } from '../report/counters.ts';
import { Resolver, type ResolverOptions } from '../resolve/resolver.ts';
import { Admission, type AdmissionOptions } from './admission.ts';
import type { Consider, EngineContext, Limits, Timeouts, TunnelInterceptor } from './context.ts';
import { isStillAllowed } from './judge.ts';
import { Linger } from './linger.ts';
import { type ListenAddress, Listener } from './listener.ts';
import { OwnAddresses } from './own-addresses.ts';
import { RequestIds } from './request-ids.ts';
import { Tunnels } from './tunnels.ts';

const SWEEP_INTERVAL_MS = 1000;
/** How long what has been cut may take to close. */
const CUT_MS = 1000;

export interface EngineOptions {
  /** What the proxy starts with; `setPolicy` replaces it. */
  readonly policy: Policy;
  /** Where audit events go. */
  readonly log: AuditLog;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly admission: AdmissionOptions;
  /** Special-use ranges that may be dialled all the same. @default none */
  readonly allowPrivate?: readonly Cidr[];
  readonly resolver?: ResolverOptions;
  /** How targets are reached. @default dialled directly */
  readonly connector?: Connector;
  /** What tunnels run on. @default sockets of `net` */
  readonly transport?: Transport;
  /** Makes what takes over the tunnels to hosts with a credential route. @default none do */
  readonly interceptor?: ((context: EngineContext) => TunnelInterceptor) | undefined;
  /** Asked before a target is refused that a further rule would allow. @default nobody is */
  readonly consider?: Consider | undefined;
  /** @default false */
  readonly reportOnly?: boolean;
  readonly session?: string | undefined;
  /** Told of an exception that no code expected. */
  readonly onDefect?: (error: unknown) => void;
}

/** The proxy without its edges: no files, no signals, no configuration format. */
export class Engine {
  readonly #context: EngineContext;
  readonly #listener: Listener;
  readonly #http: ForwardServer;
  readonly #sweeper: NodeJS.Timeout;
  readonly audit: Audit;
  readonly counters = new Counters();

  constructor(options: EngineOptions) {
    const { timeouts, limits, transport = socketTransport } = options;
    this.audit = new Audit(options.log);
    const ids = new RequestIds();
    this.#context = {
      policy: options.policy,
      reportOnly: options.reportOnly ?? false,
      addressPolicy: compileAddressPolicy(options.allowPrivate),
      resolver: new Resolver({ timeoutMs: timeouts.dnsMs, ...options.resolver }),
      connector: options.connector ?? directConnector(transport),
      transport,
      ownAddresses: new OwnAddresses(),
      admission: new Admission(options.admission),
      tunnels: new Tunnels(timeouts.idleMs),
      linger: new Linger(),
      ids,
      pseudonym: `paude-${ids.prefix}`,
      audit: this.audit,
      counters: this.counters,
      timeouts,
      limits,
      session: options.session,
      interceptor: undefined,
      consider: options.consider,
      closing: false,
      onDefect: (error) => {
        this.counters.internalErrors++;
        options.onDefect?.(error);
      },
    };
    this.#context.interceptor = options.interceptor?.(this.#context);
    this.#http = new ForwardServer(this.#context);
    this.#listener = new Listener(this.#context, (connection, bytes) => this.#http.take(connection, bytes));
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  /** Starts to listen. @returns the address that it listens on. */
  listen(address: ListenAddress): Promise<string> {
    return this.#listener.listen(address);
  }

  /** Registers another door of this process, so that no client is led to it: the admin port. */
  addOwnPort(port: number): void {
    this.#context.ownAddresses.add(port);
  }

  get policy(): Policy {
    return this.#context.policy;
  }

  /** Tunnels and plain requests that are open. */
  get openCount(): number {
    return this.#context.tunnels.size;
  }

  get closing(): boolean {
    return this.#context.closing;
  }

  get reportOnly(): boolean {
    return this.#context.reportOnly;
  }

  /** Replaces the allowlist, and cuts what it denies. @returns how many tunnels were cut. */
  setPolicy(policy: Policy): number {
    this.#context.policy = policy;
    if (this.#context.reportOnly) return 0;
    const cut = this.#context.tunnels.cutDenied((open) => isStillAllowed(policy, open, open.address));
    this.counters.tunnelsCut += cut;
    return cut;
  }

  /** Replaces who may connect; undefined lets everyone. Open connections stay. */
  setClients(networks: readonly Cidr[] | undefined): void {
    this.#context.admission.setClients(networks);
  }

  /** Takes no new work, waits for what is open up to `drainMs`, and then ends it. @returns whether all ended by itself. */
  async close(drainMs: number): Promise<boolean> {
    this.#context.closing = true;
    this.#listener.stop();
    this.#http.stop();
    this.#context.interceptor?.stop();
    const drained = await this.#context.tunnels.drained(drainMs);
    this.#context.tunnels.cutAll('shutdown');
    // What is cut writes its last audit event when its handles have closed, which takes a turn of the loop or more.
    await this.#context.tunnels.drained(CUT_MS);
    this.#context.linger.destroyAll();
    this.#listener.destroyAll();
    clearInterval(this.#sweeper);
    this.#context.resolver.close();
    // Closed sockets write their last audit events in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    return drained;
  }

  #sweep(): void {
    const nowMs = performance.now();
    this.#context.tunnels.sweep(nowMs);
    this.#listener.sweep(nowMs);
    this.#context.linger.sweep(nowMs);
    this.#context.admission.sweep(nowMs);
  }
}
