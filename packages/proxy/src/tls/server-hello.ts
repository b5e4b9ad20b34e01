/** What a server answered to a ClientHello: that it goes on, that it wants another one, or nothing that can be read. */
export type ServerAnswer = 'hello' | 'retry' | 'unreadable';

const RECORD_HEADER_BYTES = 5;
const RECORD_ALERT = 21;
const RECORD_HANDSHAKE = 22;
const HANDSHAKE_SERVER_HELLO = 2;
/** Type, length and version of a ServerHello, then its random. */
const RANDOM_START = 6;
const RANDOM_END = RANDOM_START + 32;
/** RFC 8446 §4.1.3: a ServerHello with this random is a HelloRetryRequest. */
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
/** Warning alerts may come first, but not so many. */
const MAX_BYTES = 512;

/** Reads the start of a server's answer, of which only the random matters, in whatever pieces it comes. */
export class ServerHelloReader {
  #held = Buffer.alloc(0);

  /** @returns undefined while more must come. */
  push(bytes: Buffer): ServerAnswer | undefined {
    this.#held = Buffer.concat([this.#held, bytes.subarray(0, MAX_BYTES - this.#held.length)]);
    const answer = readAnswer(this.#held);
    return answer === undefined && this.#held.length === MAX_BYTES ? 'unreadable' : answer;
  }
}

function readAnswer(bytes: Buffer): ServerAnswer | undefined {
  const message: Buffer[] = [];
  let messageBytes = 0;
  for (let offset = 0; messageBytes < RANDOM_END; ) {
    if (bytes.length < offset + RECORD_HEADER_BYTES) return undefined;
    const type = bytes[offset];
    if (bytes[offset + 1] !== 3 || (type !== RECORD_HANDSHAKE && type !== RECORD_ALERT)) return 'unreadable';
    const start = offset + RECORD_HEADER_BYTES;
    offset = start + bytes.readUInt16BE(offset + 3);
    if (type === RECORD_ALERT) continue;
    const fragment = bytes.subarray(start, offset);
    message.push(fragment);
    messageBytes += fragment.length;
  }
  const hello = Buffer.concat(message);
  if (hello[0] !== HANDSHAKE_SERVER_HELLO) return 'unreadable';
  return hello.subarray(RANDOM_START, RANDOM_END).equals(RETRY_RANDOM) ? 'retry' : 'hello';
}
