import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import type { RouteSpec } from '@paude/credentials';
import type { AuditEvent } from '@paude/proxy';
import type { ProxyConfig } from '@paude/proxy/config';
import type { Sandbox } from '@paude/sessions/local';
import type { Io } from '../io.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import type { LiveLine } from './live-line.ts';
import type { Notices } from './notices.ts';
import { type ProjectFile, saveWords } from './project-file.ts';
import { recordTrust, type TrustPlace } from './project-trust.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunFlags } from './run-flags.ts';
import type { RunProxy } from './run-proxy.ts';
import { allowlistOf, openSavePlace, type SavePlace } from './save-allowlist.ts';
import { blockedText, type RunResult, summaryJson, summaryText } from './summary.ts';
import { RunUsage } from './usage.ts';

/** What a run is about. */
export interface RunSessionOptions {
  readonly flags: RunFlags;
  readonly project: ProjectFile;
  readonly trust: TrustPlace;
  readonly io: Io;
  readonly notices: Notices;
  readonly hasCredentials: boolean;
  /** Undefined without credentials. */
  readonly files: RunDirectory | undefined;
}

/** Everything around a command but the sandbox: its proxy, what it used, what is told of it. */
export class RunSession {
  readonly #options: RunSessionOptions;
  readonly #usage = new RunUsage();
  readonly #startMs = performance.now();
  readonly #failure = Promise.withResolvers<never>();
  #config: Promise<ProxyConfig> | undefined;
  #routes: readonly RouteSpec[] = [];
  #savePlace: SavePlace | undefined;
  #doorkeeper: Doorkeeper | undefined;
  #live: LiveLine | undefined;
  #proxy: Promise<RunProxy | undefined> | undefined;
  #isOver = false;

  constructor(options: RunSessionOptions) {
    this.#options = options;
    // Heard by whoever races with it, or by nobody when the command has ended before.
    this.#failure.promise.catch(() => undefined);
  }

  /** Rejects when the proxy could not be started after all. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  /** Reads all settings, so that what is wrong with them is said before the command starts. */
  async prepare(): Promise<void> {
    const { flags, trust } = this.#options;
    await this.#readConfig();
    if (flags.save !== undefined) this.#savePlace = openSavePlace(flags.save, trust.directory);
  }

  /** Files that hold secrets of credential routes. */
  async secretFiles(): Promise<readonly string[]> {
    const [{ readRoutes, secretFiles }, config] = await Promise.all([
      import('./run-proxy.ts'),
      this.#readConfig(),
    ]);
    this.#routes = await readRoutes(config, this.#options.io);
    return secretFiles(this.#routes).map((file) => resolve(file));
  }

  /** Starts the proxy, and writes what the command holds in place of credentials. @returns its environment. */
  async openWithStubs(sandbox: Sandbox): Promise<Readonly<Record<string, string>> | undefined> {
    const { files, flags } = this.#options;
    await this.#open(sandbox);
    // Without a route the proxy opens no TLS, and there is nothing to stand in for.
    if (files === undefined || this.#routes.length === 0) return undefined;
    const { writeRunStubs } = await import('./run-proxy.ts');
    return writeRunStubs(this.#routes, files, flags.sandboxFs);
  }

  /** Starts the proxy while the command starts; what it asks for waits meanwhile. */
  openLater(sandbox: Sandbox, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#open(sandbox).catch((error: unknown) => this.#failure.reject(error));
    }, delayMs);
    const stop = () => clearTimeout(timer);
    sandbox.ended.then(stop, stop);
  }

  /** Closes everything, and tells how it went. @returns the exit code. */
  async end(exitCode: number): Promise<number> {
    await this.#closeProxy();
    const { flags, notices } = this.#options;
    const { targets } = this.#usage;
    const result: RunResult = {
      exitCode,
      durationMs: performance.now() - this.#startMs,
      reportOnly: flags.reportOnly === true,
      targets,
    };
    this.#savePlace?.save(allowlistOf(targets.filter(({ reached, blocked }) => reached + blocked > 0)));
    this.#savePlace?.close();
    if (flags.output === 'json') notices.write(summaryJson(result));
    else if (flags.quiet !== true) notices.write(this.#told(result));
    return exitCode;
  }

  /** Closes everything, after a failure. */
  async close(): Promise<void> {
    await this.#closeProxy();
    this.#savePlace?.close();
  }

  #told(result: RunResult): string {
    if (result.reportOnly) return summaryText(result);
    return isWatched() ? blockedText(result) : '';
  }

  #readConfig(): Promise<ProxyConfig> {
    const { flags, project, hasCredentials, files, io } = this.#options;
    this.#config ??= (async () => {
      const { runConfig } = await import('./run-config.ts');
      return runConfig({ flags, project, hasCredentials, authority: files?.authority, env: io.env });
    })();
    return this.#config;
  }

  async #open(sandbox: Sandbox): Promise<void> {
    this.#proxy = this.#start(sandbox);
    await this.#proxy;
  }

  async #start(sandbox: Sandbox): Promise<RunProxy | undefined> {
    const { io, notices, flags } = this.#options;
    const config = await this.#readConfig();
    const { startRunProxy } = await import('./run-proxy.ts');
    if (flags.ask === true) this.#doorkeeper = await this.#makeDoorkeeper(sandbox);
    const doorkeeper = this.#doorkeeper;
    if (this.#isOver) return undefined;
    const running = await startRunProxy({
      config,
      door: sandbox.door,
      io,
      notices,
      words: () => [...(doorkeeper?.words ?? []), ...config.words],
      consider: doorkeeper === undefined ? undefined : (host, port) => doorkeeper.consider(host, port),
    });
    if (isWatched() && flags.quiet !== true && flags.output === 'text') await this.#tellLive();
    running.proxy.engine.audit.subscribe((event) => this.#onEvent(event));
    return running;
  }

  async #tellLive(): Promise<void> {
    const { flags, notices } = this.#options;
    const [{ LiveLine }, { isTerminalTaken }] = await Promise.all([
      import('./live-line.ts'),
      import('./terminal-question.ts'),
    ]);
    this.#live = new LiveLine({ notices, reportOnly: flags.reportOnly === true, isTaken: isTerminalTaken });
  }

  #onEvent(event: AuditEvent): void {
    const { host, port } = event;
    if (this.#usage.add(event)) this.#live?.add(event);
    if (event.event === 'close' && !this.#usage.isOpen(host, port)) {
      void this.#doorkeeper?.closed(host, port).catch((error: unknown) => this.#failure.reject(error));
    }
  }

  async #makeDoorkeeper(sandbox: Sandbox): Promise<Doorkeeper> {
    const { trust } = this.#options;
    const { Doorkeeper } = await import('./doorkeeper.ts');
    const saved: string[] = [];
    return new Doorkeeper({
      pause: () => sandbox.pause(),
      resume: () => {
        sandbox.resume();
        // What was drawn has been drawn over.
        sandbox.signal('SIGWINCH');
      },
      reload: async () => (await this.#proxy)?.proxy.reload(),
      save: (word) => {
        saved.push(word);
        recordTrust(trust, saveWords(trust.directory, this.#options.project, saved));
      },
    });
  }

  async #closeProxy(): Promise<void> {
    this.#isOver = true;
    // A proxy that could not be started has been told of.
    const running = await this.#proxy?.catch(() => undefined);
    await running?.close();
  }
}

/** Whether somebody looks at the terminal, and nobody reads the output in their place. */
function isWatched(): boolean {
  return isatty(1) && isatty(2);
}
