import { expect } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { type OriginHandler, type OriginResponse, secureOrigin } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { atHttpsPort, credentialLab, withOrigins } from './lab.ts';
import { startProgram } from './programs.ts';

const KEY = 'sk-real-0123456789/abcdefghijklmnop';
const WORDS = ['one', 'two', 'three'];

/** Answers whatever has `stream: true` with a stream that the test writes to, and the rest with `whole`. */
function streamingHandler(whole: object) {
  const streams: OriginResponse[] = [];
  const handler: OriginHandler = (request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      const isStream = text !== '' && JSON.parse(text).stream === true;
      response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
      if (isStream) streams.push(response);
      else response.end(JSON.stringify(whole));
    });
  };
  return { handler, streams };
}

interface Client {
  readonly program: 'openai' | 'anthropic';
  readonly host: string;
  readonly variable: string;
  /** Where the origin finds the credential, and what stands there. */
  readonly field: readonly [name: string, value: string];
  readonly whole: object;
  readonly event: (word: string) => string;
  readonly end: string;
  readonly last: string;
}

const openai: Client = {
  program: 'openai',
  host: 'api.openai.com',
  variable: 'OPENAI_API_KEY',
  field: ['authorization', `Bearer ${KEY}`],
  whole: { object: 'list', data: [{ id: 'model-a' }, { id: 'model-b' }] },
  event: (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
  end: 'data: [DONE]\n\n',
  last: 'model-a,model-b',
};
const anthropic: Client = {
  program: 'anthropic',
  host: 'api.anthropic.com',
  variable: 'ANTHROPIC_API_KEY',
  field: ['x-api-key', KEY],
  whole: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: {} },
  event: (text) =>
    `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
  end: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  last: 'msg_1',
};

for (const client of [openai, anthropic])
  for (const protocol of ['http/1.1', 'h2'] as const)
    withOrigins().test(
      `${client.program} works with a stub, and gets each event of a stream before the next is sent (${protocol})`,
      async () => {
        const { host, variable, field, whole, event, end, last } = client;
        const { handler, streams } = streamingHandler(whole);
        const origin = untilTestEnds(
          await atHttpsPort((place) =>
            secureOrigin(handler, { names: [host], protocols: [protocol], ...place }),
          ),
        );
        const lab = untilTestEnds(
          await credentialLab({ origins: { [host]: origin }, secrets: { [variable]: KEY } }),
        );
        expect(lab.session.environment[variable]).toBe('paude-proxy-managed');
        const running = untilTestEnds(await startProgram(lab.session, client.program));
        const stream = await eventually('a stream', () => streams[0], { timeoutMs: 20_000 });
        for (const word of WORDS) {
          stream.write(event(word));
          await running.waitForLine(new RegExp(`^${word}$`));
        }
        stream.end(end);
        await running.waitForLine(new RegExp(`^${last}$`));
        expect((await running.exited).code, running.stderr).toBe(0);
        expect(running.stdoutLines).toEqual([...WORDS, last]);

        expect(origin.requests).toHaveLength(2);
        const [name, value] = field;
        for (const { headers } of origin.requests) expect(headers[name]).toBe(value);
        expect(JSON.stringify(origin.requests)).not.toContain('paude-proxy-managed');
        expect(await lab.proxy.waitForEvent({ event: 'close', method: 'POST' })).toMatchObject({
          host,
          route: client.program,
          credential: `env:${variable}`,
          status: 200,
        });
      },
    );
