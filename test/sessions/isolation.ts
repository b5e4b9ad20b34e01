import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpOrigin, httpOrigin, textHandler } from '../support/origins.ts';
import { runProcess } from '../support/processes.ts';
import { inside, insideOk } from './inside.ts';
import type { SessionLab } from './lab.ts';
import { OUTSIDE_PORTS } from './outside-host.ts';
import { httpProbe, type Probe, pingProbe, udpProbe } from './probes.ts';
import { openTunnel } from './tunnel.ts';

/** What a session can reach, tried from inside. */
export function isolationTests(getLab: () => SessionLab): void {
  describe('a session', () => {
    const [one, two] = ['isolated-one', 'isolated-two'];
    let lab: SessionLab;
    let service: HttpOrigin;
    /** The proxy's process, which must be the same throughout. */
    const proxyStart = () =>
      lab.podman.run('inspect', '--format', '{{.State.StartedAt}} {{.State.Pid}}', `paude-proxy-${one}`);

    beforeAll(async () => {
      lab = getLab();
      await Promise.all([one, two].map((name) => lab.backend.create(lab.spec(name))));
      service = await httpOrigin(textHandler('the host\n'), { host: '::' });
    }, 120_000);

    afterAll(async () => {
      await service?.close();
      for (const name of [one, two]) await lab.backend.delete(name).catch(() => {});
    }, 60_000);

    /** Addresses of a container by network. */
    const addressesOf = async (container: string): Promise<Record<string, string>> => {
      const format = '{{range $name, $it := .NetworkSettings.Networks}}{{$name}}={{$it.IPAddress}} {{end}}';
      const pairs = (await lab.podman.run('inspect', '--format', format, container)).trim().split(' ');
      return Object.fromEntries(pairs.map((pair) => pair.split('=')));
    };

    const outsideProbes = (): readonly Probe[] => {
      const { address } = lab.outside;
      return [
        httpProbe('the outside host by TCP', address, OUTSIDE_PORTS.http),
        udpProbe('the outside host by UDP', address, OUTSIDE_PORTS.udp),
        udpProbe('a DNS server outside', address, OUTSIDE_PORTS.dns),
        pingProbe('the outside host by ICMP', address),
      ];
    };

    /** This machine, by each of its addresses. */
    const hostProbes = (): readonly Probe[] => {
      const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
      const own = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
      return own.flatMap(({ address }) => [
        httpProbe(`a service of the host at ${address}`, address, service.port),
        ...(address.includes(':') ? [] : [pingProbe(`the host at ${address}`, address)]),
      ]);
    };

    /** Runs them all at once. @returns what got through, and what each said. */
    async function tryAll(probes: readonly Probe[], run: (script: string) => Promise<string>) {
      const script = probes.map(({ script: one }, index) => `( echo "${index}:$(${one})" ) &`).join('\n');
      const said = new Map(
        (await run(`${script}\nwait`))
          .split('\n')
          .map((line) => [line.split(':')[0], line.replace(/^\d+:/, '')]),
      );
      const answers = probes.map(({ what, through }, index) => ({
        what,
        through,
        said: said.get(String(index)) ?? '',
      }));
      return answers.filter((answer) => answer.said.includes(answer.through)).map(({ what }) => what);
    }

    /** As root who may send any packet, which no session is, on a network. */
    const powerful = (network: string) => (script: string) =>
      lab.podman.run(
        ...['run', '--rm', '--network', network, '--user', '0:0', '--cap-add', 'NET_RAW'],
        ...['--entrypoint', '/usr/bin/bash', lab.image, '-c', script],
      );

    it('is tried with probes that get through from an ordinary network', async () => {
      const probes = [...outsideProbes(), ...hostProbes()];
      // The network by which its proxy gets out.
      const through = await tryAll(probes, powerful(`paude-outer-${one}`));
      const expected = probes.map(({ what }) => what).filter((what) => !what.includes('::'));
      expect(through).toEqual(expect.arrayContaining(expected));
    }, 60_000);

    it('reaches nothing directly: not the outside host, not this machine, not another session', async () => {
      const others = await addressesOf(`paude-${two}`);
      const otherProxy = await addressesOf(`paude-proxy-${two}`);
      const ownProxy = await addressesOf(`paude-proxy-${one}`);
      const outer = ownProxy[`paude-outer-${one}`] ?? '';
      const gateways = [ownProxy[`paude-${one}`] ?? '', outer].map((address) => address.replace(/\d+$/, '1'));
      const probes = [
        ...outsideProbes(),
        ...hostProbes(),
        ...gateways.flatMap((address) => [
          httpProbe(`a service of the host at ${address}`, address, service.port),
          pingProbe(`the host at ${address}`, address),
        ]),
        ...[...Object.values(others), ...Object.values(otherProxy)].flatMap((address) => [
          pingProbe(`the other session at ${address}`, address),
          { ...httpProbe(`the other session's proxy at ${address}`, address, 3128), through: 'http 4' },
        ]),
        pingProbe('the far side of its own proxy', outer),
        httpProbe('the admin port of its own proxy', ownProxy[`paude-${one}`] ?? '', 9128),
      ];
      expect(probes.length).toBeGreaterThan(12);
      const own = pingProbe('its own proxy', ownProxy[`paude-${one}`] ?? '');
      expect(await tryAll(probes, (script) => insideOk(lab.backend, one, script))).toEqual([]);
      // Not even with rights that it does not have: there is no way, whatever is sent.
      expect(await tryAll([...probes, own], powerful(`container:paude-${one}`))).toEqual([own.what]);
      const admin = await inside(
        lab.backend,
        one,
        `curl -sS --noproxy '*' -m 3 http://${ownProxy[`paude-${one}`]}:9128/policy`,
      );
      expect(admin).toMatchObject({ code: 7, stdout: '' });
    }, 60_000);

    it('has no route, no IPv6 and no names but its own', async () => {
      const routes = (await insideOk(lab.backend, one, 'cat /proc/net/route')).trim().split('\n').slice(1);
      // Docker gives it the route to a gateway that nobody is; the probes have tried that.
      if (lab.engine.name === 'podman') {
        expect(routes.map((line) => line.split('\t')[2])).toEqual(['00000000']);
        expect(routes.map((line) => line.split('\t')[1])).not.toContain('00000000');
      }
      expect(await insideOk(lab.backend, one, 'grep -v " lo$" /proc/net/if_inet6 || true')).toBe('');
      const lookups =
        'for name in outside.test example.com paude-proxy-isolated-two; do timeout 5 getent hosts $name; done; true';
      expect(await insideOk(lab.backend, one, lookups)).toBe('');
    });

    it('cannot change that: it has no capability, cannot become root, and owns no way around', async () => {
      const status = await insideOk(lab.backend, one, 'cat /proc/self/status');
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      const attempts = [
        'echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6',
        'echo x > /etc/hosts',
        'echo x > /etc/resolv.conf',
        'touch /usr/bin/x',
        'touch /opt/paude/session/agent',
      ];
      for (const attempt of attempts) {
        expect((await inside(lab.backend, one, attempt)).code, attempt).not.toBe(0);
      }
      const limits = await insideOk(
        lab.backend,
        one,
        'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2> /dev/null || true',
      );
      expect(limits.trim()).toBe('256');
    });

    it('has a proxy that serves it alone, on its own network alone', async () => {
      const proxy = await addressesOf(`paude-proxy-${one}`);
      // Neither from the outer network nor from the host by its address there.
      const asked = [
        ...['curl', '-sS', '-m', '3', '-x', `http://${proxy[`paude-outer-${one}`]}:3128`],
        ...['-o', '/dev/null', '-w', '%{http_code}', 'http://outside.test:8080/'],
      ];
      const args = ['run', '--rm', '--network', `paude-outer-${one}`, '--entrypoint', '/usr/bin/curl'];
      const neighbour = await lab.podman.try(...args, lab.image, ...asked.slice(1));
      expect(neighbour).toMatchObject({ code: 7, stdout: '000' });
      expect(await runProcess('curl', asked.slice(1))).toMatchObject({ code: 7, stdout: '000' });
      // Somebody else on its own network is refused by name.
      const script = `curl -sS -m 5 -x http://${proxy[`paude-${one}`]}:3128 http://outside.test:8080/`;
      const stranger = await lab.podman.try(
        'run',
        '--rm',
        '--network',
        `paude-${one}`,
        '--entrypoint',
        '/usr/bin/bash',
        lab.image,
        '-c',
        script,
      );
      expect(stranger.stdout).toContain('client-not-allowed');
    }, 60_000);

    it('is led by its proxy neither to this machine nor to the other session, whatever is allowed', async () => {
      await lab.backend.setAllowedDomains(two, ['all']);
      const host = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
      const gateway =
        (await addressesOf(`paude-proxy-${two}`))[`paude-outer-${two}`]?.replace(/\d+$/, '1') ?? '';
      const other = (await addressesOf(`paude-${one}`))[`paude-${one}`] ?? '';
      expect(host.map(({ address }) => address)).toContain(gateway);
      for (const target of [
        `${gateway}:${service.port}`,
        `127.0.0.1:9128`,
        `localhost:9128`,
        `${other}:8080`,
        `host.containers.internal:${service.port}`,
        '169.254.169.254:80',
      ]) {
        const script = `NO_PROXY= no_proxy= curl -sS -m 10 -o /dev/null -w '%{http_code}' http://${target}/`;
        expect((await inside(lab.backend, two, script)).stdout, target).toMatch(/^(403|502|508)$/);
      }
      expect(service.requests.filter(({ authority }) => authority.startsWith(gateway))).toHaveLength(1);
      await lab.backend.setAllowedDomains(two, []);
    }, 60_000);

    it('gets new words without a restart or a dropped tunnel, and loses the tunnels of words that go', async () => {
      const before = await proxyStart();
      const get = (host: string) =>
        insideOk(lab.backend, one, `curl -sS -m 10 -o /dev/null -w '%{http_code}' http://${host}:8080/`);
      expect(await get('outside.test')).toBe('200');
      expect(await get('other.test')).toBe('403');
      const kept = await openTunnel(lab.backend, one, `outside.test:${OUTSIDE_PORTS.echo}`);
      await kept.echo('before');
      await lab.backend.setAllowedDomains(one, ['outside.test:*', 'other.test:*']);
      expect(await get('other.test')).toBe('200');
      await kept.echo('after');
      const cut = await openTunnel(lab.backend, one, `other.test:${OUTSIDE_PORTS.echo}`);
      await cut.echo('alive');
      await lab.backend.setAllowedDomains(one, ['outside.test:*']);
      await cut.closed();
      expect(await get('other.test')).toBe('403');
      await kept.echo('still');
      await Promise.all([kept.end(), cut.end()]);
      expect(await proxyStart()).toBe(before);
      // The log goes on over both changes, and names what was allowed and what was not.
      const log = (await text(await lab.backend.logs(one, { of: 'proxy' })))
        .split('\n')
        .filter((line) => line !== '');
      const events = log.map((line) => JSON.parse(line));
      expect(events).toContainEqual(
        expect.objectContaining({ host: 'other.test', decision: 'deny', reason: 'not-listed' }),
      );
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'decision', host: 'other.test', decision: 'allow' }),
      );
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'close', host: 'other.test', reason: 'policy-changed' }),
      );
      expect(await get('outside.test')).toBe('200');
    }, 60_000);

    it('is without its agent when its proxy is gone, until it is started again', async () => {
      await lab.podman.run('kill', `paude-proxy-${two}`);
      expect((await lab.backend.status(two)).state).toMatch(/broken|running/);
      expect(await tryAll(outsideProbes(), (script) => insideOk(lab.backend, two, script))).toEqual([]);
      await lab.backend.start(two);
      expect(await lab.backend.status(two)).toMatchObject({ state: 'running', proxy: 'ready' });
      // Started by hand it has no credentials, and so no agent.
      await lab.backend.stop(two);
      await lab.podman.run('start', `paude-${two}`);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(await lab.backend.status(two)).toMatchObject({
        state: 'broken',
        problem: 'its proxy does not run',
        activity: { running: false },
      });
      await lab.backend.start(two);
      expect((await lab.backend.status(two)).state).toBe('running');
    }, 60_000);
  });
}
