import { expect, it } from 'vitest';
import { dnsServer } from '../support/dns-server.ts';
import { echoOrigin, httpOrigin, textHandler } from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A proxy that may reach `slow.test`, whose name takes a while to look up. */
async function slowLookup(port: number) {
  const directory = untilTestEnds(await temporaryDirectory('race'));
  const allowlist = await directory.write('allowlist.yaml', `- slow.test:${port}\n`);
  const dns = untilTestEnds(await dnsServer({ 'slow.test': { a: ['127.0.0.1'], delayMs: 900 } }));
  const flags = ['--allowlist', allowlist, '--dns', dns.address, '--allow-private', '127.0.0.1/32'];
  const proxy = untilTestEnds(await startProxy(flags));
  const change = async (list: string) => {
    await directory.write('allowlist.yaml', list);
    await proxy.waitForEvent({ event: 'policy-changed' });
  };
  return { proxy, dns, change };
}

it('does not open a tunnel that a new allowlist denied while its name was looked up', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const { proxy, change } = await slowLookup(echo.port);
  const waiting = connectThrough(proxy, `slow.test:${echo.port}`);
  await change('- .example.org\n');
  const { status, body } = untilTestEnds(await waiting);
  expect(status).toBe(403);
  expect(body.toString()).toContain('Reason: policy-changed');
  expect(await proxy.waitForEvent({ decision: 'deny' })).toMatchObject({
    reason: 'policy-changed',
    host: 'slow.test',
  });
});

it('does not forward a plain request that a new allowlist denied meanwhile', async () => {
  const web = untilTestEnds(await httpOrigin(textHandler('web')));
  const { proxy, change } = await slowLookup(web.port);
  const waiting = getThrough(proxy, `http://slow.test:${web.port}/`);
  await change('- .example.org\n');
  const { status, body } = await waiting;
  expect({ status, body: body.toString() }).toMatchObject({
    status: 403,
    body: expect.stringContaining('policy-changed'),
  });
  expect(web.requests).toEqual([]);
});

it('denies an address that a rule denies, under whatever name, and cuts tunnels to it', async () => {
  const echo = untilTestEnds(await echoOrigin());
  const directory = untilTestEnds(await temporaryDirectory('range'));
  const allow = `- named.test:${echo.port}\n`;
  const allowlist = await directory.write('allowlist.yaml', allow);
  const flags = [
    '--allowlist',
    allowlist,
    '--host',
    'named.test=127.0.0.1',
    '--allow-private',
    '127.0.0.1/32',
  ];
  const proxy = untilTestEnds(await startProxy(flags));
  const open = untilTestEnds(await connectThrough(proxy, `named.test:${echo.port}`));
  expect(open.status).toBe(200);

  await directory.write('allowlist.yaml', `${allow}- deny: 127.0.0.0/8\n`);
  expect(await proxy.waitForEvent({ event: 'policy-changed' })).toMatchObject({ tunnelsCut: 1 });
  expect(await proxy.waitForEvent({ event: 'close' })).toMatchObject({ reason: 'policy-changed' });
  const denied = untilTestEnds(await connectThrough(proxy, `named.test:${echo.port}`));
  expect(denied.status).toBe(403);
  expect(await proxy.waitForEvent({ decision: 'deny', reason: 'denied-by-rule' })).toMatchObject({
    host: 'named.test',
    address: '127.0.0.1',
    rule: '!127.0.0.0/8',
  });
});
