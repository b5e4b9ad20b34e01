import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProcessResult, runProcess, successful } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { PROXY_IMAGE, type SessionLab } from './lab.ts';

const BIN = fileURLToPath(new URL('../../apps/paude/bin', import.meta.url));

/** A person with a home, a git repository, and `paude` on PATH. */
export class Person implements AsyncDisposable {
  readonly home: TemporaryDirectory;
  readonly env: NodeJS.ProcessEnv;
  readonly #lab: SessionLab;

  private constructor(lab: SessionLab, home: TemporaryDirectory) {
    this.#lab = lab;
    this.home = home;
    const { CONTAINERS_CONF, CONTAINERS_STORAGE_CONF, TMPDIR } = lab.podman.env;
    this.env = {
      ...{ CONTAINERS_CONF, CONTAINERS_STORAGE_CONF, TMPDIR },
      PATH: [dirname(process.execPath), BIN, process.env.PATH].join(':'),
      HOME: home.path,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      GIT_CONFIG_NOSYSTEM: '1',
    };
  }

  static async create(lab: SessionLab): Promise<Person> {
    const person = new Person(lab, await temporaryDirectory('person'));
    await person.home.write(
      '.gitconfig',
      '[user]\nname = Ada\nemail = ada@example.com\n[pull]\nrebase = false\n',
    );
    await person.home.write('project/README.md', 'one\n');
    await person.git('init', '--quiet', '--initial-branch', 'main');
    await person.git('add', '.');
    await person.git('commit', '--quiet', '--message', 'Begin');
    await person.git('tag', 'v1');
    return person;
  }

  /** What Node runs for `paude`. */
  get program(): string {
    return `${BIN}/paude.js`;
  }

  get project(): string {
    return this.home.join('project');
  }

  /** The flags by which a session is made of what the lab has. */
  get labFlags(): readonly string[] {
    const { address } = this.#lab.outside;
    return [
      ...['--agent', 'shell', '--image', this.#lab.image, '--proxy-image', PROXY_IMAGE],
      ...['--allowed-domains', 'outside.test:*', '--allow-private', `${address}/32`],
      ...['--host', `outside.test=${address}`, '--host', `other.test=${address}`],
      ...['--cpus', '1', '--memory', '512m', '--pids', '256'],
    ];
  }

  /** Runs `paude`, whatever comes of it. */
  try(...args: readonly string[]): Promise<ProcessResult> {
    const options = { cwd: this.project, env: this.env, lifetimeMs: 120_000 };
    return runProcess(process.execPath, [this.program, ...args], options);
  }

  /** What it says on standard output; throws when it fails. */
  async paude(...args: readonly string[]): Promise<string> {
    return successful(await this.try(...args)).stdout;
  }

  async git(...args: readonly string[]): Promise<string> {
    const options = { cwd: this.project, env: this.env, lifetimeMs: 60_000 };
    return successful(await runProcess('git', args, options)).stdout.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home.remove();
  }
}
