import { expect } from 'vitest';
import { type AuditStream, auditStream } from '../support/audit-stream.ts';
import { type DnsServer, type DnsZone, dnsServer } from '../support/dns-server.ts';
import type { MessageHead } from '../support/http-message.ts';
import { connectThrough, getThrough, type RequestFields } from '../support/proxy-client.ts';
import type { LogEvent } from '../support/proxy-log.ts';
import { type ProxyProcess, type ProxyProcessOptions, startProxy } from '../support/proxy-process.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

/** What a suite attacks. */
export interface ArenaOptions {
  /** Words of the allowlist, one flag each. */
  readonly words?: readonly string[];
  /** The rules of an allowlist file, as YAML. */
  readonly rules?: string;
  /** What DNS says. */
  readonly zone?: DnsZone;
  /** @default none */
  readonly allowPrivate?: readonly string[];
  readonly flags?: readonly string[];
  readonly process?: ProxyProcessOptions;
}

/** A real proxy, the DNS server that it asks, and its audit events as they happen. */
export interface Arena extends AsyncDisposable {
  readonly proxy: ProxyProcess;
  readonly dns: DnsServer;
  readonly audit: AuditStream;
  /** The allowlist file, if there is one. */
  readonly allowlistFile: string;
  readonly directory: TemporaryDirectory;
}

export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { words = [], rules, zone = {}, allowPrivate = [], flags = [] } = options;
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory('arena'));
  const dns = stack.use(await dnsServer(zone));
  const allowlistFile = await directory.write('allowlist.yaml', rules ?? '[]');
  const proxy = stack.use(
    await startProxy(
      [
        ...words.flatMap((word) => ['--allowed-domains', word]),
        ...(rules === undefined ? [] : ['--allowlist', allowlistFile]),
        ...allowPrivate.flatMap((cidr) => ['--allow-private', cidr]),
        ...['--dns', dns.address, '--dns-timeout', '2s', '--connect-timeout', '3s'],
        ...flags,
      ],
      options.process,
    ),
  );
  const audit = stack.use(await auditStream(proxy.adminUrl ?? ''));
  const moved = stack.move();
  return {
    proxy,
    dns,
    audit,
    allowlistFile,
    directory,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** A refusal as the client saw it and as the audit log has it. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly event: LogEvent;
}

/** Asks for a tunnel; expects a refusal whose body, Proxy-Status and audit event all name the same reason. */
export async function refusedConnect(
  arena: Arena,
  authority: string,
  fields?: RequestFields,
): Promise<Refusal> {
  await using result = await connectThrough(arena.proxy, authority, fields ?? [['Host', 'a']]);
  return refusalOf(arena, result);
}

/** Asks for a URL in absolute-form; expects such a refusal. */
export async function refusedGet(arena: Arena, url: string, fields?: RequestFields): Promise<Refusal> {
  return refusalOf(arena, await getThrough(arena.proxy, url, fields ?? [['Host', 'a']]));
}

/** Checks that a response is one of the proxy's refusals, in its one shape, and finds what the audit log says of it. */
export async function refusalOf(
  arena: Arena,
  response: { readonly status: number; readonly head: MessageHead; readonly body: string | Buffer },
): Promise<Refusal> {
  const { status, head } = response;
  const body = response.body.toString();
  const [, reason = ''] = /^Reason: ([a-z-]+)/m.exec(body) ?? [];
  const [, id] = /^Request id: (\S+)$/m.exec(body) ?? [];
  expect(id, `a refusal, not ${head.startLine}: ${body}`).toBeDefined();
  expect(head.get('proxy-status')).toContain(`details="${reason}: `);
  expect(head.startLine).toContain(`: ${reason}`);
  const event = await arena.audit.waitFor(
    (candidate) => candidate.id === id && (candidate.decision === 'deny' || candidate.event === 'close'),
  );
  expect(event.reason).toBe(reason);
  return { status, reason, body, event };
}

/** How many questions DNS had, to be compared afterwards. */
export function asked(arena: Arena, name: string): number {
  return arena.dns.queriesFor(name).length;
}
