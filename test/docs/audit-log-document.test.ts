import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLOSE_REASONS, REASONS } from '@paude/proxy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curl } from '../support/clients.ts';
import { type HttpOrigin, httpOrigin, type SecureOrigin, secureOrigin } from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { type LogEvent, type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { codeIn, tableOf } from './tables.ts';

const file = fileURLToPath(new URL('../../docs/audit-log.md', import.meta.url));
const document = await readFile(file, 'utf8');
const fields = tableOf(document, ['field', 'decision', 'close', 'type', 'meaning']);
const common = ['level', 'time', 'event', 'msg'];

/** Fields that a kind of event has, by the table: those it always has, or all that it may have. */
function documented(kind: 'decision' | 'close', how: 'always' | 'at all'): readonly string[] {
  const column = kind === 'decision' ? 1 : 2;
  const rows = fields.filter((row) => (how === 'always' ? row[column] === 'always' : row[column] !== ''));
  return rows.flatMap((row) => codeIn(row[0])).sort();
}

describe('docs/audit-log.md', () => {
  let directory: TemporaryDirectory;
  let origin: HttpOrigin;
  let secure: SecureOrigin;
  let events: readonly LogEvent[] = [];
  let logged = '';

  /** One proxy after another, with traffic that makes every kind of event and every field appear. */
  beforeAll(async () => {
    directory = await temporaryDirectory('audit-log');
    origin = await httpOrigin();
    secure = await secureOrigin(undefined, { names: ['origin.test', 'login.test'] });
    const allowlist = await directory.write(
      'allowlist.yaml',
      '- origin.test:*\n- "!denied.test"\n- github\n',
    );
    const static_ = ['--host', 'origin.test=127.0.0.1', '--host', 'github.com=127.0.0.1'];
    const flags = ['--allowlist', allowlist, ...static_, '--allow-private', '127.0.0.1/32'];
    const strict = await startProxy([...flags, '--session', 'review', '--drain-timeout', '1s']);
    await strictTraffic(strict, allowlist);
    const lenient = await startProxy([
      '--report-only',
      '--host',
      'origin.test=127.0.0.1',
      '--allow-private',
      '127.0.0.1/32',
    ]);
    await getThrough(lenient, `http://origin.test:${origin.port}/`);
    const routed = await startRouted();
    const proxies = [strict, lenient, routed];
    for (const proxy of proxies) await proxy.stop();
    events = proxies.flatMap((proxy) => proxy.events());
    logged = proxies.flatMap((proxy) => proxy.logLines()).join('\n');
  });

  afterAll(async () => {
    await origin?.close();
    await secure?.close();
    await directory?.remove();
  });

  /** A proxy with credential routes, and what can happen to them. */
  async function startRouted(): Promise<ProxyProcess> {
    const { port } = secure;
    const refreshing = {
      type: 'oauth-refresh',
      provider: { tokenEndpoint: 'http://127.0.0.1:9/', clientId: 'c' },
    };
    const credentials = [
      { name: 'token', from: { env: 'HIDDEN' }, inject: { type: 'bearer' }, hosts: [`origin.test:${port}`] },
      { name: 'login', from: { env: 'HIDDEN' }, inject: refreshing, hosts: [`login.test:${port}`] },
      { name: 'unused', from: { env: 'HIDDEN' }, inject: { type: 'bearer' }, hosts: ['elsewhere.test'] },
    ];
    const routes = await directory.write('credentials.json', JSON.stringify({ credentials }));
    const authorities = await directory.write('authorities.pem', secure.certificate.caPem);
    const ca = directory.join('ca');
    const hosts = ['origin.test', 'login.test'];
    const proxy = await startProxy(
      [
        ...hosts.flatMap((host) => ['--host', `${host}=127.0.0.1`, '--allowed-domains', `${host}:${port}`]),
        ...['--allow-private', '127.0.0.1/32', '--credentials', routes, '--no-default-credentials'],
        ...['--ca-dir', ca, '--upstream-ca', authorities],
      ],
      { env: { HIDDEN: 'hidden-credential' } },
    );
    const trust = [await readFile(join(ca, 'ca.crt'), 'utf8')];
    for (const host of hosts)
      await curl([`https://${host}:${port}/hidden-path?q=hidden-query`], { proxy: proxy.url, trust });
    await proxy.waitForEvent({ event: 'close', route: 'token' });
    await rm(ca, { recursive: true });
    process.kill(proxy.pid, 'SIGHUP');
    await proxy.waitForEvent({ event: 'ca-changed' });
    await chmod(join(ca, 'ca.key'), 0o666);
    process.kill(proxy.pid, 'SIGHUP');
    await proxy.waitForEvent({ event: 'ca-reload-failed' });
    return proxy;
  }

  async function strictTraffic(proxy: ProxyProcess, allowlist: string): Promise<void> {
    const secrets = [
      ['Host', 'origin.test'],
      ['X-Token', 'hidden-field'],
      ['Connection', 'close'],
    ] as const;
    await getThrough(proxy, `http://origin.test:${origin.port}/hidden-path?token=hidden-query`, secrets);
    await getThrough(proxy, 'http://elsewhere.test/hidden-path?token=hidden-query', secrets);
    await getThrough(proxy, 'http://user:hidden-password@origin.test/', secrets);
    await (await connectThrough(proxy, 'denied.test:443'))[Symbol.asyncDispose]();
    await (await connectThrough(proxy, 'github.com:443'))[Symbol.asyncDispose]();
    const url = `https://origin.test:${secure.port}/hidden-path`;
    await curl([url], { proxy: proxy.url, trust: [secure.certificate.caPem] });
    await directory.write('allowlist.yaml', 'https://nonsense\n');
    await proxy.waitForEvent({ event: 'policy-reload-failed' }, { timeoutMs: 15_000 });
    await directory.write('allowlist.yaml', '[]\n');
    await proxy.waitForEvent({ event: 'policy-changed' }, { timeoutMs: 15_000 });
    expect(allowlist).toBe(directory.join('allowlist.yaml'));
  }

  it('lists every reason with its group, status, error type and words', () => {
    const expected = Object.entries(REASONS).map(([code, { group, status, proxyError, says }]) => [
      `\`${code}\``,
      group,
      String(status),
      `\`${proxyError}\``,
      says,
    ]);
    expect(tableOf(document, ['reason', 'group', 'status'])).toEqual(expected);
  });

  it('lists every end', () => {
    const ends = tableOf(document, ['reason', 'meaning']).flatMap((row) => codeIn(row[0]));
    expect(ends.sort()).toEqual([...CLOSE_REASONS].sort());
  });

  it.each(['decision', 'close'] as const)(
    'lists the fields of a %s event, all of them and no others',
    (kind) => {
      const seen = events.filter(({ event }) => event === kind).map((event) => Object.keys(event));
      expect(seen.length).toBeGreaterThan(2);
      expect([...new Set(seen.flat())].sort()).toEqual(documented(kind, 'at all'));
      const inAll = [...new Set(seen.flat())].filter((field) => seen.every((keys) => keys.includes(field)));
      expect(inAll).toEqual(expect.arrayContaining([...documented(kind, 'always')]));
    },
  );

  it('lists the notices with their fields', () => {
    const notices = new Map(
      events
        .filter(({ event }) => event !== 'decision' && event !== 'close')
        .map((event) => [
          event.event,
          Object.keys(event)
            .filter((key) => !common.includes(key))
            .sort(),
        ]),
    );
    const rows = tableOf(document, ['event', 'fields', 'meaning']).map(
      ([event, list]) => [codeIn(event)[0], [...codeIn(list)].sort()] as const,
    );
    // A defect cannot be made to happen.
    expect(Object.fromEntries(rows.filter(([event]) => event !== 'defect'))).toEqual(
      Object.fromEntries(notices),
    );
  });

  it('shows examples that have the fields it lists', () => {
    const examples = document.match(/^\{.*\}$/gm)?.map((line) => JSON.parse(line) as LogEvent) ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const kind = example.event === 'close' ? 'close' : 'decision';
      expect(documented(kind, 'at all')).toEqual(expect.arrayContaining(Object.keys(example)));
      expect(Object.keys(example)).toEqual(expect.arrayContaining([...documented(kind, 'always')]));
    }
  });

  it('is right that no path, query, field or password is in the log', () => {
    expect(logged).toContain('elsewhere.test');
    expect(logged).not.toContain('hidden');
  });
});
