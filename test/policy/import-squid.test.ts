import { compile, parseHost } from '@paude/allowlist';
import { importedAllowlist, importSquid } from '@paude/policy';
import { expect } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { startSquid } from './real-squid.ts';

const PORTS_ACLS = `
acl SSL_ports port 443 8443
acl Safe_ports port 80 443 8443 1025-65535
`;

const HOSTS = [
  'example.com',
  'www.example.com',
  'a.b.example.com',
  'badexample.com',
  'example.com.evil.test',
  'api-1.example.org',
  'api-x.example.org',
  'x.api-1.example.org',
  'example.org',
  'evil.test',
  'good.evil.test',
  'very.good.evil.test',
  'intranet',
  'files.corp',
  '192.0.2.7',
  '198.51.100.7',
];

const PORTS = [22, 80, 443, 8080, 8443];

interface SquidCase {
  readonly title: string;
  readonly rules: string;
  /** Targets that squid allows and the allowlist does not: a note says so. */
  readonly narrowed?: RegExp;
}

const CASES: readonly SquidCase[] = [
  {
    title: 'the established proxy image: names, safe ports and CONNECT',
    rules: `${PORTS_ACLS}
acl allowed_domains dstdomain .example.com
acl allowed_domains dstdomain api-1.example.org
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access allow allowed_domains
http_access deny all`,
  },
  {
    title: 'expressions: anchored, unanchored, with classes, without regard to case',
    rules: `
acl r dstdom_regex ^api-[0-9]+\\.example\\.org$
acl r dstdom_regex -i (^|\\.)GOOD\\.evil\\.test$
acl r dstdom_regex ^example\\.com
acl web port 80 443
http_access allow r web
http_access deny all`,
  },
  {
    title: 'denies before allows, and what no line matches',
    rules: `
acl bad dstdomain -n .evil.test
acl worse dstdomain -n www.example.com
http_access deny bad
http_access deny worse`,
  },
  {
    title: 'lists that are negated',
    rules: `
acl listed dstdomain -n .example.com .corp intranet
acl not_this dstdomain -n a.b.example.com
acl high port 1025-65535
http_access deny !listed
http_access deny high
http_access allow all !not_this
http_access deny all`,
  },
  {
    title: 'addresses',
    rules: `
acl net dst -n 192.0.2.0/24
acl names dstdomain -n example.org
http_access allow net
http_access allow names
http_access deny all`,
  },
  {
    title: 'clients that every allow asks for',
    rules: `
acl here src 127.0.0.1
acl w dstdomain -n .example.com
http_access deny !here
http_access allow w
http_access deny all`,
  },
  {
    title: 'an exception in front of a deny, which always wins here',
    rules: `
acl good dstdomain -n good.evil.test
acl bad dstdomain -n .evil.test
http_access allow good
http_access deny bad
http_access allow all`,
    narrowed: /^good\.evil\.test:/,
  },
  {
    title: 'a path and a time, which an allowlist does not know',
    rules: `
acl path urlpath_regex ^/never
acl night time 00:00-23:59
acl w dstdomain -n .example.com
acl v dstdomain -n example.org
http_access allow w
http_access deny path
http_access allow v
http_access allow night
http_access deny all`,
    narrowed: /^(?!(?:[a-z.]+\.)?example\.com:)/,
  },
];

requireComponent('squid').describe('importSquid() and squid itself decide the same', () => {
  for (const { title, rules, narrowed } of CASES) {
    requireComponent('squid').test(
      `of ${HOSTS.length} hosts at ${PORTS.length} ports: ${title}`,
      async () => {
        const imported = importSquid(rules);
        const policy = compile(importedAllowlist(imported));
        await using squid = await startSquid(rules);
        const differences: string[] = [];
        let allowed = 0;
        for (const host of HOSTS) {
          for (const port of PORTS) {
            const status = await squid.ask(host, port, port === 80 ? 'GET' : 'CONNECT');
            expect([200, 403], `${host}:${port}`).toContain(status);
            if (status === 200) allowed++;
            const ours = policy.decide(parseHost(host), port).result;
            if ((ours === 'allow') === (status === 200)) continue;
            // Never wider, whatever the notes say.
            expect(ours, `${host}:${port} is refused by squid`).toBe('deny');
            differences.push(`${host}:${port}`);
          }
        }
        expect(allowed, 'a squid that lets nothing through proves nothing').toBeGreaterThan(0);
        expect(differences.filter((target) => narrowed?.test(target) !== true)).toEqual([]);
        const isNoted = imported.notes.some(({ kind }) => kind === 'narrowed');
        if (narrowed !== undefined) expect(differences).not.toEqual([]);
        if (differences.length > 0) expect(isNoted).toBe(true);
      },
      90_000,
    );
  }
});
