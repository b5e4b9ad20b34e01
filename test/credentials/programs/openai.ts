import OpenAI from 'openai';
import { say } from './say.ts';

// Asks for a chat completion, and prints what comes of it as it comes.
const client = new OpenAI({ maxRetries: 0 });
const stream = await client.chat.completions.create({
  model: 'test-model',
  messages: [{ role: 'user', content: 'hello' }],
  stream: true,
});
for await (const { choices } of stream) say(choices[0]?.delta.content);
const { data } = await client.models.list();
say(data.map(({ id }) => id).join());
