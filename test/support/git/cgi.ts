import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { headEnd, parseHead } from '../http-message.ts';

/** Where `git http-backend` finds its repositories, and who is asking. */
export interface CgiContext {
  readonly projectRoot: string;
  /** The user that Basic authentication has let in; pushing needs one, or `http.receivepack` in the repository. */
  readonly user: string | undefined;
}

const longestRunMs = 60_000;

/** Answers a request with `git http-backend`, which speaks CGI (RFC 3875). */
export function runGitBackend(request: IncomingMessage, response: ServerResponse, context: CgiContext): void {
  const backend = spawn('git', ['http-backend'], {
    env: environmentOf(request, context),
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: longestRunMs,
  });
  backend.on('error', () => response.destroy());
  response.on('close', () => backend.kill());
  const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  pipeline(body, backend.stdin, () => {});
  let pending = Buffer.alloc(0);
  const readHead = (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    const end = headEnd(pending);
    if (end < 0) return;
    backend.stdout.off('data', readHead);
    writeHead(response, pending.subarray(0, end));
    response.write(pending.subarray(end));
    pipeline(backend.stdout, response, () => {});
  };
  backend.stdout.on('data', readHead);
  backend.stdout.on('end', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}

/** A CGI answer is all fields, `Status` among them. */
function writeHead(response: ServerResponse, head: Buffer): void {
  const parsed = parseHead(Buffer.concat([Buffer.from('\r\n'), head]));
  const status = Number.parseInt(parsed.get('status') ?? '200', 10);
  for (const [name, value] of parsed.fields) {
    if (name.toLowerCase() !== 'status') response.setHeader(name, value);
  }
  response.writeHead(status);
}

function environmentOf(request: IncomingMessage, context: CgiContext): NodeJS.ProcessEnv {
  const { method, url = '/', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://git.invalid');
  const user = context.user === undefined ? {} : { REMOTE_USER: context.user };
  return {
    PATH: process.env.PATH,
    HOME: context.projectRoot,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_PROJECT_ROOT: context.projectRoot,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    REQUEST_METHOD: method,
    PATH_INFO: pathname,
    QUERY_STRING: searchParams.toString(),
    CONTENT_TYPE: headers['content-type'],
    REMOTE_ADDR: request.socket.remoteAddress,
    ...user,
  };
}
