import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** What a token endpoint was asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers: JSON with 200, or anything else by hand. */
export type Reply = object | ((response: ServerResponse) => void);

/** A token endpoint on loopback. */
export interface TokenServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** In the order they came. */
  readonly asked: readonly Asked[];
}

/** Starts a token endpoint for one test; it ends with it. */
export async function tokenServer(reply: (asked: Asked) => Reply | Promise<Reply>): Promise<TokenServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const one = await read(request);
    asked.push(one);
    const answer = await reply(one);
    if (typeof answer === 'function') answer(response);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, asked };
}

/** A reply with a status and a JSON body, such as an OAuth error. */
export function refusal(status: number, body: object): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** The parameters of a form or of JSON. */
export function parametersOf({ headers, body }: Asked): Readonly<Record<string, unknown>> {
  return headers['content-type']?.startsWith('application/json')
    ? JSON.parse(body)
    : Object.fromEntries(new URLSearchParams(body));
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const { method = '', url = '', headers } = request;
  return { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
}
