import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { paude } from '../testing/paude.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'paude-policy-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const policy = (...args: readonly string[]) => paude(['policy', ...args]);

const event = (host: string, decision: 'allow' | 'deny', more: object = {}) =>
  `${JSON.stringify({
    level: decision === 'allow' ? 'info' : 'warn',
    time: '2031-05-04T12:00:00.123Z',
    event: 'decision',
    id: 'a-1',
    client: '127.0.0.1',
    method: 'CONNECT',
    host,
    port: 443,
    decision,
    reason: decision === 'allow' ? 'allowed-by-rule' : 'not-listed',
    ...more,
  })}\n`;

describe('paude policy generate', () => {
  it('writes the objects alone to standard output, and what they cannot say to standard error', async () => {
    const { code, stdout, stderr } = await policy(
      ...['generate', '.example.com', '--session', 'my-project', '-n', 'agents'],
      ...['--kind', 'NetworkPolicy', '--kind', 'egressfirewall', '--target', 'openshift'],
    );
    expect(code).toBe(0);
    const kinds = parseAllDocuments(stdout).map((document) => `${document.get('kind')}`);
    expect(new Set(kinds)).toEqual(new Set(['NetworkPolicy', 'EgressFirewall']));
    expect(stdout).toContain('# from .example.com');
    expect(stderr).toMatch(
      /^warning: EgressFirewall\/default: narrowed: \.example\.com: .*\[egress-firewall-wildcard-unsupported\]$/m,
    );
  });

  it('writes a list of JSON', async () => {
    const { stdout } = await policy('generate', 'a.example.com', '-n', 'agents', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ apiVersion: 'v1', kind: 'List' });
  });

  it('writes a directory, and the diagnostics to a file', async () => {
    const [out, told] = [join(directory, 'out'), join(directory, 'told.json')];
    const { code, stdout, stderr } = await policy(
      ...[
        'generate',
        'a.example.com',
        '--standalone',
        'team',
        '-o',
        'dir',
        '--directory',
        out,
        '--diagnostics',
        told,
      ],
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/Wrote \d+ files to /);
    expect(parse(readFileSync(join(out, 'kustomization.yaml'), 'utf8')).resources).toContain(
      'deployment-team.yaml',
    );
    expect(JSON.parse(readFileSync(told, 'utf8'))).toContainEqual(
      expect.objectContaining({ code: 'network-policy-names-left-to-proxy', effect: 'widened' }),
    );
  });

  it('exits 1 with --strict when an object lets more pass than the allowlist', async () => {
    const args = ['generate', 'a.example.com', '-n', 'agents', '--kind', 'EgressNetworkPolicy'];
    expect((await policy(...args)).code).toBe(0);
    expect((await policy(...args, '--strict')).code).toBe(1);
  });

  it.each([
    [
      ['generate', 'a.example.com', '--kind', 'Ingress'],
      2,
      'Cannot use the kind "Ingress": there is none of that name.',
    ],
    [['generate', 'a.example.com', '-o', 'dir'], 2, 'Cannot write the objects: no directory is named.'],
    [['generate', 'a.example.com', '--session', 'Bad_Name'], 1, 'Bad_Name'],
    [['generate'], 1, 'Cannot read an allowlist: none was named.'],
    [['generate', 'a.example.com', '--session', 'a', '--standalone', 'b'], 2, 'cannot be used with'],
  ])('refuses %j', async (args, code, message) => {
    const said = await policy(...args);
    expect(said).toMatchObject({ code, stdout: '' });
    expect(said.stderr).toContain(message);
  });
});

describe('paude policy diff', () => {
  it('exits 0 and says nothing on standard output when two sources allow the same', async () => {
    const path = file('same.yaml', '- .example.com\n- a.example.com\n');
    expect(await policy('diff', '.example.com', `file:${path}`)).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No differences.\n',
    });
  });

  it('exits 1 and tells what was added, with where it stands', async () => {
    const path = file('more.yaml', '- a.example.com\n- paste.example.org\n');
    const said = await policy('diff', 'a.example.com', `file:${path}`);
    expect(said).toMatchObject({ code: 1, stderr: '' });
    expect(said.stdout).toMatch(/^added\s.*paste\.example\.org/m);
    expect(said.stdout).toContain('more.yaml:2');
  });

  it('exits 0 all the same with --exit-code false', async () => {
    expect((await policy('diff', 'a.example.com', 'b.example.com', '--exit-code', 'false')).code).toBe(0);
    expect((await policy('diff', 'a.example.com', 'b.example.com', '--exit-code=false')).code).toBe(0);
  });

  it('exits 2 when it failed, so that a script can tell', async () => {
    const missing = await policy('diff', 'a.example.com', `file:${join(directory, 'nowhere.yaml')}`);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('nowhere.yaml": there is no such file.');
    expect((await policy('diff', 'a.example.com', 'manifest:x')).code).toBe(2);
    expect((await policy('diff', 'a.example.com')).code).toBe(2);
  });

  it.each(['json', 'markdown', 'sarif'])('answers in %s', async (format) => {
    const { code, stdout } = await policy('diff', 'a.example.com', 'b.example.com', '-o', format);
    expect(code).toBe(1);
    expect(stdout).toContain('b.example.com');
    if (format !== 'markdown') expect(() => JSON.parse(stdout)).not.toThrow();
  });

  it('tells which rules were never used, and what was refused, from a log', async () => {
    const path = file(
      'audit.jsonl',
      event('a.example.com', 'allow') + event('evil.example.org', 'deny').repeat(3),
    );
    const { code, stdout } = await policy('diff', 'a.example.com,b.example.com', `log:${path}`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^unused\s+\w+\s+b\.example\.com/m);
    expect(stdout).toMatch(/^denied\s.*evil\.example\.org/m);
    expect(stdout).not.toMatch(/^unused\s+\w+\s+a\.example\.com/m);
  });

  it('compares the objects of manifests with an allowlist', async () => {
    const out = join(directory, 'manifests');
    await policy(
      'generate',
      'a.example.com',
      '--standalone',
      'team',
      '-n',
      'egress',
      '-o',
      'dir',
      '--directory',
      out,
    );
    expect(await policy('diff', 'a.example.com', `manifests:${out}`)).toMatchObject({ code: 0, stdout: '' });
    const wider = await policy('diff', 'a.example.com,b.example.com', `manifests:${out}`);
    expect(wider.stdout).toMatch(/^removed\s.*b\.example\.com/m);
    rmSync(join(out, 'networkpolicy-team-egress.yaml'));
    const opened = await policy('diff', 'a.example.com', `manifests:${out}`);
    expect(opened.stdout).toMatch(/^unenforced\s.*NetworkPolicy\/team-egress/m);
  });

  describe('with manifests that are not what is applied', () => {
    let out: string;
    const diff = () => policy('diff', 'a.example.com', `manifests:${out}`);

    beforeEach(async () => {
      out = join(directory, randomUUID());
      await policy(...['generate', 'a.example.com', '--standalone', 'team', '-o', 'dir', '--directory', out]);
    });

    const kustomization = (change: (text: string) => string) => {
      const path = join(out, 'kustomization.yaml');
      writeFileSync(path, change(readFileSync(path, 'utf8')));
    };

    it.each([
      [
        'patches',
        (text: string) => `${text}patches:\n  - path: x.yaml\n`,
        'kustomize changes the objects (patches)',
      ],
      [
        'a namespace',
        (text: string) => `${text}namespace: other\n`,
        'kustomize changes the objects (namespace)',
      ],
      [
        'a base elsewhere',
        (text: string) => `${text}  - ../base\n`,
        'objects are taken from elsewhere (../base)',
      ],
      ['a base on the web', (text: string) => `${text}  - https://e.org/x\n`, 'taken from elsewhere'],
      [
        'a policy left out',
        (text: string) => text.replace(/.*networkpolicy-team-egress.yaml\n/, ''),
        'networkpolicy-team-egress.yaml is not among its resources, and so is not applied',
      ],
      ['what is no YAML', () => '{', 'it is no YAML that can be read'],
    ])('refuses a kustomization with %s', async (_what, change, why) => {
      expect((await diff()).code).toBe(0);
      kustomization(change);
      const { code, stdout, stderr } = await diff();
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(why);
    });

    it('follows links, each file once, and says when one leads nowhere', async () => {
      const link = join(directory, randomUUID());
      mkdirSync(link);
      symlinkSync(out, join(link, 'objects'));
      symlinkSync(link, join(link, 'loop'));
      expect(await policy('diff', 'a.example.com', `manifests:${link}`)).toMatchObject({ code: 0 });
      symlinkSync(join(link, 'nowhere'), join(link, 'x.yaml'));
      expect((await policy('diff', 'a.example.com', `manifests:${link}`)).code).toBe(2);
    });

    it('says of a chart that it has to be rendered', async () => {
      rmSync(join(out, 'kustomization.yaml'));
      writeFileSync(
        join(out, 'chart.yaml'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n',
      );
      const { code, stderr } = await diff();
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: Cannot read the manifest .*chart.*helm template.*\n$/);
    });

    it('reads braces that are for somebody else', async () => {
      rmSync(join(out, 'kustomization.yaml'));
      writeFileSync(
        join(out, 'alerts.yaml'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: alerts\ndata:\n  text: "{{ .Value }}"\n',
      );
      expect((await diff()).code).toBe(0);
    });
  });

  it('compares with a squid.conf, and says what of it could not be said', async () => {
    const conf = file(
      'squid.conf',
      'acl ok dstdomain .example.com\nhttp_access allow ok\nhttp_access deny all\n',
    );
    expect((await policy('diff', `squid:${conf}`, '.example.com:*')).code).toBe(0);
  });
});

describe('paude policy audit', () => {
  it('compares what manifests hold with their own allowlist and with what was used', async () => {
    const out = join(directory, 'audited');
    await policy(
      'generate',
      'a.example.com,b.example.com',
      '--standalone',
      'team',
      '-o',
      'dir',
      '--directory',
      out,
    );
    const log = file('used.jsonl.gz', gzipSync(event('a.example.com', 'allow')));
    const { code, stdout } = await policy('audit', `manifests:${out}`, '--log', log);
    expect(code).toBe(1);
    expect(stdout).toMatch(/unused\s.*b\.example\.com/);
  });

  it.each([
    [['audit', 'default'], 'it holds no objects that enforce anything'],
    [['audit', 'manifests:nowhere'], 'there is no such file or directory'],
  ])('refuses %j', async (args, why) => {
    const said = await policy(...args);
    expect(said).toMatchObject({ code: 2, stdout: '' });
    expect(said.stderr).toContain(why);
  });
});

describe('paude policy explain', () => {
  it('names the rule that decides', async () => {
    const { code, stdout } = await policy('explain', 'www.example.com', '--allowed-domains', '.example.com');
    expect(code).toBe(0);
    expect(stdout).toContain('.example.com');
    expect(stdout).toMatch(/allow/);
  });

  it('wants to know where', async () => {
    const said = await policy('explain', 'www.example.com');
    expect(said.code).toBe(2);
    expect(said.stderr).toContain('nothing was named that decides about it');
  });
});

describe('paude policy lint', () => {
  it('tells what is wrong with the rules and what a target cannot enforce', async () => {
    const args = ['lint', '*.example.com', '--kind', 'EgressFirewall', '--target', 'openshift'];
    const { code, stdout } = await policy(...args);
    expect(code).toBe(0);
    expect(stdout).toContain('[egress-firewall-wildcard-unsupported]');
    expect((await policy(...args, '--strict')).code).toBe(1);
    const json = JSON.parse((await policy(...args, '-o', 'json')).stdout);
    expect(json.diagnostics).toContainEqual(expect.objectContaining({ rule: '*.example.com' }));
  });
});

describe('paude policy suggest', () => {
  it('writes an allowlist file for what was seen, with what was refused as comments', async () => {
    const log = file(
      'seen.jsonl',
      event('a.example.com', 'allow').repeat(2) + event('evil.example.org', 'deny'),
    );
    const { code, stdout, stderr } = await policy('suggest', '--log', log);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(parse(stdout)).toEqual(['a.example.com']);
    expect(stdout).toMatch(/^# - "evil\.example\.org"/m);
    expect(parse((await policy('suggest', '--log', log, '--denied')).stdout)).toContain('evil.example.org');
  });

  it.each([
    ['nowhere.jsonl', undefined, 'there is no such file'],
    ['empty.jsonl', '', 'it is empty'],
    ['other.jsonl', 'hello\n', 'none of its 1 lines'],
    ['broken.jsonl.gz', 'hello\n', 'it is not in the form of gzip'],
  ])('refuses %s', async (name, text, why) => {
    const path = text === undefined ? join(directory, name) : file(name, text);
    const said = await policy('suggest', '--log', path);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toContain(why);
  });
});

describe('paude policy import', () => {
  it('turns a squid.conf and the files that it names into an allowlist file', async () => {
    file('names.txt', '.example.com\napi.example.org\n');
    const conf = file(
      'with-file.conf',
      'acl ok dstdomain "names.txt"\nhttp_access allow ok\nhttp_access deny all\n',
    );
    const { code, stdout } = await policy('import', 'squid', conf);
    expect(code).toBe(0);
    const path = file('imported.yaml', stdout);
    expect((await policy('diff', '.example.com:*,api.example.org:*', `file:${path}`)).code).toBe(0);
  });

  it('reads settings of srt, and an ACL of smokescreen', async () => {
    const srt = file(
      'srt.json',
      JSON.stringify({ network: { allowedDomains: ['a.example.com'], deniedDomains: [] } }),
    );
    expect((await policy('import', 'srt', srt)).stdout).toContain('a.example.com');
    const acl = file(
      'acl.yaml',
      'version: v1\nservices:\n  - name: a\n    project: p\n    action: enforce\n    allowed_domains: [b.example.com]\n',
    );
    expect((await policy('import', 'smokescreen', acl, '--service', 'a')).stdout).toContain('b.example.com');
  });
});
