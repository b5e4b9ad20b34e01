import type { IncomingMessage, ServerResponse } from 'node:http';
import { framingFault, type RawFields, responseFields } from './fields.ts';

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
  // A 204 has no body; a length could only be taken for that of what follows (RFC 9110 §8.6).
  const framed = statusCode === 204 ? withoutLength(rawHeaders) : rawHeaders;
  const fields = responseFields(framed, `${httpVersion} ${pseudonym}`);
  try {
    response.writeHead(statusCode, statusMessage, [...fields, ...extra]);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'a field that cannot be sent on';
  }
}

function withoutLength(fields: RawFields): string[] {
  return fields.filter((_field, index) => fields[index - (index % 2)]?.toLowerCase() !== 'content-length');
}
