import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paude } from '../testing/paude.ts';

let directory: string;
let file: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'paude-allowlist-'));
  file = join(directory, 'allowlist.yaml');
  writeFileSync(
    file,
    'rules:\n  - allow: api.example.com\n    ports: 8443\n    reason: the billing API\n  - deny: .example.com\n',
  );
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('paude allowlist expand', () => {
  it('shows every rule that words stand for, with ports, origin and why', async () => {
    const { code, stdout } = await paude(['allowlist', 'expand', 'rust,.example.com:8443']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RULE +PORTS +FROM +WHY\n/);
    expect(stdout).toMatch(/^\.crates\.io +80, 443 +rust +\S/m);
    expect(stdout).toMatch(/^\.example\.com:8443 +8443$/m);
  });

  it('shows the agent’s hosts in default, and those of another agent when asked', async () => {
    const claude = await paude(['allowlist', 'expand', 'default']);
    const codex = await paude(['allowlist', 'expand', 'default', '--agent', 'codex']);
    expect(claude.stdout).toContain('api.anthropic.com');
    expect(codex.stdout).not.toContain('api.anthropic.com');
    expect(codex.stdout).toContain('chatgpt.com');
  });

  it('answers in JSON', async () => {
    const { stdout } = await paude(['allowlist', 'expand', '--allowlist', file, '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      defaultPorts: [80, 443],
      rules: [
        {
          rule: 'api.example.com:8443',
          effect: 'allow',
          ports: [8443],
          tls: 'sni',
          file,
          line: 2,
          reason: 'the billing API',
        },
        { rule: '!.example.com', effect: 'deny', ports: 'all', tls: 'sni', file, line: 5 },
      ],
    });
  });
});

describe('paude allowlist check', () => {
  it('exits 0 when every target is allowed', async () => {
    const { code, stdout } = await paude([
      'allowlist',
      'check',
      'github.com',
      'http://github.com/x',
      '--allowed-domains',
      'github',
    ]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'allow  github.com:443  allowed-by-rule  github.com\nallow  github.com:80   allowed-by-rule  github.com\n',
    });
  });

  it.each([
    ['github.com:22', 'port-not-allowed'],
    ['evil-github.com', 'not-listed'],
    ['192.0.2.1', 'address-not-listed'],
    ['[2001:db8::1]:443', 'address-not-listed'],
  ])('exits 1 for %s: %s', async (target, reason) => {
    const { code, stdout } = await paude([
      'allowlist',
      'check',
      target,
      '--allowed-domains',
      'github',
      '-o',
      'json',
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ result: 'deny', reason }]);
  });

  it('says what is wrong with a target', async () => {
    const { code, stderr } = await paude(['allowlist', 'check', 'a..b', '--allowed-domains', 'github']);
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot read the target "a..b": it has an empty label');
  });

  it('asks for an allowlist when none is named', async () => {
    const { stderr } = await paude(['allowlist', 'check', 'github.com']);
    expect(stderr).toContain(
      'Cannot read an allowlist: none was named. Name words, as in --allowed-domains default',
    );
  });
});

describe('paude allowlist explain', () => {
  it('shows every rule that matches, and which one decides', async () => {
    const { code, stdout } = await paude([
      'allowlist',
      'explain',
      'https://api.example.com:8443/v1',
      '--allowlist',
      file,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('api.example.com:8443: deny (denied-by-rule, by the rule !.example.com)');
    expect(stdout).toMatch(/^api\.example\.com:8443 +8443 +\S+:2 +yes, allow +the billing API$/m);
    expect(stdout).toMatch(/^!\.example\.com +every port +\S+:5 +yes, deny$/m);
  });

  it('says how to allow what no rule matches', async () => {
    const { stdout } = await paude(['allowlist', 'explain', 'nowhere.example.org', '--allowlist', file]);
    expect(stdout).toContain('To allow it: --allowed-domains nowhere.example.org');
  });
});

describe('paude allowlist lint', () => {
  it('exits 1 for an error, 0 for a warning, 1 for a warning when strict', async () => {
    const wide = await paude(['allowlist', 'lint', '.co.uk']);
    expect(wide).toMatchObject({ code: 1, stdout: expect.stringContaining('[public-suffix-wide]') });
    const paste = ['allowlist', 'lint', 'gist.github.com'];
    expect(await paude(paste)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('[anyone-can-write]'),
    });
    expect((await paude([...paste, '--strict'])).code).toBe(1);
  });

  it('leaves standard output empty when there is nothing to find', async () => {
    expect(await paude(['allowlist', 'lint', 'api.example.com'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No findings.\n',
    });
  });

  it('answers in JSON', async () => {
    const { stdout } = await paude(['allowlist', 'lint', 'api.example.com,api.example.com', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { code: 'duplicate-rule', rule: 'api.example.com', related: 'api.example.com' },
    ]);
  });
});
