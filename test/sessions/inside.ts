import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Backend, ExecRequest } from '@paude/sessions';

/** What a command in a session said. */
export interface InsideResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of bash in a session. */
export async function inside(
  backend: Backend,
  name: string,
  script: string,
  request: Partial<ExecRequest> & { readonly input?: string | Uint8Array } = {},
): Promise<InsideResult> {
  const { input, ...more } = request;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await backend.exec(name, {
    command: ['bash', '-c', script],
    ...(input === undefined ? {} : { stdin: Readable.from([input]) }),
    stdout,
    stderr,
    ...more,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, stdout: out, stderr: err };
}

/** The same of one that has to end with 0. @returns its standard output. */
export async function insideOk(backend: Backend, name: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await inside(backend, name, script);
  if (code !== 0) throw new Error(`The script in ${name} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}
