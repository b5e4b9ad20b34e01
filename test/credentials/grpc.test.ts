import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import { expect } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { eventually } from '../support/deadline.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { WORDS } from './grpc-service.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';
import { startProgram } from './programs.ts';

const HOST = 'words.example.com';
const TOKEN = 'real-token-0123456789/abcdefghij';
const ROUTE = `- { name: words, from: { env: WORDS_TOKEN }, inject: { type: bearer }, hosts: [${HOST}] }`;
const DETAILS = Buffer.from([0, 1, 2, 253, 254, 255]);

/** A gRPC service at port 443, and what happened there. */
async function wordsService() {
  const authorizations = new Set<string>();
  const cancelled: string[] = [];
  const splits: ServerWritableStream<string, string>[] = [];
  const note = (metadata: Metadata) => authorizations.add(metadata.get('authorization').join());
  const echo: handleUnaryCall<string, string> = ({ metadata, request }, callback) => {
    note(metadata);
    const trailers = new Metadata();
    trailers.set('length', String(request.length));
    callback(null, request, trailers);
  };
  const fail: handleUnaryCall<string, string> = ({ metadata }, callback) => {
    note(metadata);
    const trailers = new Metadata();
    trailers.set('grpc-status-details-bin', DETAILS);
    callback({ code: status.RESOURCE_EXHAUSTED, details: 'no words “left”', metadata: trailers });
  };
  const split: handleServerStreamingCall<string, string> = (call) => {
    note(call.metadata);
    splits.push(call);
  };
  const talk: handleBidiStreamingCall<string, string> = (call) => {
    note(call.metadata);
    call.on('data', (text: string) => call.write(text));
    call.on('end', () => call.end());
  };
  const hang: handleServerStreamingCall<string, string> = (call) => {
    note(call.metadata);
    call.sendMetadata(new Metadata());
    call.on('cancelled', () => cancelled.push(call.request));
  };
  const { keyPem, certPem } = await certificateFor([HOST]);
  const pair = { private_key: Buffer.from(keyPem), cert_chain: Buffer.from(certPem) };
  const host = await atHttpsPort(async (place) => {
    const server = new Server();
    server.addService(WORDS, { Echo: echo, Fail: fail, Split: split, Talk: talk, Hang: hang });
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`${place.host}:${place.port}`, ServerCredentials.createSsl(null, [pair]), (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
    untilTestEnds({ [Symbol.asyncDispose]: async () => server.forceShutdown() });
    return place.host;
  });
  return { host, authorizations, cancelled, splits };
}

withOrigins().test(
  'gRPC works with a stub: calls of each kind, trailers, statuses, cancellation and deadlines',
  async () => {
    const service = await wordsService();
    const lab = untilTestEnds(
      await credentialLab({ origins: { [HOST]: service }, secrets: { WORDS_TOKEN: TOKEN }, routes: ROUTE }),
    );
    const running = untilTestEnds(await startProgram(lab.session, 'grpc', [HOST, STUB]));
    const split = await eventually('a call of Split', () => service.splits[0], { timeoutMs: 20_000 });
    for (const word of split.request.split(' ')) {
      split.write(word);
      await running.waitForLine(new RegExp(`^${word}$`));
    }
    split.end();
    expect((await running.exited).code, running.stderr).toBe(0);
    const [echo = '', large = '', failed = '', ...rest] = running.stdoutLines;
    expect(JSON.parse(echo)).toEqual({ answer: 'hello', code: status.OK, details: 'OK', length: '5' });
    expect(JSON.parse(large)).toMatchObject({ answer: 'x'.repeat(1_000_000), length: '1000000' });
    expect(JSON.parse(failed)).toMatchObject({
      answer: null,
      code: status.RESOURCE_EXHAUSTED,
      details: 'no words “left”',
      'grpc-status-details-bin': { data: [...DETAILS] },
    });
    expect(rest).toEqual([
      ...['one', 'two', 'three', 'here', 'and', 'there', `talk ${status.OK}`],
      ...[`cancelled ${status.CANCELLED}`, `late ${status.DEADLINE_EXCEEDED}`],
    ]);
    // The service must learn that nobody waits any longer.
    await eventually('the service to learn of both', () => service.cancelled.length === 2);
    expect(service.cancelled).toEqual(['cancelled', 'late']);
    expect([...service.authorizations]).toEqual([`Bearer ${TOKEN}`]);
  },
);
