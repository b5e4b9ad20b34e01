import type { Duplex, Writable } from 'node:stream';
import {
  type Answer,
  createScrubber,
  type Field,
  type HostRoutes,
  type Injected,
  MAX_ANSWERED_BYTES,
  type RequestHead,
  type Route,
  scrubFields,
  scrubText,
} from '@paude/credentials';
import type { EngineContext } from '../engine/context.ts';
import type { CloseFacts, DecisionFacts, RequestRecord } from '../report/audit.ts';
import { type ReasonCode, reasonFacts } from '../report/reasons.ts';
import { renderRefusal } from '../report/refusal.ts';
import { collectBody, ReplayBuffer } from './request-body.ts';
import { ScrubStream } from './scrub-stream.ts';
import {
  asFields,
  type ClientSide,
  type ResponseHead,
  type TargetRequest,
  type TargetResponse,
  type TargetSide,
} from './sides.ts';

/** The largest body that is kept to be sent again with a fresh credential. */
const MAX_REPLAYED_BYTES = 65_536;
/** The largest body that is read as a whole to be signed. */
const MAX_SIGNED_BYTES = 8 * 1024 * 1024;

/** Fields that ask for a body that cannot be searched for a secret. */
const ENCODED_OR_PARTIAL: ReadonlySet<string> = new Set(['accept-encoding', 'range', 'if-range']);
/** Errors of Node about fields that it does not send, such as a second Content-Type in HTTP/2. */
const FIELD_ERROR = /^ERR_(?:HTTP2?_|INVALID_)/;

/** Where an exchange takes place. */
export interface ExchangeStage {
  readonly context: EngineContext;
  readonly record: RequestRecord;
  /** What allowed the tunnel that it is in. */
  readonly facts: DecisionFacts;
  readonly address: string;
  readonly routes: HostRoutes;
  readonly target: TargetSide;
  /** Set when there is no connection to the target to be had. */
  readonly fault: { readonly reason: ReasonCode; readonly detail: string } | undefined;
  /** Whether the client has asked for too much lately. */
  readonly isLimited: boolean;
}

/** One request inside of an intercepted tunnel: the credential is put on it, and taken out of what comes back. */
export class Exchange {
  readonly #stage: ExchangeStage;
  readonly #client: ClientSide;
  #route: Route | undefined;
  #secrets: readonly string[] = [];
  #sent: TargetRequest | undefined;
  /** The whole body, when it had to be read before the request went on. */
  #body: Buffer | undefined;
  #kept: ReplayBuffer | undefined;
  #retried = false;
  /** Of the value that was injected last. */
  #generation = 0;
  #reason: CloseFacts['reason'] | undefined;
  #detail: string | undefined;
  #status = 499;
  #allowed = false;
  #closed = false;
  #bytesUp = 0;
  #bytesDown = 0;
  /** What the response says that its body has (RFC 9110 §8.6). */
  #contentLength: number | undefined;

  constructor(stage: ExchangeStage, client: ClientSide) {
    this.#stage = stage;
    this.#client = client;
    client.onClose(() => this.end('client-closed'));
  }

  /** Serves the request. Rejects only for a defect. */
  async run(): Promise<void> {
    const { context, routes, fault, isLimited } = this.#stage;
    const client = this.#client;
    let { head } = client;
    if (context.closing) return this.refuse('shutting-down');
    if (isLimited) return this.refuse('rate-limited');
    if (head.method === 'TRACE' || head.method === 'CONNECT')
      // A target that answers TRACE would send the credential back.
      return this.refuse('method-not-supported', head.method);
    this.#route = routes.routeFor(head.path);
    if (routes.mayAnswer(head)) {
      const whole = await this.#collect(MAX_ANSWERED_BYTES);
      if (whole === undefined) return undefined;
      const answer = routes.answer(head, whole);
      if (answer !== undefined) return this.#answer(answer);
    }
    if (fault !== undefined) return this.refuse(fault.reason, fault.detail);
    const route = this.#route;
    if (route !== undefined) {
      const isWanted = this.#body === undefined && route.injector.needsBody(head);
      if (isWanted && (await this.#collect(MAX_SIGNED_BYTES)) === undefined) return undefined;
      const injection = await route.injector.inject(head, this.#body);
      if (this.#closed) return undefined;
      if (injection.kind === 'refused') return this.refuse(injection.reason, injection.detail);
      head = this.#take(injection);
    }
    this.#allow();
    context.counters.allowed++;
    return this.#send(head);
  }

  /** Refuses the request, also one that is on its way. */
  refuse(reason: ReasonCode, detail?: string): void {
    if (this.#reason !== undefined) return;
    const { context, record, facts } = this.#stage;
    this.#reason = reason;
    this.#detail = detail;
    context.counters.refuse(reason);
    if (!this.#allowed) {
      if (reasonFacts(reason).group === 'network') this.#allow();
      else
        context.audit.decision(record, {
          ...this.#routeFacts(),
          decision: 'deny',
          reason,
          rule: facts.rule,
          detail,
        });
    }
    this.#sent?.abort();
    if (this.#client.responded) return this.#client.abort();
    const { id, host, port } = record;
    const accept = this.#client.head.fields.find(([name]) => name.toLowerCase() === 'accept')?.[1];
    const refusal = renderRefusal({ id, reason, rule: facts.rule, detail, host, port }, accept);
    this.#respond(
      { status: refusal.status, phrase: refusal.phrase, fields: asFields(refusal.headers), ended: false },
      refusal.body,
    );
  }

  async #send(ready: RequestHead): Promise<void> {
    const client = this.#client;
    const { target } = this.#stage;
    const body = this.#body;
    // Who has sent the whole body waits for nobody's consent.
    const head = body === undefined ? ready : { ...ready, fields: without(ready.fields, 'expect') };
    const failure = await target.prepare?.();
    if (this.#closed) return undefined;
    if (failure !== undefined) return this.refuse(...failure);
    const hasBody = client.body !== undefined;
    let sent: TargetRequest | undefined;
    // What is left of an exchange that was answered 401 has no say in the next.
    const isCurrent = () => this.#sent === sent;
    try {
      sent = target.send(
        head,
        { hasBody, upgrade: client.upgrade },
        {
          onInformation: (status, fields) => {
            if (isCurrent()) this.#inform(status, fields);
          },
          onResponse: (response) => this.#onResponse(response),
          onUpgrade: (fields, stream, early) => this.#onUpgrade(fields, stream, early),
          onFailure: (reason, detail) => {
            if (isCurrent()) this.refuse(reason, detail);
          },
        },
      );
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!FIELD_ERROR.test(code)) throw error;
      return this.refuse('bad-request', code);
    }
    this.#sent = sent;
    if (!hasBody) return undefined;
    if (body !== undefined) {
      if (body.length > 0) sent.body.write(body);
      return sent.end(client.trailers());
    }
    if (this.#route?.injector.refreshable === true) this.#kept = new ReplayBuffer(MAX_REPLAYED_BYTES);
    client.body?.on('data', (chunk: Buffer) => {
      this.#bytesUp += chunk.length;
      this.#kept?.push(chunk);
    });
    client.body?.pipe(sent.body, { end: false });
    client.body?.once('end', () => sent.end(client.trailers()));
    return undefined;
  }

  /** Passes an interim response on; nobody depends on one that cannot be. */
  #inform(status: number, fields: readonly Field[]): void {
    if (this.#client.responded) return;
    try {
      this.#client.inform(status, scrubFields(fields, this.#secrets));
    } catch (error) {
      if (!FIELD_ERROR.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  #onResponse(response: TargetResponse): void {
    if (this.#closed || this.#reason !== undefined) return this.#sent?.abort();
    const { injector } = this.#route ?? {};
    if (response.status === 401 && injector?.refreshable === true && !this.#retried) {
      this.#retried = true;
      this.#refresh(response).catch((error: unknown) => {
        this.#stage.context.onDefect(error);
        this.refuse('internal-error');
      });
      return undefined;
    }
    return this.#passOn(response);
  }

  /** The service does not want the credential: with a fresh one it may, if the request can be sent again. */
  async #refresh(response: TargetResponse): Promise<void> {
    const route = this.#route;
    const client = this.#client;
    const isFresh = await route?.injector.refreshAfter(this.#generation);
    if (this.#closed || this.#reason !== undefined) return undefined;
    if (client.body !== undefined && client.complete) this.#body ??= this.#kept?.bytes;
    const canRepeat = client.body === undefined || this.#body !== undefined;
    if (isFresh !== true || route === undefined || !canRepeat) return this.#passOn(response);
    const injection = await route.injector.inject(client.head, this.#body);
    if (this.#closed || this.#reason !== undefined) return undefined;
    if (injection.kind === 'refused') return this.#passOn(response);
    const head = this.#take(injection);
    // What is left of the answer belongs to nobody; the connection is of use again when it has been read.
    response.body.on('error', () => undefined);
    response.body.resume();
    return this.#send(head);
  }

  #passOn(response: TargetResponse): void {
    const client = this.#client;
    const scrubs = this.#route?.scrubBodies === true && this.#secrets.length > 0;
    const coding = scrubs ? valueIn(response.fields, 'content-encoding') : undefined;
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      return this.refuse(
        'target-protocol-error',
        'its body is encoded, and cannot be searched for the credential',
      );
    }
    let into: Writable | undefined;
    try {
      into = client.respond({
        ...response,
        phrase: scrubText(response.phrase, this.#secrets),
        fields: scrubFields(response.fields, this.#secrets),
      });
    } catch (error) {
      return this.refuse(
        'target-protocol-error',
        (error as NodeJS.ErrnoException).code ?? 'a field that cannot be sent on',
      );
    }
    this.#status = response.status;
    this.#contentLength = Number(valueIn(response.fields, 'content-length'));
    const finish = () => {
      // Broken off, or cut: this is no end that the client may take for one.
      if (this.#reason !== undefined) return;
      this.#reason = 'finished';
      client.finish(scrubFields(response.trailers(), this.#secrets));
      if (!client.complete) this.#sent?.abort();
    };
    response.body.on('error', (error: NodeJS.ErrnoException) => this.refuse('target-reset', error.code));
    if (into === undefined) {
      response.body.resume();
      return finish();
    }
    response.body.on('data', (chunk: Buffer) => {
      this.#bytesDown += chunk.length;
    });
    if (scrubs) {
      const scrubbed = response.body.pipe(new ScrubStream(createScrubber(this.#secrets)));
      scrubbed.pipe(into, { end: false });
      scrubbed.once('end', finish);
    } else {
      response.body.pipe(into, { end: false });
      response.body.once('end', finish);
    }
    return undefined;
  }

  #onUpgrade(fields: readonly Field[], stream: Duplex, early: Buffer): void {
    if (this.#closed || this.#reason !== undefined) return void stream.destroy();
    this.#status = 101;
    this.#reason = 'finished';
    stream.on('data', (chunk: Buffer) => {
      this.#bytesDown += chunk.length;
    });
    return this.#client.switchTo?.(scrubFields(fields, this.#secrets), stream, early);
  }

  /** Reads the whole body; undefined when the request has been refused for it, or is gone. */
  async #collect(maxBytes: number): Promise<Buffer | undefined> {
    const client = this.#client;
    if (client.body === undefined) return Buffer.alloc(0);
    client.sendContinue();
    const collected = await collectBody(client.body, maxBytes);
    if (this.#closed || this.#reason !== undefined) return undefined;
    if (collected.kind === 'whole') {
      this.#bytesUp += collected.bytes.length;
      this.#body = collected.bytes;
      return collected.bytes;
    }
    if (collected.kind === 'too-large') this.refuse('body-too-large', `over ${maxBytes} bytes`);
    else client.abort();
    return undefined;
  }

  #answer({ kind, route, reason, detail, status, fields, body }: Answer): void {
    const { context, record, facts } = this.#stage;
    this.#reason = reason ?? 'answered';
    this.#detail = detail ?? kind;
    const isRefused = kind === 'refused' && reason !== undefined;
    if (isRefused) context.counters.refuse(reason);
    else context.counters.answered++;
    const decided = isRefused ? ({ decision: 'deny', reason } as const) : facts;
    context.audit.decision(record, { ...decided, rule: facts.rule, route, detail: this.#detail });
    this.#allowed = !isRefused;
    const length: Field = ['Content-Length', String(Buffer.byteLength(body))];
    this.#respond({ status, phrase: '', fields: [...fields, length], ended: false }, body);
  }

  #respond(head: ResponseHead, body: string): void {
    this.#status = head.status;
    this.#client.respond(head)?.write(body);
    this.#client.finish([]);
  }

  #take({ head, secrets, generation }: Injected): RequestHead {
    const route = this.#route;
    const { injections } = this.#stage.context.counters;
    if (route !== undefined) injections.set(route.name, (injections.get(route.name) ?? 0) + 1);
    // Of a value that was replaced on the way, both must stay out of the response.
    this.#secrets = [...new Set([...this.#secrets, ...secrets])];
    this.#generation = generation;
    if (route?.scrubBodies !== true) return head;
    // A body must come as it is and as a whole: in parts of a few bytes each no part holds the secret.
    const fields = head.fields.filter(([name]) => !ENCODED_OR_PARTIAL.has(name.toLowerCase()));
    return { ...head, fields: [...fields, ['accept-encoding', 'identity']] };
  }

  #allow(): void {
    const { context, record, facts, address } = this.#stage;
    this.#allowed = true;
    context.audit.decision(record, { ...facts, ...this.#routeFacts(), address });
  }

  #routeFacts(): Pick<DecisionFacts, 'route' | 'credential'> {
    return { route: this.#route?.name, credential: this.#route?.credential };
  }

  /** Says how it ended, once: its client is served, or gone. @param reason If nothing else has ended it before. */
  end(reason: CloseFacts['reason']): void {
    if (this.#closed) return;
    this.#closed = true;
    const isEarly = this.#reason === undefined;
    if (isEarly) this.#sent?.abort();
    const { context, record, facts, address } = this.#stage;
    // A refusal at the decision is all there is to say.
    if (!this.#allowed && !isEarly) return;
    if (!this.#allowed) this.#allow();
    // A client that has got all that it was promised need not wait for the end of a stream of HTTP/2.
    const isServed = reason === 'client-closed' && this.#bytesDown === this.#contentLength;
    this.#reason ??= isServed ? 'finished' : reason;
    context.audit.close(record, {
      ...this.#routeFacts(),
      decision: this.#reason === 'policy-changed' ? 'deny' : 'allow',
      reason: this.#reason,
      rule: facts.rule,
      address,
      status: this.#status,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      detail: this.#detail,
    });
  }
}

function without(fields: readonly Field[], name: string): Field[] {
  return fields.filter(([other]) => other.toLowerCase() !== name);
}

function valueIn(fields: readonly Field[], name: string): string | undefined {
  return fields.find(([other]) => other.toLowerCase() === name)?.[1];
}
