import { PaudeError } from '@paude/errors';

/** `default`: the allowlist's default ports (80 and 443, unless told otherwise); `all`: every port; or a sorted list. */
export type PortSet = 'default' | 'all' | readonly number[];

/** The ports of a rule that names none: plain HTTP and HTTPS. */
export const STANDARD_PORTS: readonly number[] = Object.freeze([80, 443]);

const MAX_PORTS = 1000;

/** Whether a number is a TCP port that can be connected to. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65535;
}

/** A sorted list without repetitions. */
export function sortedPorts(ports: Iterable<number>): readonly number[] {
  return Object.freeze([...new Set(ports)].sort((a, b) => a - b));
}

/**
 * Reads what stands behind a pattern's colon: `*`, `8443`, `{443,8443}` or `{8000..8010}`.
 *
 * @throws PaudeError `port-invalid`; `word` is the whole word, for the message.
 */
export function parsePorts(text: string, word: string): PortSet {
  if (text === '*') return 'all';
  const items = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1).split(',') : [text];
  const ports: number[] = [];
  for (const item of items) {
    const [first, last = first, ...rest] = item.split('..').map(parsePort);
    if (first === undefined || last === undefined || last < first || rest.length > 0) {
      throw new PaudeError('port-invalid', {
        action: 'read the pattern',
        input: word,
        why: `"${text.slice(0, 40)}" is not a port (a number from 1 to 65535)`,
        remedy: 'Write a port as in host:8443, several as in host:{443,8443}, or every port as host:*',
      });
    }
    if (ports.length + last - first >= MAX_PORTS) {
      throw new PaudeError('port-invalid', {
        action: 'read the pattern',
        input: word,
        why: `it names more than ${MAX_PORTS} ports`,
        remedy: 'Name fewer ports, or write host:* for every port',
      });
    }
    for (let port = first; port <= last; port++) ports.push(port);
  }
  return sortedPorts(ports);
}

/** What to write behind a pattern for these ports: nothing for the default, else `:*`, `:8443` or `:{443,8443}`. */
export function formatPorts(ports: PortSet): string {
  if (ports === 'default') return '';
  if (ports === 'all') return ':*';
  return ports.length === 1 ? `:${ports[0]}` : `:{${ports.join(',')}}`;
}

/** Whether a set holds a port, given the allowlist's default ports. */
export function hasPort(ports: PortSet, port: number, defaultPorts: readonly number[]): boolean {
  if (ports === 'all') return true;
  return (ports === 'default' ? defaultPorts : ports).includes(port);
}

function parsePort(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return isPort(port) ? port : undefined;
}
