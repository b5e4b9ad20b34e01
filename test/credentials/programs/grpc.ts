import { once } from 'node:events';
import { Client, credentials, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { WORDS } from '../grpc-service.ts';
import { say } from './say.ts';

// Makes a call of each kind to the service that its arguments name and have a token for, and prints what comes of them.
const [host = '', token = ''] = process.argv.slice(2);
const client = new Client(`${host}:443`, credentials.createSsl());
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${token}`);

async function unary({ path, requestSerialize, responseDeserialize }: typeof WORDS.Echo, text: string) {
  const { promise, resolve } = Promise.withResolvers<ServiceError | string | undefined>();
  const call = client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    text,
    metadata,
    (error, answer) => resolve(error ?? answer),
  );
  const [[status], answer] = await Promise.all([once(call, 'status') as Promise<[StatusObject]>, promise]);
  const { code, details } = status;
  say(
    JSON.stringify({
      answer: typeof answer === 'string' ? answer : null,
      code,
      details,
      ...status.metadata.getMap(),
    }),
  );
}

function stream(
  { path, requestSerialize, responseDeserialize }: typeof WORDS.Split,
  text: string,
  deadlineMs?: number,
) {
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, text, metadata, options);
}

await unary(WORDS.Echo, 'hello');
await unary(WORDS.Echo, 'x'.repeat(1_000_000));
await unary(WORDS.Fail, 'hello');
for await (const word of stream(WORDS.Split, 'one two three')) say(word);

const { path, requestSerialize, responseDeserialize } = WORDS.Talk;
const talk = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
for (const text of ['here', 'and', 'there']) {
  talk.write(text);
  const [answer] = await once(talk, 'data');
  say(answer);
}
talk.end();
const [{ code }] = await once(talk, 'status');
say(`talk ${code}`);

/** How a call that fails ends. */
function codeOf(call: ReturnType<typeof stream>): Promise<number> {
  call.on('error', () => undefined);
  return new Promise((resolve) => call.once('status', ({ code: ended }) => resolve(ended)));
}

const cancelled = stream(WORDS.Hang, 'cancelled');
await once(cancelled, 'metadata');
cancelled.cancel();
say(`cancelled ${await codeOf(cancelled)}`);
say(`late ${await codeOf(stream(WORDS.Hang, 'late', 1500))}`);
client.close();
