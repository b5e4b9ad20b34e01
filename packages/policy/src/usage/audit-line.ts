/** What one line of a log says of a request: of the audit log's fields those that usage is made of. */
export interface AuditLine {
  readonly event: 'decision' | 'close';
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly host: string;
  readonly port: number;
  readonly decision: 'allow' | 'deny';
  /** A reason of the audit log; `blocked` and `passed` where the log gives none. */
  readonly reason: string;
  readonly rule?: string | undefined;
  readonly alias?: string | undefined;
  readonly reportOnly?: boolean | undefined;
  /** Inside of an intercepted tunnel, whose own line counts its bytes. */
  readonly isInner?: boolean | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

const MAX_HOST_LENGTH = 255;
const MAX_REASON_LENGTH = 64;
const MAX_RULE_LENGTH = 2100;

/** `04/May/2031:12:00:02 +0000 10.0.0.5 TCP_DENIED/403 CONNECT example.com:443 BLOCKED`. */
const BLOCKED =
  /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4}) +\S+ +TCP_DENIED\S* +\S+ +(\S+) +BLOCKED *$/;

/** squid's native access log: time, milliseconds, client, code/status, bytes, method, URL, and more. */
const NATIVE = /^(\d{9,11}\.\d{3}) +-?\d+ +\S+ +([A-Z_]+)\/\d{3} +(\d+) +\S+ +(\S+) +\S+ +\S+ +\S+/;

/**
 * Reads one line of a log: the audit log's JSON, the lines of `--blocked-log`, or squid's native access log. `other` is a
 * line that is none of a request's; undefined cannot be read.
 */
export function parseAuditLine(text: string): AuditLine | 'other' | undefined {
  if (text.startsWith('{')) return parseJson(text);
  const blocked = BLOCKED.exec(text);
  if (blocked !== null) {
    const [, day, month, year, clock, zone, url = ''] = blocked;
    const time = Date.parse(`${day} ${month} ${year} ${clock} ${zone}`);
    return requestLine(url, { decision: 'deny', reason: 'blocked', timeMs: time, bytesDown: 0 });
  }
  const native = NATIVE.exec(text);
  if (native === null) return undefined;
  const [, seconds, code = '', bytes, url = ''] = native;
  const isDenied = code.includes('DENIED');
  return requestLine(url, {
    decision: isDenied ? 'deny' : 'allow',
    reason: isDenied ? 'blocked' : 'passed',
    timeMs: Math.round(Number(seconds) * 1000),
    bytesDown: Number(bytes),
  });
}

function parseJson(text: string): AuditLine | 'other' | undefined {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { event, time, host, port, decision, reason, rule, alias } = value;
  if (typeof event !== 'string' || typeof time !== 'string') return undefined;
  if (event !== 'decision' && event !== 'close') return 'other';
  if (decision !== 'allow' && decision !== 'deny') return undefined;
  if (typeof host !== 'string' || host.length > MAX_HOST_LENGTH || !isTime(time)) return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65535) return undefined;
  if (typeof reason !== 'string' || reason.length > MAX_REASON_LENGTH) return undefined;
  return {
    event,
    time,
    host,
    port,
    decision,
    reason,
    rule: shortText(rule),
    alias: shortText(alias),
    reportOnly: value.reportOnly === true,
    isInner: value.tunnel !== undefined,
    bytesUp: count(value.bytesUp),
    bytesDown: count(value.bytesDown),
  };
}

/** As the audit log writes it, so that times compare as text. */
function isTime(time: string): boolean {
  return time.length === 24 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time);
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_RULE_LENGTH ? value : undefined;
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
}

interface RequestFacts {
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly timeMs: number;
  readonly bytesDown: number;
}

/** A line of squid's forms: `host:port` for CONNECT, else a URL; `-` and what names no host say nothing of one. */
function requestLine(url: string, { timeMs, ...facts }: RequestFacts): AuditLine | 'other' | undefined {
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > 8.64e15) return undefined;
  const authority =
    /^(?:([a-z]+):\/\/)?(?:[^/@]*@)?(\[[\da-f:.]+\]|[^/:[\]]+)(?::(\d{1,5}))?(?:\/.*)?$/i.exec(url);
  if (authority === null) return 'other';
  const [, scheme, host = '', portText] = authority;
  const port = portText === undefined ? { http: 80, https: 443, ftp: 21 }[scheme ?? ''] : Number(portText);
  if (host === '-' || host.length > MAX_HOST_LENGTH || port === undefined || port > 65535) return 'other';
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return { event: 'decision', time: new Date(timeMs).toISOString(), host: bare, port, bytesUp: 0, ...facts };
}
