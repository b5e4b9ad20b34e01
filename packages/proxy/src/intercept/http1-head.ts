import type { Field, RequestHead } from '@paude/credentials';
import type { Target } from '../engine/target.ts';
import { endToEndPairs } from '../forward/fields.ts';
import type { BodyFraming } from '../http1/body-framing.ts';
import { readFraming } from '../http1/body-framing.ts';
import type { Http1RequestHead } from '../http1/message-head.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { namesTarget, originForm, shownAuthority } from './authority.ts';

const MAX_FIELDS = 100;

/** The head of a request inside of a tunnel, and why it must not go on. */
export interface ReadHead {
  readonly head: RequestHead;
  readonly framing: BodyFraming;
  /** The protocol that it wants to go on with. */
  readonly upgrade: 'websocket' | undefined;
  /** Whether nothing behind this request is served. */
  readonly isLast: boolean;
  /** Whether the client holds the body back until it is asked for (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  /** For the wrong host: the connection can go on. */
  readonly fault?: { readonly reason: ReasonCode; readonly detail: string };
}

/** A request that nobody looks at further: its connection ends. */
export interface Unreadable {
  readonly reason: ReasonCode;
  readonly detail?: string;
}

/** What of a head says how the message is to be treated. */
interface Signs {
  host: string | undefined;
  hosts: number;
  upgrade: string | undefined;
  connection: string;
  expect: string | undefined;
  proxyAuthorizations: number;
  isChunked: boolean;
}

/** Reads the heads of the requests of one connection. */
export class Http1HeadReader {
  readonly #target: Target;
  /** The Host that was right last: all requests of a connection have the same. */
  #knownHost: string | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Reads a head that is well-formed by itself: what two readers might take for different messages is refused. */
  read({ method, target: url, version, fields }: Http1RequestHead): ReadHead | Unreadable {
    if (fields.length > MAX_FIELDS)
      return { reason: 'headers-too-large', detail: `more than ${MAX_FIELDS} header fields` };
    const signs = signsOf(fields);
    const bad = (detail: string): Unreadable => ({ reason: 'bad-request', detail });
    const is11 = version === '1.1';
    if (signs.hosts > 1) return bad('host stands twice');
    if (signs.hosts === 0 && is11) return bad('host is missing');
    if (signs.proxyAuthorizations > 1) return bad('proxy-authorization stands twice');
    if (signs.upgrade !== undefined && signs.isChunked)
      return bad('a request for another protocol is chunked');
    const reading = readFraming(fields, version, 0);
    if ('fault' in reading) return bad(reading.fault);
    const { framing } = reading;
    if (method === 'CONNECT') return { reason: 'method-not-supported', detail: method };
    const expectsContinue = is11 && /\b100-continue\b/i.test(signs.expect ?? '');
    if (is11 && signs.expect !== undefined && !expectsContinue) return { reason: 'expectation-failed' };
    const upgrade = is11 && isWebSocket(signs) ? 'websocket' : undefined;
    if (upgrade !== undefined && framing !== 0) return bad('a WebSocket handshake has no body');
    if (upgrade !== undefined && method !== 'GET') return bad('a WebSocket handshake is a GET');
    const isLast = !is11 || signs.upgrade !== undefined || hasOption(signs.connection, 'close');
    const form = originForm(url, method, this.#target);
    const { host, port } = this.#target;
    const path = form.kind === 'path' ? form.path : '/';
    const head: RequestHead = { method, host, port, path, fields: endToEndPairs(fields) };
    const read: ReadHead = { head, framing, upgrade, isLast, expectsContinue };
    // HTTP/1.0 may do without; the tunnel says where the request goes.
    if (signs.host !== undefined && !this.#isKnown(signs.host)) {
      const detail = `Host names ${shownAuthority(signs.host)}`;
      return { ...read, fault: { reason: 'authority-mismatch', detail } };
    }
    if (form.kind === 'path') return read;
    const reason = form.kind === 'mismatch' ? 'authority-mismatch' : 'bad-request';
    return { ...read, fault: { reason, detail: form.detail } };
  }

  #isKnown(host: string): boolean {
    if (host === this.#knownHost) return true;
    const isRight = namesTarget(host, this.#target);
    if (isRight) this.#knownHost = host;
    return isRight;
  }
}

function signsOf(fields: readonly Field[]): Signs {
  const signs: Signs = {
    host: undefined,
    hosts: 0,
    upgrade: undefined,
    connection: '',
    expect: undefined,
    proxyAuthorizations: 0,
    isChunked: false,
  };
  for (const [name, value] of fields) {
    switch (name.toLowerCase()) {
      case 'host':
        signs.host ??= value;
        signs.hosts++;
        break;
      case 'upgrade':
        signs.upgrade = joined(signs.upgrade, value);
        break;
      case 'connection':
        signs.connection = joined(signs.connection, value);
        break;
      case 'expect':
        signs.expect = joined(signs.expect, value);
        break;
      case 'proxy-authorization':
        signs.proxyAuthorizations++;
        break;
      case 'transfer-encoding':
        signs.isChunked = true;
        break;
    }
  }
  return signs;
}

/** h2c and all other protocols are answered as if no upgrade had been asked for, and HTTP/1.0 has none (RFC 9110 §7.8). */
function isWebSocket({ upgrade, connection }: Signs): boolean {
  return upgrade !== undefined && upgrade.toLowerCase() === 'websocket' && hasOption(connection, 'upgrade');
}

/** Whether a list has an option, whatever its case. */
function hasOption(list: string, option: string): boolean {
  return list !== '' && list.split(',').some((one) => one.trim().toLowerCase() === option);
}

function joined(before: string | undefined, value: string): string {
  return before === undefined || before === '' ? value : `${before}, ${value}`;
}
