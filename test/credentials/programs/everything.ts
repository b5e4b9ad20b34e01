import { createRequire } from 'node:module';
import { writeHeapSnapshot } from 'node:v8';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleAuth } from 'google-auth-library';
import OpenAI from 'openai';
import { say } from './say.ts';

// Asks every service, well and badly, keeps all that came back, and writes what it has in memory into its HOME.
const [googleUrl = '', strangerUrl = '', snapshot = ''] = process.argv.slice(2);
const kept: unknown[] = [createRequire(import.meta.url).cache];
async function keep(promise: Promise<unknown>): Promise<void> {
  kept.push(await promise.catch((error: unknown) => error));
}

/** The whole of an answer, fields and all. */
async function read(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  return { status: response.status, fields: [...response.headers], body: await response.text() };
}

const message: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'test-model',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'hello' }],
};
const openai = new OpenAI({ maxRetries: 0 });
const anthropic = new Anthropic({ maxRetries: 0 });
await keep(
  openai.chat.completions.create({ model: 'test-model', messages: [{ role: 'user', content: 'hello' }] }),
);
await keep(anthropic.messages.create(message));
const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
await keep(auth.request({ url: googleUrl }));
// Refused: a key of its own, and another host by name.
await keep(new Anthropic({ apiKey: 'sk-ant-own-key', maxRetries: 0 }).messages.create(message));
for (const headers of [{ 'x-api-key': 'sk-ant-own-key' }, { 'x-api-key': 'paude-proxy-managed' }])
  await keep(read('https://api.anthropic.com/v1/echo', { headers }));
await keep(read(strangerUrl, {}));
writeHeapSnapshot(snapshot);
say(JSON.stringify(kept.slice(1)));
