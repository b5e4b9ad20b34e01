import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type DaemonProcess, run } from './run.ts';

/** Runs the daemon with these arguments and this environment, as long as it does not start. */
async function daemon(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const said = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text;
      return true;
    },
  });
  const own = { argv: ['node', 'main.js', ...args], env, stdout: stream('stdout'), stderr: stream('stderr') };
  const code = await run(Object.assign(new EventEmitter(), own) as unknown as DaemonProcess);
  return { code, ...said };
}

describe('paude-proxy', () => {
  it('prints help', async () => {
    const { code, stdout } = await daemon(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: paude-proxy');
  });

  it('answers a command line that it cannot read with exit code 2 and its usage', async () => {
    const { code, stdout, stderr } = await daemon(['--sesame']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: .*--sesame.*\n.*Usage: paude-proxy/s);
  });

  it('refuses a command that it does not have', async () => {
    const { code, stderr } = await daemon(['proxy']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: Cannot run the command "proxy": the daemon has no such command. Leave it out to run the proxy, or write healthcheck.\n',
    );
  });

  it.each([
    [{ PAUDE_PROXY_LISTEN: 'nowhere' }, 'Cannot listen on "nowhere"'],
    [{ ALLOWED_OTEL_PORTS: '4317,x' }, 'ALLOWED_OTEL_PORTS'],
    [{ PAUDE_PROXY_REPORT_ONLY: 'perhaps' }, 'PAUDE_PROXY_REPORT_ONLY=perhaps'],
    [{ PAUDE_PROXY_ALLOWLIST: '/no/such/allowlist' }, '/no/such/allowlist'],
    [{ ALLOWED_DOMAINS: '*.com' }, 'Cannot read the pattern "*.com"'],
    [{ PAUDE_PROXY_CONFIG: '/no/such/file' }, 'there is no such file'],
    [{ BLOCKED_LOG_PATH: '/no/such/directory/log' }, 'there is no such directory'],
  ])('does not start with %j, and says why', async (env, message) => {
    const { code, stderr } = await daemon([], { PAUDE_PROXY_ADMIN: 'off', ...env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Cannot .*\.\n$/);
    expect(stderr).toContain(message);
  });

  it('is not well when nothing answers', async () => {
    expect((await daemon(['healthcheck'], { PAUDE_PROXY_ADMIN: '127.0.0.1:1' })).code).toBe(1);
    expect(
      (await daemon(['healthcheck'], { PAUDE_PROXY_ADMIN: 'off', PAUDE_PROXY_LISTEN: '127.0.0.1:1' })).code,
    ).toBe(1);
  });
});
