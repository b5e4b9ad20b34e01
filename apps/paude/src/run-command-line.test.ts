import { describe, expect, it } from 'vitest';
import { paude } from './testing/paude.ts';

describe('paude', () => {
  it('prints its version', async () => {
    expect(await paude(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await paude(['-V'])).code).toBe(0);
  });

  it('prints help on standard output when asked', async () => {
    for (const args of [['--help'], ['help', 'proxy'], ['proxy', '-h']]) {
      const { code, stdout, stderr } = await paude(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('Usage: paude');
      expect(stdout).toContain('Examples:');
    }
  });

  it('prints help on standard error when a command is missing', async () => {
    const { code, stdout, stderr } = await paude(['allowlist']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: paude');
  });

  it('says what sessions there are when nothing is asked', async () => {
    expect(await paude([], { env: { PATH: '/nowhere', HOME: '/nowhere' } })).toEqual({
      code: 0,
      stdout: 'There is no session. Make one: paude create --git\n',
      stderr: '',
    });
  });

  it.each([
    [
      ['prox'],
      'Cannot run the command "prox": there is none of that name. Write proxy, or add --help to see what there is.',
    ],
    [
      ['proxy', '--allowed-domain', 'x'],
      'Cannot read the option "--allowed-domain": there is none of that name. Write --allowed-domains, or add --help to see what there is.',
    ],
    [
      ['proxy', '--sesame'],
      'Cannot read the option "--sesame": there is none of that name. Add --help to see what there is.',
    ],
    [
      ['proxy', '--listen'],
      'Cannot read the option "--listen": its value is missing. Write it as in --listen <host:port>.',
    ],
    [
      ['proxy', 'github'],
      'Cannot run the command "proxy": it takes no further words (github). Leave them out, or put the option that they belong to in front.',
    ],
    [
      ['proxy', '--log-format', 'xml'],
      'Cannot use the log format "xml": there is none of that name. Write json, pretty or squid.',
    ],
    [
      ['proxy', '--idle-timeout', 'soon'],
      'Cannot read the duration "soon": it is not a number with a unit. Write it as in 500ms, 10s, 5m or 1h.',
    ],
  ])('answers %j with what to write instead, once, and exit code 2', async (args, message) => {
    expect(await paude(args)).toEqual({ code: 2, stdout: '', stderr: `error: ${message}\n` });
  });

  it.each([
    [['proxy', '--allowed-domains', '*.com'], 'Cannot read the pattern "*.com"'],
    [['proxy', '--allowed-domains', 'pyhton'], 'python'],
    [
      ['proxy', '--config', '/no/such/file'],
      'Cannot read the configuration "/no/such/file": there is no such file.',
    ],
    [['proxy', '--log', '/no/such/directory/log'], 'Cannot write the log "/no/such/directory/log"'],
    [['proxy', '--listen', 'nowhere'], 'Cannot listen on "nowhere": it names no port.'],
    [['proxy', '--allow-private', 'home'], 'home'],
  ])('answers %j with exit code 1 and says why', async (args, message) => {
    const { code, stdout, stderr } = await paude(args);
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: Cannot .*\.\n$/);
    expect(stderr).toContain(message);
  });

  it('colours errors on a terminal only, and never against NO_COLOR', async () => {
    const red = '\u001b[31merror\u001b[0m: ';
    expect((await paude(['nope'], { isTerminal: true })).stderr).toContain(red);
    expect((await paude(['nope'], { isTerminal: true, env: { NO_COLOR: '1' } })).stderr).toMatch(/^error: /);
    expect((await paude(['nope'], { isTerminal: true, env: { NO_COLOR: '' } })).stderr).toContain(red);
  });

  it('lets no control character of an argument reach the terminal', async () => {
    const { stderr } = await paude(['proxy', '--\u001b[2J']);
    expect(stderr).not.toContain('\u001b');
  });
});
