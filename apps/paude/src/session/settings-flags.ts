import { splitWords } from '@paude/allowlist';
import { DEFAULT_ROUTES } from '@paude/credentials/variables';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';

/** Variables of the default routes: they hold a credential, or the path of one. */
const CREDENTIALS: ReadonlySet<string> = new Set(
  DEFAULT_ROUTES.flatMap(({ sources }) =>
    sources.map((source) => ('env' in source ? source.env : source.fileIn)),
  ),
);

/** What the command line of `create` and `config show` says. */
export interface SettingsFlags {
  readonly agent?: string;
  readonly allowedDomains?: readonly string[];
  readonly allowNetwork?: boolean;
  readonly image?: string;
  readonly base?: string;
  readonly proxyImage?: string;
  readonly env?: readonly string[];
  readonly backend?: string;
  readonly yolo?: boolean;
  readonly git?: boolean;
  readonly cpus?: string;
  readonly memory?: string;
  readonly pids?: string;
  readonly credentials?: string;
  readonly upstream?: string;
  readonly allowPrivate?: readonly string[];
  readonly host?: readonly string[];
  readonly dns?: readonly string[];
}

/** Flags as settings are written. What is not given is not there. */
export function settingsOf(flags: SettingsFlags, io: Pick<Io, 'env' | 'stderr'>): Record<string, unknown> {
  const { allowedDomains, allowNetwork, env, cpus, pids, allowPrivate, host, dns, ...plain } = flags;
  if (allowNetwork === true)
    io.stderr.write(
      'warning: --allow-network is deprecated: write --allowed-domains all. The session can reach any host.\n',
    );
  const words = [...(allowedDomains ?? []).flatMap(splitWords), ...(allowNetwork === true ? ['all'] : [])];
  const { agent, image, base, proxyImage, backend, yolo, git, memory, credentials, upstream } = plain;
  const settings = {
    ...{ agent, image, base, proxyImage, backend, yolo, git, memory, credentials, upstream },
    allowedDomains: words.length === 0 ? undefined : words,
    environment:
      env === undefined ? undefined : Object.fromEntries(env.map((word) => variable(word, io.env))),
    cpus: cpus === undefined ? undefined : Number(cpus),
    pids: pids === undefined ? undefined : Number(pids),
    allowPrivate: split(allowPrivate),
    hosts: split(host),
    dns: split(dns),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** `NAME=VALUE`, or `NAME` for what it is outside. */
function variable(word: string, env: Io['env']): readonly [string, string] {
  const at = word.indexOf('=');
  if (CREDENTIALS.has(at < 0 ? word : word.slice(0, at))) {
    throw commandLineError({
      action: 'set the variable',
      input: at < 0 ? word : word.slice(0, at),
      why: 'it holds a credential, which the proxy puts on requests while the session has a stub',
      remedy: 'Leave the flag out, and have the variable set here',
    });
  }
  return at < 0 ? [word, env[word] ?? ''] : [word.slice(0, at), word.slice(at + 1)];
}

function split(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.flatMap((value) => value.split(',')).filter((item) => item !== '');
}
