import type { ByteStream, ReadSink } from '../relay/byte-stream.ts';
import { Pump } from '../relay/pump.ts';
import { type ServerAnswer, ServerHelloReader } from '../tls/server-hello.ts';

/** The target's side of a tunnel: all it sends goes to the pump; on its way the answer to a ClientHello is looked at. */
export class TargetReader implements ReadSink {
  readonly pump: Pump;
  #hello: ServerHelloReader | undefined;
  #onAnswer: ((answer: ServerAnswer) => void) | undefined;

  /** @param client Where the bytes go. */
  constructor(client: ByteStream) {
    this.pump = new Pump(client);
  }

  /** From now on reads what comes as the answer to a ClientHello, and tells once what it is. */
  expectServerHello(onAnswer: (answer: ServerAnswer) => void): void {
    this.#hello = new ServerHelloReader();
    this.#onAnswer = onAnswer;
  }

  nextBuffer(): Buffer {
    return this.pump.nextBuffer();
  }

  onBytes(length: number, buffer: Buffer): boolean {
    if (this.#hello !== undefined) this.#look(this.#hello, buffer.subarray(0, length));
    return this.pump.onBytes(length, buffer);
  }

  #look(hello: ServerHelloReader, bytes: Buffer): void {
    const answer = hello.push(bytes);
    if (answer === undefined) return;
    this.#hello = undefined;
    this.#onAnswer?.(answer);
  }
}
