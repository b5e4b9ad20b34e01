import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { certificateFor, type TestCertificate } from './certificates.ts';
import { runGitBackend } from './git/cgi.ts';
import { git, makeBareRepository, type RepositoryFiles } from './git/repository.ts';
import { type ListenOptions, listening, type Origin } from './origins/tcp-origin.ts';
import { temporaryDirectory } from './temporary.ts';

/** Options of {@link gitServer}. */
export interface GitServerOptions extends ListenOptions {
  /** Names for its certificate; without them it speaks plain HTTP. */
  readonly tlsNames?: readonly string[];
  /** Basic authentication, asked of every request. */
  readonly auth?: { readonly username: string; readonly password: string };
}

/** One request, without its query. */
export interface GitRequest {
  readonly method: string;
  readonly path: string;
  /** The Host field. */
  readonly host: string;
  /** The Authorization field as it came. */
  readonly authorization: string | undefined;
  readonly status: number;
}

/** A smart-HTTP git server that serves bare repositories with the real git. */
export interface GitServer extends Origin {
  /** Undefined on plain HTTP. */
  readonly certificate: TestCertificate | undefined;
  readonly requests: readonly GitRequest[];
  /** Path part of a repository's URL: `/<name>.git`. */
  pathOf(name: string): string;
  /** The commit that a branch of a repository is at. */
  headOf(name: string, branch?: string): Promise<string>;
}

/** Starts a git server with these repositories, each given by the files of its first commit. */
export async function gitServer(
  repositories: Readonly<Record<string, RepositoryFiles>>,
  options: GitServerOptions = {},
): Promise<GitServer> {
  const { tlsNames, auth } = options;
  const directory = await temporaryDirectory('git-server');
  for (const [name, files] of Object.entries(repositories)) await makeBareRepository(directory, name, files);
  const projectRoot = directory.join('repositories');
  const requests: GitRequest[] = [];
  const expected = auth && `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.on('close', () => requests.push(describe(request, response)));
    if (expected !== undefined && request.headers.authorization !== expected) {
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('who are you?\n');
      return;
    }
    runGitBackend(request, response, { projectRoot, user: auth?.username });
  };
  const certificate = tlsNames && (await certificateFor(tlsNames));
  const server = certificate
    ? createHttpsServer({ key: certificate.keyPem, cert: certificate.certPem }, answer)
    : createHttpServer(answer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const origin = await listening(server, options, () => {
    for (const socket of sockets) socket.destroy();
  });
  const close = async () => {
    await origin.close();
    await directory.remove();
  };
  return {
    ...origin,
    certificate,
    requests,
    pathOf: (name) => `/${name}.git`,
    headOf: (name, branch = 'main') =>
      git(['rev-parse', branch], directory.join('repositories', `${name}.git`)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function describe(request: IncomingMessage, response: ServerResponse): GitRequest {
  const { method = '', url = '', headers } = request;
  const [path = ''] = url.split('?');
  const { host = '', authorization } = headers;
  return { method, path, host, authorization, status: response.statusCode };
}
