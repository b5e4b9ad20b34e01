import { createHash, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import { type Decision, formatPorts, type Rule, tryParseHost } from '@paude/allowlist';
import type { Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import type { ListenAddress } from '../engine/listener.ts';
import type { AuditEvent } from '../report/audit.ts';
import type { BlockedTargets } from '../report/blocked.ts';

/** What the admin server says about the allowlist besides its rules. */
export interface PolicyStatus {
  /** Where the rules come from. */
  readonly sources: readonly string[];
  /** When the allowlist in force was put in force, milliseconds since 1970. */
  readonly loadedMs: number;
  /** Why the last attempt to reload failed; undefined when it did not. */
  readonly lastFailure: string | undefined;
}

export interface AdminOptions {
  readonly engine: Engine;
  /** Made when they are asked for the first time. */
  readonly metrics: () => Promise<Registry>;
  readonly blocked: BlockedTargets;
  readonly policyStatus: () => PolicyStatus;
  /** Lets a caller that is not on loopback see what is guarded, as `Authorization: Bearer`. */
  readonly token?: string | undefined;
}

type Handler = (
  url: URL,
  request: http.IncomingMessage,
  response: http.ServerResponse,
) => void | Promise<void>;

/** A live stream that falls behind by so much is ended: a slow reader never grows memory. */
const MAX_STREAM_BACKLOG_BYTES = 1024 * 1024;

/**
 * Health and metrics for whoever reaches the port; the allowlist, what is blocked and the live events only for callers on
 * loopback or with the token.
 */
export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: http.Server;
  readonly #token: Buffer | undefined;
  readonly #open: Readonly<Record<string, Handler>>;
  readonly #guarded: Readonly<Record<string, Handler>>;
  #listensOnPath = false;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#token = options.token === undefined ? undefined : digest(options.token);
    this.#open = {
      '/healthz': (_url, _request, response) => sendText(response, 200, 'ok\n'),
      '/readyz': (_url, _request, response) => this.#ready(response),
      '/metrics': (_url, _request, response) => this.#metrics(response),
    };
    this.#guarded = {
      '/policy': (_url, _request, response) => this.#policy(response),
      '/decide': (url, _request, response) => this.#decide(url, response),
      '/blocked': (_url, _request, response) => sendJson(response, 200, { blocked: options.blocked.list() }),
      '/events': (_url, request, response) => this.#events(request, response),
    };
    this.#server = http.createServer(
      { requestTimeout: 10_000, headersTimeout: 5000 },
      (request, response) => {
        this.#serve(request, response).catch(() => response.destroy());
      },
    );
    this.#server.maxConnections = 256;
  }

  /** @returns the address that it listens on. */
  async listen(address: ListenAddress): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, resolve);
    });
    const bound = this.#server.address();
    this.#listensOnPath = typeof bound === 'string';
    if (bound === null || typeof bound === 'string') return bound ?? '';
    this.#options.engine.addOwnPort(bound.port);
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendText(response, 405, 'Only GET is served here.\n');
    const url = URL.parse(request.url ?? '/', 'http://admin.invalid');
    if (url === null) return sendText(response, 400, 'The URL cannot be read.\n');
    const open = this.#open[url.pathname];
    if (open !== undefined) return open(url, request, response);
    const guarded = this.#guarded[url.pathname];
    if (guarded === undefined) {
      const paths = [...Object.keys(this.#open), ...Object.keys(this.#guarded)].join(' ');
      return sendText(response, 404, `Nothing here. There is: ${paths}\n`);
    }
    if (!this.#mayLookInside(request)) {
      return sendText(
        response,
        403,
        'Only for callers on loopback, or with the admin token (Authorization: Bearer).\n',
      );
    }
    return guarded(url, request, response);
  }

  #mayLookInside(request: http.IncomingMessage): boolean {
    const given = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && this.#token !== undefined) return timingSafeEqual(digest(given), this.#token);
    const remote = request.socket.remoteAddress;
    // Who resets before being accepted has no address either: none says something only where there are none.
    if (remote === undefined ? !this.#listensOnPath : !isLoopback(remote)) return false;
    // A page in a browser on this machine can be led here under a name of its own; it cannot choose the Host then.
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    return host === 'localhost' || isLoopback(host);
  }

  #ready(response: http.ServerResponse): void {
    const { engine, policyStatus } = this.#options;
    if (engine.closing) return sendText(response, 503, 'shutting down\n');
    const { lastFailure } = policyStatus();
    sendText(
      response,
      200,
      lastFailure === undefined ? 'ready\n' : 'ready, with an older allowlist: the last reload failed\n',
    );
  }

  async #metrics(response: http.ServerResponse): Promise<void> {
    const metrics = await this.#options.metrics();
    response.writeHead(200, { 'Content-Type': metrics.contentType });
    response.end(await metrics.metrics());
  }

  #policy(response: http.ServerResponse): void {
    const { engine, policyStatus } = this.#options;
    const { allowlist } = engine.policy;
    const { sources, loadedMs, lastFailure } = policyStatus();
    sendJson(response, 200, {
      rules: allowlist.rules.map(ruleView),
      defaultPorts: allowlist.defaultPorts,
      reportOnly: engine.reportOnly,
      sources,
      loadedAt: new Date(loadedMs).toISOString(),
      lastFailure,
    });
  }

  #decide(url: URL, response: http.ServerResponse): void {
    const host = tryParseHost(url.searchParams.get('host') ?? '');
    const port = Number(url.searchParams.get('port') ?? 443);
    if (typeof host !== 'string')
      return sendJson(response, 400, {
        error: 'host-invalid',
        message: `The host cannot be read: ${host.why}.`,
      });
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return sendJson(response, 400, {
        error: 'port-invalid',
        message: 'The port is not a number from 1 to 65535.',
      });
    }
    const decision: Decision = this.#options.engine.policy.decide(host, port);
    const rule = decision.rule === undefined ? undefined : ruleView(decision.rule);
    sendJson(response, 200, { host, port, result: decision.result, reason: decision.reason, rule });
  }

  /** Events as they happen: one JSON object a line, or server-sent events when asked for. */
  #events(request: http.IncomingMessage, response: http.ServerResponse): void {
    const sse = /\btext\/event-stream\b/.test(request.headers.accept ?? '');
    response.writeHead(200, {
      'Content-Type': sse ? 'text/event-stream' : 'application/x-ndjson',
      'Cache-Control': 'no-store',
    });
    response.flushHeaders();
    const send = (event: AuditEvent) => {
      if (response.writableLength > MAX_STREAM_BACKLOG_BYTES) return response.destroy();
      const line = JSON.stringify({ time: Date.now(), ...event });
      return response.write(sse ? `event: ${event.event}\ndata: ${line}\n\n` : `${line}\n`);
    };
    const end = this.#options.engine.audit.subscribe(send);
    response.once('close', end);
  }
}

function ruleView(rule: Rule): object {
  const { text, effect, tls, reason, expiresAtMs, source } = rule;
  const expires = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
  return {
    rule: text,
    effect,
    ports: formatPorts(rule.ports),
    tls,
    alias: source.alias,
    file: source.file,
    line: source.line,
    reason,
    expires,
  };
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function sendText(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function sendJson(response: http.ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}
