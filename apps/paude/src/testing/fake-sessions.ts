import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { PaudeError } from '@paude/errors';
import type { Backend, BackendName, ExecRequest, Session, SessionSpec } from '@paude/sessions';
import type { Sessions } from '../session/sessions.ts';

/** Sessions in memory, for the words of command lines alone: what a backend does is tested on real ones. */
export class FakeSessions implements Sessions {
  readonly backendNames = ['podman', 'docker'] as const;
  /** Every call that changes something, as `stop one`. */
  readonly calls: string[] = [];
  readonly specs: SessionSpec[] = [];
  readonly sessions: Session[];
  /** What was copied in last. */
  archive = Buffer.alloc(0);
  lastActiveMs: number | undefined;
  /** What every call of the backend rejects with. */
  failure: PaudeError | undefined;

  constructor(sessions: readonly Partial<Session>[] = []) {
    this.sessions = sessions.map((session) => ({ ...EXAMPLE, ...session }));
  }

  known = async () => this.sessions;
  buildImage = async () => 'localhost/paude-session:built';
  forget = async (backend: string, name: string) => void this.calls.push(`forget ${backend} ${name}`);

  backend(backendName: BackendName): Backend {
    const change = (what: string) => async (name: string) => {
      if (this.failure !== undefined) throw this.failure;
      this.find(name);
      this.calls.push(`${what} ${name}`);
    };
    return {
      name: backendName,
      check: async () => undefined,
      create: async (spec: SessionSpec) => {
        this.specs.push(spec);
        return { ...EXAMPLE, name: spec.name, agent: spec.agent, image: spec.image };
      },
      start: change('start'),
      stop: change('stop'),
      delete: change('delete'),
      upgrade: change('upgrade'),
      list: async () => this.sessions.filter(({ backend }) => backend === backendName),
      status: async (name) => ({
        ...this.find(name),
        proxy: 'ready',
        activity: {
          running: true,
          ...(this.lastActiveMs === undefined ? {} : { lastMs: this.lastActiveMs }),
        },
        resources: { cpus: 4 },
      }),
      exec: async (name, request: ExecRequest) => {
        this.calls.push(`exec ${name} ${request.command.join(' ')}`);
        return 7;
      },
      connect: async () => 0,
      copyIn: async (_name, _path, archive) => {
        // A backend looks at the session first.
        await sleep(200);
        this.archive = await buffer(archive);
      },
      copyOut: async () => Readable.from([this.archive]),
      logs: async () => Readable.from([DENIAL]),
      allowedDomains: async (name) => this.find(name).allowedDomains,
      setAllowedDomains: async (name, words) => void this.calls.push(`allow ${name} ${words.join(' ')}`),
      blockedDomains: async () => [
        { host: 'new.example.com', port: 443, reason: 'not-listed', count: 3, lastMs: Date.now() },
        { host: 'bad.example.com', port: 443, reason: 'denied-by-rule', count: 1, lastMs: Date.now() },
      ],
    };
  }

  find(name: string): Session {
    const found = this.sessions.find((session) => session.name === name);
    if (found !== undefined) return found;
    throw new PaudeError('session-missing', {
      action: 'find the session',
      input: name,
      why: 'there is none',
      remedy: 'x',
    });
  }
}

const EXAMPLE: Session = {
  name: 'one',
  backend: 'podman',
  state: 'running',
  agent: 'shell',
  image: 'image',
  workspace: '/elsewhere',
  allowedDomains: ['default'],
  createdMs: Date.now() - 3_600_000,
  version: '1.2.3',
};

const DENIAL = `${JSON.stringify({
  time: '2026-01-01T00:00:00Z',
  event: 'decision',
  host: 'new.example.com',
  port: 8443,
  decision: 'deny',
  reason: 'not-listed',
})}\n`;
