import type { IncomingMessage, ServerResponse } from 'node:http';
import { framingFault, responseFields } from './fields.ts';

/**
 * Begins a client's response with the head of a target's.
 *
 * @param extra Further fields, in pairs.
 * @returns why the target's response cannot go on; nothing has been written then.
 */
export function beginResponse(
  response: ServerResponse,
  incoming: IncomingMessage,
  pseudonym: string,
  extra: readonly string[] = [],
): string | undefined {
  const { statusCode = 0, statusMessage = '', rawHeaders, httpVersion } = incoming;
  if (incoming.httpVersionMajor !== 1) return 'its version is not HTTP/1.1 or HTTP/1.0';
  if (statusCode < 200) return 'it switched protocols without being asked';
  const fault = framingFault(rawHeaders, httpVersion);
  if (fault !== undefined) return fault;
  const fields = responseFields(rawHeaders, `${httpVersion} ${pseudonym}`);
  try {
    response.writeHead(statusCode, statusMessage, [...fields, ...extra]);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'a field that cannot be sent on';
  }
}
