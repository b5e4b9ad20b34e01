import Anthropic from '@anthropic-ai/sdk';
import { say } from './say.ts';

// Asks for a message, and prints what comes of it as it comes.
const client = new Anthropic({ maxRetries: 0 });
const stream = await client.messages.create({
  model: 'test-model',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
  stream: true,
});
for await (const event of stream)
  if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') say(event.delta.text);
const answer = await client.messages.create({
  model: 'test-model',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello again' }],
});
say(answer.id);
