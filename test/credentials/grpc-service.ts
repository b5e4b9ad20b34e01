import type { MethodDefinition } from '@grpc/grpc-js';

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<string, string> {
  return {
    path: `/test.Words/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (text) => Buffer.from(text),
    requestDeserialize: (bytes) => bytes.toString(),
    responseSerialize: (text) => Buffer.from(text),
    responseDeserialize: (bytes) => bytes.toString(),
  };
}

/** A gRPC service whose messages are texts. */
export const WORDS = {
  /** Gives the text back, and its length in the trailers. */
  Echo: method('Echo', false, false),
  /** Fails, with details of its status. */
  Fail: method('Fail', false, false),
  /** Gives each word of the text; the next one when the test wants it. */
  Split: method('Split', false, true),
  /** Gives each text back as soon as it comes. */
  Talk: method('Talk', true, true),
  /** Never answers. */
  Hang: method('Hang', false, true),
} as const;
