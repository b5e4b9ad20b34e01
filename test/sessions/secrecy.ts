import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { insideOk } from './inside.ts';
import type { SessionLab } from './lab.ts';

/** Real credentials, as a person would have them; each has a word in it that nothing else has. */
const SECRETS = {
  variables: new Map([
    ['GH_TOKEN', 'ghp_REALSECRETonevariable'],
    ['OWN_KEY', 'REALSECRETtwo\nwith a "second" line $HOME'],
  ]),
  files: new Map([
    [
      'GOOGLE_APPLICATION_CREDENTIALS',
      Buffer.from(
        JSON.stringify({
          type: 'authorized_user',
          client_id: 'REALSECRETthree',
          client_secret: 'REALSECRETfour',
          refresh_token: 'REALSECRETfive',
        }),
      ),
    ],
  ]),
};

const ROUTES = JSON.stringify({
  credentials: [{ name: 'own', from: { env: 'OWN_KEY' }, inject: { type: 'bearer' }, hosts: ['own.test'] }],
});

/** What a session holds, and what it does not. */
export function secrecyTests(getLab: () => SessionLab): void {
  describe('the secrets of a session', () => {
    const name = 'secretive';
    let lab: SessionLab;

    beforeAll(async () => {
      lab = getLab();
      const spec = lab.spec(name, {
        secrets: SECRETS,
        credentials: ROUTES,
        allowedDomains: ['default', 'own.test'],
      });
      // What the engine is told while it works, as anyone on the machine can see it.
      const seen: string[] = [];
      let watching = true;
      const watch = (async () => {
        while (watching) seen.push(await lab.commandLines());
      })();
      await lab.backend.create(spec);
      watching = false;
      await watch;
      expect(seen.join('\n')).toContain('paude-proxy-secretive');
      expect(seen.join('\n')).not.toContain('REALSECRET');
    }, 120_000);

    afterAll(() => lab.backend.delete(name), 60_000);

    it('are with its proxy', async () => {
      const node = ['exec', `paude-proxy-${name}`, '/opt/paude/bin/node', '-p'];
      expect(await lab.podman.run(...node, 'process.env.OWN_KEY')).toBe(SECRETS.variables.get('OWN_KEY'));
      const file = 'fs.readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS, "utf8")';
      expect(await lab.podman.run(...node, file)).toContain('REALSECRETfive');
      expect(await lab.podman.run(...node, 'fs.statSync("/var/lib/paude/ca/ca.key").mode.toString(8)')).toBe(
        '100600',
      );
      expect(await lab.podman.run(...node, 'fs.statSync("/var/lib/paude/secrets").mode.toString(8)')).toBe(
        '40700',
      );
    });

    it('are not with the session: not in its environment, files, mounts or processes', async () => {
      await eventually('the agent', async () => (await lab.backend.status(name)).activity.running, {
        timeoutMs: 20_000,
        intervalMs: 200,
      });
      const everything = [
        'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/self/mountinfo',
        'find / -xdev -type f -exec cat {} +',
        'find /pvc /credentials /dev /run /tmp -type f -exec cat {} +',
      ];
      // In brackets: what searches must not find itself.
      const search = (what: string, script: string) =>
        insideOk(lab.backend, name, `{ ${script}; } 2> /dev/null | grep -a -c '${what}' || true`);
      for (const script of everything) expect(await search('[R]EALSECRET', script), script).toBe('0\n');
      for (const [index, what] of ['GH_TOKE[N]', 'gnu-[t]ar\\|G[N]U', 'paude-proxy-manage[d]'].entries()) {
        expect(Number(await search(what, everything[index] ?? '')), what).toBeGreaterThan(0);
      }
      const mounts = await insideOk(lab.backend, name, 'cat /proc/self/mountinfo');
      expect(mounts).not.toContain(`paude-proxy-${name}`);
      const inspected = await lab.podman.run('inspect', `paude-${name}`);
      expect(inspected).not.toContain('REALSECRET');
      expect(inspected).not.toContain('/var/lib/paude');
    }, 60_000);

    it('do not include the key of the authority, whose certificate the session trusts', async () => {
      const node = ['exec', `paude-proxy-${name}`, '/opt/paude/bin/node', '-p'];
      const key = await lab.podman.run(...node, 'fs.readFileSync("/var/lib/paude/ca/ca.key", "utf8")');
      const certificate = await lab.podman.run(
        ...node,
        'fs.readFileSync("/var/lib/paude/ca/ca.crt", "utf8").trim()',
      );
      expect(key).toContain('PRIVATE KEY');
      const keyLine = key.split('\n')[1] ?? '';
      expect(keyLine.length).toBeGreaterThan(40);
      const everything =
        'cat /credentials/*/* /credentials/* /proc/[0-9]*/environ 2> /dev/null; find /pvc /etc /opt /tmp -type f -exec cat {} + 2> /dev/null; true';
      const held = await insideOk(lab.backend, name, everything);
      expect(held).toContain(certificate.split('\n')[1]);
      expect(held).not.toContain(keyLine);
      expect(held).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----/);
    }, 60_000);

    it('have stubs in their place, for own routes as well', async () => {
      expect(await insideOk(lab.backend, name, 'echo "$GH_TOKEN $OWN_KEY"')).toBe(
        'paude-proxy-managed paude-proxy-managed\n',
      );
    });

    it('stay where they were when it is stopped and started', async () => {
      await lab.backend.stop(name);
      await lab.backend.start(name);
      const node = ['exec', `paude-proxy-${name}`, '/opt/paude/bin/node', '-p'];
      expect(await lab.podman.run(...node, 'process.env.OWN_KEY')).toBe(SECRETS.variables.get('OWN_KEY'));
      expect(
        await insideOk(
          lab.backend,
          name,
          'stat -c %a /credentials/stubs/application_default_credentials.json',
        ),
      ).toBe('600\n');
    }, 60_000);

    it.each(['PATH', 'CONTAINER_HOST', 'LD_PRELOAD', 'https_proxy', 'A=B', ''])(
      'are refused under the name %j, which would change what the engine does',
      async (variable) => {
        const secrets = { variables: new Map([[variable, 'REALSECRETsix']]), files: new Map() };
        const refusal = lab.backend.create(lab.spec('refused', { secrets }));
        await expect(refusal).rejects.toMatchObject({ code: 'secret-invalid' });
        await expect(refusal).rejects.not.toThrow('REALSECRET');
      },
    );

    it.each(['PAUDE_PROXY_ALLOWED_CLIENTS', 'PAUDE_PROXY_LISTEN', 'NODE_OPTIONS', 'LD_PRELOAD'])(
      'are not opened by the setting %s of the proxy',
      async (setting) => {
        const spec = lab.spec('refused', { proxySettings: { [setting]: 'x' } });
        await expect(lab.backend.create(spec)).rejects.toMatchObject({ code: 'setting-invalid' });
      },
    );
  });
}
