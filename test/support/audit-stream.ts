import { get, type IncomingMessage } from 'node:http';
import { type EventuallyOptions, eventually, within } from './deadline.ts';
import { type EventFilter, type LogEvent, ProxyLog } from './proxy-log.ts';

/** The audit events of a running proxy as they happen, read from its admin port. */
export interface AuditStream extends AsyncDisposable {
  /** Events since the stream began, all or those that fit. */
  events(filter?: EventFilter): readonly LogEvent[];
  /** The first event that fits, past or to come. */
  waitFor(filter: EventFilter, options?: EventuallyOptions): Promise<LogEvent>;
}

/** Follows `/events`. Unlike the log, which is written in batches, an event is here at once. */
export async function auditStream(adminUrl: string): Promise<AuditStream> {
  const opened = Promise.withResolvers<IncomingMessage>();
  const request = get(`${adminUrl}/events`, opened.resolve).on('error', opened.reject);
  const response = await within(opened.promise, 'the stream of audit events');
  if (response.statusCode !== 200) throw new Error(`/events answers ${response.statusCode}`);
  const lines: string[] = [];
  let rest = '';
  response.setEncoding('utf8').on('data', (piece: string) => {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  response.on('error', () => undefined);
  const log = new ProxyLog(lines);
  return {
    events: (filter) => log.events(filter),
    waitFor: (filter, options) => log.waitFor(filter, options),
    async [Symbol.asyncDispose]() {
      request.destroy();
      await eventually('the stream to close', () => response.destroyed);
    },
  };
}
