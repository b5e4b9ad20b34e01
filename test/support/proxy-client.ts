import type { MessageHead } from './http-message.ts';
import { type RawConnection, type RawTarget, rawConnect, statusOf } from './raw-client.ts';

/** What came of a CONNECT. On 200 the connection is the tunnel; else `body` is the refusal. */
export interface ConnectResult extends AsyncDisposable {
  readonly status: number;
  readonly head: MessageHead;
  readonly body: string;
  readonly connection: RawConnection;
}

/** Fields of a request in the order they are sent: pairs, or whole lines to be sent as they are. */
export type RequestFields = readonly (string | readonly [name: string, value: string])[];

/**
 * Asks a proxy for a tunnel to `authority`, written on the wire as given, however malformed. `fields` replaces the
 * usual `Host` field.
 */
export async function connectThrough(
  proxy: RawTarget,
  authority: string,
  fields: RequestFields = [['Host', authority]],
): Promise<ConnectResult> {
  const connection = await rawConnect(proxy);
  try {
    await connection.send(requestHead(`CONNECT ${authority} HTTP/1.1`, fields));
    const head = await connection.readHead();
    const status = statusOf(head);
    const body = status === 200 ? '' : (await connection.readBody(head)).toString();
    return {
      status,
      head,
      body,
      connection,
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  } catch (error) {
    connection.socket.destroy();
    throw error;
  }
}

/** Sends one plain request in absolute form and closes after the answer. */
export async function getThrough(
  proxy: RawTarget,
  url: string,
  fields: RequestFields = [['Host', new URL(url).host]],
): Promise<{ status: number; head: MessageHead; body: string }> {
  await using connection = await rawConnect(proxy);
  await connection.send(requestHead(`GET ${url} HTTP/1.1`, fields));
  const { status, head, body } = await connection.readResponse();
  return { status, head, body: body.toString() };
}

/** A request head as text, its empty line included. */
export function requestHead(startLine: string, fields: RequestFields): string {
  const lines = fields.map((field) => (typeof field === 'string' ? field : `${field[0]}: ${field[1]}`));
  return [startLine, ...lines, '', ''].join('\r\n');
}
