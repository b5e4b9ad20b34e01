import { describe, expect, it } from 'vitest';
import { mergeAllowlists, parseWords, type Rule } from './index.ts';

const texts = (...words: string[]) => parseWords(words).rules.map(({ text }) => text);
const one = (word: string): Rule => {
  const [rule, ...rest] = parseWords([word]).rules;
  expect(rest).toEqual([]);
  if (rule === undefined) throw new Error('no rule');
  return rule;
};

describe('parseWords()', () => {
  it.each([
    ['api.example.com', { kind: 'exact', name: 'api.example.com' }],
    ['.example.com', { kind: 'suffix', name: 'example.com' }],
    ['*.example.com', { kind: 'one-label', name: 'example.com' }],
    ['**.example.com', { kind: 'subdomains', name: 'example.com' }],
    ['.co.uk', { kind: 'suffix', name: 'co.uk' }],
    ['*-api.example.com', { kind: 'glob', glob: '*-api.example.com', suffix: 'example.com' }],
    ['a.*.b.example.com', { kind: 'glob', glob: 'a.*.b.example.com', suffix: 'b.example.com' }],
    ['.x*.example.com', { kind: 'glob', glob: '.x*.example.com', suffix: 'example.com' }],
    ['**.x*.example.com', { kind: 'glob', glob: '**.x*.example.com', suffix: 'example.com' }],
    ['x[!a-f].example.com', { kind: 'glob', glob: 'x[^a-f].example.com', suffix: 'example.com' }],
    ['*.1.example.com', { kind: 'one-label', name: '1.example.com' }],
    ['~^a\\.example\\.com$', { kind: 'expression', source: '^a\\.example\\.com$', suffix: 'example.com' }],
    [
      '~[a-z]+-x\\.example\\.com$',
      { kind: 'expression', source: '[a-z]+-x\\.example\\.com$', suffix: 'example.com' },
    ],
    ['~^a.example.com$', { kind: 'expression', source: '^a.example.com$', suffix: '' }],
    ['~^a\\.(?:b|c)\\.com$', { kind: 'expression', source: '^a\\.(?:b|c)\\.com$', suffix: 'com' }],
    ['~\\x2e\\.example\\.com$', { kind: 'expression', source: '\\x2e\\.example\\.com$', suffix: '' }],
    ['~x\\.example\\.com?$', { kind: 'expression', source: 'x\\.example\\.com?$', suffix: '' }],
    ['all', { kind: 'any' }],
  ])('reads %s as %j', (word, pattern) => {
    expect(one(word)).toMatchObject({ pattern, effect: 'allow', tls: 'sni', source: { word } });
  });

  it.each([
    ['Example.COM', 'example.com'],
    ['.Example.COM.', '.example.com'],
    ['*-API.Example.com.', '*-api.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['x*.bücher.example.com', 'x*.xn--bcher-kva.example.com'],
    ['registry.', 'registry.'],
    ['registry:5000', 'registry.:5000'],
    ['github.:5000', 'github.:5000'],
    ['api.example.com:443', 'api.example.com:443'],
    ['api.example.com:*', 'api.example.com:*'],
    ['api.example.com:{8443,443,443}', 'api.example.com:{443,8443}'],
    ['api.example.com:{8000..8003}', 'api.example.com:{8000,8001,8002,8003}'],
    ['.example.com:8443', '.example.com:8443'],
    ['~^a$:8443', '~^a$:8443'],
    ['!api.example.com', '!api.example.com'],
    ['!api.example.com:*', '!api.example.com'],
    ['!api.example.com:22', '!api.example.com:22'],
    ['!~^a$', '!~^a$'],
    ['!.zip', '!.zip'],
    ['!*.zip', '!*.zip'],
    ['!all', '!all'],
    ['!0.0.0.0/0', '!0.0.0.0/0'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['192.0.2.7:8443', '192.0.2.7:8443'],
    ['198.51.100.0/24:22', '198.51.100.0/24:22'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['[2001:db8::1]:8443', '[2001:db8::1]:8443'],
    ['[2001:db8::]/32', '[2001:db8::]/32'],
    ['2001:db8::/32', '[2001:db8::]/32'],
    ['2001:db8::/32:8443', '[2001:db8::]/32:8443'],
    ['[::ffff:192.0.2.7]', '192.0.2.7'],
    ['all:443', 'all:443'],
    ['ALL', 'all'],
    ['all:*', 'all'],
  ])('writes %s as %s', (word, text) => {
    expect(texts(word)).toEqual([text]);
  });

  it.each([
    ['{a,b}.example.com', ['a.example.com', 'b.example.com']],
    ['{,*.}example.com', ['example.com', '*.example.com']],
    ['{a,{b,c}}.example.com:8443', ['a.example.com:8443', 'b.example.com:8443', 'c.example.com:8443']],
    ['x{1..3}.example.com', ['x1.example.com', 'x2.example.com', 'x3.example.com']],
    ['!{a,b}.example.com', ['!a.example.com', '!b.example.com']],
    ['*-{a,b}.example.com', ['*-a.example.com', '*-b.example.com']],
    ['10.{1,2}.0.0/16', ['10.1.0.0/16', '10.2.0.0/16']],
    ['{a,a}.example.com', ['a.example.com']],
    ['api.example.{com,org}', ['api.example.com', 'api.example.org']],
  ])('expands %s', (word, expected) => {
    expect(texts(word)).toEqual(expected);
  });

  it.each([
    ['*', 'it would match every host'],
    ['**', 'it would match every host'],
    ['***', 'it would match every host'],
    ['*.', 'it would match every host'],
    ['.', 'it would match every host'],
    ['*.com', 'every host under .com'],
    ['.com', 'every host under .com'],
    ['**.com', 'every host under .com'],
    ['*.com.', 'every host under .com'],
    ['*.*.com', 'last two labels'],
    ['a*.com', 'last two labels'],
    ['a.example.c?m', 'last two labels'],
    ['.*.com', 'last two labels'],
    ['*.*', 'last two labels'],
    ['a**.example.com', '** stands for whole labels'],
    ['a.**.example.com', '** stands for whole labels'],
    ['***.example.com', '** stands for whole labels'],
    ['[.example.com', 'not a glob'],
    ['[].example.com', 'not a glob'],
    ['[z-a]x.example.com', 'not a glob'],
    ['+(a).example.com*', 'last two labels'],
    ['*(a|b).example.com', 'not a glob'],
    ['*ü.example.com', 'not a glob'],
    ['*..example.com', 'empty label'],
    ['*-x..example.com', 'empty label'],
    ['https://api.example.com', 'it is a URL. Write the host alone: api.example.com'],
    ['https://api.example.com/v1?x', 'it is a URL'],
    ['api.example.com/v1', 'it holds a slash. Write the host alone: api.example.com'],
    ['/etc/passwd', 'it holds a slash'],
    ['a b.example.com', 'it holds a space'],
    ['a\tb', 'it holds a space'],
    ['a\u0000.example.com', 'a control character'],
    ['', 'it is empty'],
    ['!', 'no pattern behind the !'],
    ['!!api.example.com', 'it is denied twice. Write !api.example.com'],
    ['a..b', 'empty label'],
    ['xn--a.example', 'not a valid internationalized name'],
    ['a\u200b.example', 'an invisible character'],
    ['user@example.com', 'an @ sign'],
    ['ex%61mple.com', 'a percent sign'],
    ['127.1', 'ends in a number'],
    ['0x7f.0.0.1', 'ends in a number'],
    ['*.192.0.2.7', 'no labels in front'],
    ['.192.0.2.7', 'no labels in front'],
    ['198.51.100.7/24', 'Write 198.51.100.0/24 for the range'],
    ['198.51.100.0/33', 'prefix length'],
    ['0.0.0.0/0', 'every address'],
    ['::/0', 'every address'],
    ['[::]/0', 'every address'],
    ['2001:db8::1', 'Write [2001:db8::1], or [address]:port'],
    ['2001:db8::1:443', 'without brackets'],
    ['::1', 'Write [::1], or [address]:port'],
    ['[::1', 'its bracket is not closed'],
    ['[fe80::1%eth0]', 'not an IP address'],
    ['pyhton', 'Did you mean python?'],
    ['registry', 'registry. for a host of one label'],
    ['python:8443', 'an alias takes no port. Write python.:8443 for a host of that name'],
    ['!Default:22', 'an alias takes no port'],
    ['{python,github}', 'neither an alias nor a host'],
    ['{a,b', 'its braces are not paired'],
    ['a}.example.com', 'its braces are not paired'],
    ['a{b}.example.com', 'its braces are not paired'],
    ['{(})', 'which host names do not have'],
    ['{"a",b}.example.com', 'which host names do not have'],
    ['{1..9999}.example.com', 'more than 1000 patterns'],
    ['{1..40}{1..40}.example.com', 'more than 1000 patterns'],
    ['{1..99999999999}.example.com', 'more than 1000 patterns'],
    [`${'{'.repeat(20_000)}.example.com`, 'longer than 2000 characters'],
    [`${'{'.repeat(900)}${'}'.repeat(900)}.example.com`, 'its braces are not paired'],
    [`${'{a,b}'.repeat(200)}.example.com`, 'more than 1000 patterns'],
  ])('refuses %j: %s', (word, message) => {
    expect(() => parseWords([word])).toThrow(
      expect.objectContaining({ code: 'pattern-invalid', input: word }),
    );
    expect(() => parseWords([word])).toThrow(message);
  });

  it.each([
    ['api.example.com:0'],
    ['api.example.com:65536'],
    ['api.example.com:abc'],
    ['api.example.com:'],
    ['api.example.com:080'],
    ['api.example.com:-1'],
    ['api.example.com:80:80'],
    ['api.example.com:{80,}'],
    ['api.example.com:{}'],
    ['api.example.com:{90..80}'],
    ['api.example.com:{1..2..3}'],
    ['api.example.com:{1..9999}'],
    ['~^a$:x'],
    ['all:0'],
  ])('refuses the port of %s', (word) => {
    expect(() => parseWords([word])).toThrow(expect.objectContaining({ code: 'port-invalid', input: word }));
  });

  it.each([
    ['~', 'it is empty'],
    ['~a', 'not anchored at its end. Write ~a$'],
    ['~^api\\.example\\.com', 'Write ~^api\\.example\\.com$'],
    ['~^api\\$', 'not anchored at its end'],
    ['~^(?:a|b$)', 'not anchored at its end'],
    ['~^a[$]', 'not anchored at its end'],
    ['~^a$|^b$', 'Write ~^(?:a|b)$'],
    ['~a|b$', 'Write ~^(?:a|b)$'],
    ['~.*$', 'it matches every name'],
    ['~$', 'it matches every name'],
    ['~^.+$', 'it matches every name'],
    ['~^(?=a)b$', 'the engine refuses it'],
    ['~^(a)\\1$', 'the engine refuses it'],
    ['~^(a$', 'the engine refuses it (missing closing )'],
    ['~^a)$', 'the engine refuses it'],
    ['~^\\Qa.b$', '\\Q'],
    ['~^a b$', 'host names do not have'],
    ['~^ü$', 'host names do not have'],
    [`~^${'a'.repeat(1001)}$`, 'longer than 1000'],
    ['~^(?:a{1000}){1000}$', 'the engine refuses it'],
    ['~^(?:[a-z.]?){600}$', 'too large with its repetitions written out'],
  ])('refuses the expression %s: %s', (word, message) => {
    expect(() => parseWords([word])).toThrow(
      expect.objectContaining({ code: 'expression-invalid', input: word }),
    );
    expect(() => parseWords([word])).toThrow(message);
  });

  it('a deny without a port is for every port, an allow for the default ports, all for every port', () => {
    const ports = (word: string) => one(word).ports;
    expect([ports('a.com'), ports('!a.com'), ports('all'), ports('!all'), ports('!a.com:22')]).toEqual([
      'default',
      'all',
      'all',
      'all',
      [22],
    ]);
  });

  it('the default ports are 80 and 443, and those that are added', () => {
    expect(parseWords([]).defaultPorts).toEqual([80, 443]);
    expect(parseWords([], { extraPorts: [8443, 80] }).defaultPorts).toEqual([80, 443, 8443]);
    expect(() => parseWords([], { extraPorts: [0] })).toThrow(
      expect.objectContaining({ code: 'port-invalid' }),
    );
  });

  it('an alias keeps where its patterns come from and why', () => {
    const { rules } = parseWords(['Alpine'], { source: { file: 'a.yaml', line: 3 } });
    expect(rules[0]).toEqual({
      text: '.alpinelinux.org',
      effect: 'allow',
      pattern: { kind: 'suffix', name: 'alpinelinux.org' },
      ports: 'default',
      tls: 'sni',
      reason: 'mirrors',
      source: { word: 'Alpine', alias: 'alpine', file: 'a.yaml', line: 3 },
    });
    expect(texts('!python')).toEqual(['!.pypi.org', '!.pythonhosted.org']);
    expect(parseWords(['default'], { agent: 'codex' }).rules.map(({ text }) => text)).toContain(
      'api.openai.com',
    );
  });

  it('merging keeps the order, and the ports that each list was read with', () => {
    const merged = mergeAllowlists([parseWords(['a.com']), parseWords(['b.com'], { extraPorts: [8443] })]);
    expect(merged.rules.map(({ text }) => text)).toEqual(['a.com:{80,443}', 'b.com:{80,443,8443}']);
    expect(
      mergeAllowlists([parseWords(['a.com']), parseWords(['b.com'])]).rules.map(({ text }) => text),
    ).toEqual(['a.com', 'b.com']);
    expect(mergeAllowlists([])).toEqual({ rules: [], defaultPorts: [80, 443] });
  });
});
