import { quoteInput } from '@paude/errors';
import { formatAuthority } from '../engine/target.ts';
import { type ReasonCode, type ReasonGroup, reasonFacts } from './reasons.ts';

/** What is known of a request that is refused or failed. */
export interface RefusalSubject {
  /** The id that the audit log has for this request. */
  readonly id: string;
  readonly reason: ReasonCode;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** The input as it came, when no target could be read from it. */
  readonly input?: string | undefined;
  /** The rule that decided, as written. */
  readonly rule?: string | undefined;
  /** More about the reason; never a secret, never a path or query. */
  readonly detail?: string | undefined;
}

/** An HTTP answer in one shape for every path through the proxy. */
export interface Refusal {
  readonly status: number;
  readonly phrase: string;
  /** Name, value, name, value, … */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What the reader should do, by group. Written for a person and for an agent that decides what to try next. */
const ADVICE: Record<ReasonGroup, (name: string) => string> = {
  policy: (name) =>
    `This is a decision of the owner of this environment, not a fault of the network: retrying, or leaving out the proxy, cannot reach it. If the task needs it, stop and ask the owner to allow "${name}" (--allowed-domains ${name}).`,
  address: () =>
    'This protects internal networks and is no fault of the network: retrying, or leaving out the proxy, cannot reach it. If the task needs it, stop and ask the owner to allow that address (--allow-private CIDR).',
  tls: (name) =>
    `The proxy lets a tunnel pass only when its TLS handshake names the same host. Retrying, or leaving out the proxy, cannot help. If this client must be let through, ask the owner for a rule with "tls: any" for "${name}".`,
  client: () => 'Use the proxy address and credentials that the owner of this environment gave you.',
  request: () => 'Correct the request; retrying it as it is cannot help.',
  credential: (name) =>
    `The proxy puts the credential for "${name}" on requests itself. Send them with the placeholder that the environment holds, and nothing else; if that does not help, tell the owner of this environment.`,
  limit: () => 'Wait and retry with fewer requests at a time; the owner can raise the limit.',
  network: () =>
    'The allowlist allows it: this is a fault of the network or of the target. Retrying later may help.',
};

/**
 * Builds the answer for a refusal: status, `Proxy-Status` (RFC 9209), and a short body, as JSON when `accept` asks for it.
 *
 * @param accept The request's Accept field.
 */
export function renderRefusal(subject: RefusalSubject, accept?: string): Refusal {
  const facts = reasonFacts(subject.reason);
  const { host, port } = subject;
  const target = host === undefined || port === undefined ? undefined : formatAuthority(host, port);
  const name = target ?? quoteInput(subject.input ?? 'the request');
  const outcome = facts.group === 'network' ? 'The proxy could not reach it' : 'Blocked by the egress policy';
  const lead =
    facts.group === 'request' ||
    facts.group === 'credential' ||
    facts.group === 'limit' ||
    facts.group === 'client'
      ? 'Refused by the egress proxy'
      : outcome;
  const detail = subject.detail === undefined ? '' : ` (${subject.detail})`;
  const message = `${lead}: ${name} ${facts.says}${detail}.`;
  const access = ADVICE[facts.group](host ?? 'that host');
  const json = accept !== undefined && /\bjson\b/i.test(accept);
  const body = json
    ? `${JSON.stringify({ error: subject.reason, message, host, port, rule: subject.rule, detail: subject.detail, access, id: subject.id })}\n`
    : `${message}\nReason: ${subject.reason}${subject.rule === undefined ? '' : ` (rule: ${subject.rule})`}\n${access}\nRequest id: ${subject.id}\n`;
  const headers = [
    'Proxy-Status',
    `paude; error=${facts.proxyError}; details=${structuredString(`${subject.reason}: ${facts.says}`)}`,
    'Content-Type',
    json ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (facts.status === 407) headers.push('Proxy-Authenticate', 'Basic realm="paude", charset="UTF-8"');
  if (facts.status === 429 || facts.status === 503) headers.push('Retry-After', '1');
  return { status: facts.status, phrase: `${lead}: ${subject.reason}`, headers, body };
}

/** A refusal as the bytes of an HTTP/1.1 response that closes the connection. */
export function serializeRefusal(refusal: Refusal): string {
  let text = `HTTP/1.1 ${refusal.status} ${refusal.phrase}\r\n`;
  for (let index = 0; index < refusal.headers.length; index += 2) {
    text += `${refusal.headers[index]}: ${refusal.headers[index + 1]}\r\n`;
  }
  return `${text}Connection: close\r\n\r\n${refusal.body}`;
}

/** A Structured Field string (RFC 9651 §3.3.3): printable ASCII in quotes. */
function structuredString(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
