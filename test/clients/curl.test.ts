import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { curl } from '../support/clients.ts';
import { requireComponent } from '../support/components.ts';
import { digestOf } from '../support/digest.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { bulkHandler, httpOrigin, secureOrigin, textHandler } from '../support/origins.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const NAME = 'origin.test';
const ONE_GIB = 1_073_741_824;
const LOCAL = ['--host', `${NAME}=127.0.0.1`, '--allow-private', '127.0.0.1/32'];

requireComponent('curl').describe('curl through the proxy', () => {
  it('fetches over plain HTTP', async () => {
    const origin = untilTestEnds(await httpOrigin(textHandler('plain')));
    const proxy = untilTestEnds(await startProxy([...LOCAL, '--allowed-domains', `${NAME}:${origin.port}`]));
    const { code, stdout } = await curl([`http://${NAME}:${origin.port}/`], { proxy: proxy.url });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'plain' });
  });

  it.each(['http1.1', 'http2'])('fetches over HTTPS with %s inside the tunnel', async (version) => {
    const origin = untilTestEnds(await secureOrigin(textHandler('secret'), { names: [NAME] }));
    const proxy = untilTestEnds(await startProxy([...LOCAL, '--allowed-domains', `${NAME}:${origin.port}`]));
    const url = `https://${NAME}:${origin.port}/`;
    const format = '%{http_version}';
    const { code, stdout } = await curl([`--${version}`, '--write-out', `|${format}`, url], {
      proxy: proxy.url,
      trust: [origin.certificate.caPem],
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `secret|${version === 'http2' ? '2' : '1.1'}` });
    const close = await proxy.waitForEvent({ event: 'close' });
    expect(close).toMatchObject({
      host: NAME,
      port: origin.port,
      sni: NAME,
      decision: 'allow',
      method: 'CONNECT',
    });
  });

  it('moves 1 GiB down and 1 GiB up unchanged', async () => {
    const origin = untilTestEnds(await secureOrigin(bulkHandler, { names: [NAME], protocols: ['http/1.1'] }));
    const proxy = untilTestEnds(await startProxy([...LOCAL, '--allowed-domains', `${NAME}:${origin.port}`]));
    const directory = untilTestEnds(await temporaryDirectory('bulk'));
    const ca = await directory.write('ca.pem', origin.certificate.caPem);
    const known = knownBytes(ONE_GIB);
    const base = ['--disable', '--silent', '--show-error', '--fail', '--proxy', proxy.url, '--cacert', ca];

    const down = spawn('curl', [...base, `https://${NAME}:${origin.port}/bytes/${ONE_GIB}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [received, [downCode]] = await Promise.all([digestOf(down.stdout), once(down, 'close')]);
    expect({ downCode, ...received }).toEqual({ downCode: 0, bytes: ONE_GIB, sha256: known.sha256 });

    const up = spawn('curl', [...base, '--upload-file', '-', `https://${NAME}:${origin.port}/upload`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const chunks: Buffer[] = [];
    up.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = once(up, 'close');
    await pipeline(knownBytes(ONE_GIB).stream(), up.stdin);
    const [upCode] = await closed;
    expect(upCode).toBe(0);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({
      bytes: ONE_GIB,
      sha256: known.sha256,
    });

    await proxy.waitForEvent((event) => event.event === 'close' && Number(event.bytesUp) > ONE_GIB);
    const closes = proxy.events({ event: 'close' });
    expect(closes).toHaveLength(2);
    expect(closes[0]?.bytesDown).toBeGreaterThan(ONE_GIB);
    expect(closes[1]?.bytesUp).toBeGreaterThan(ONE_GIB);
  }, 120_000);

  it('says why a host is refused, on the first line of the answer and in the body of plain HTTP', async () => {
    const proxy = untilTestEnds(await startProxy(['--allowed-domains', '.example.org']));
    const tunnel = await curl(['--include', 'https://not-listed.example.com/'], { proxy: proxy.url });
    expect(tunnel.code).not.toBe(0);
    expect(tunnel.stdout).toContain('403 Blocked by the egress policy: not-listed');
    const plain = await curl(['http://not-listed.example.com/?secret=1'], { proxy: proxy.url });
    expect(plain.stdout).toContain('not-listed.example.com:80 is not on the allowlist');
    expect(plain.stdout).toContain('ask the owner to allow "not-listed.example.com"');
    expect(proxy.logLines().join('\n')).not.toContain('secret');
  });

  it('cuts a download when the allowlist stops allowing its host', async () => {
    const origin = untilTestEnds(await secureOrigin(bulkHandler, { names: [NAME], protocols: ['http/1.1'] }));
    const directory = untilTestEnds(await temporaryDirectory('reload'));
    const allowlist = await directory.write('allowlist.yaml', `- ${NAME}:${origin.port}\n`);
    const proxy = untilTestEnds(await startProxy([...LOCAL, '--allowlist', allowlist]));
    const running = curl(
      ['--limit-rate', '100k', '--output', '/dev/null', `https://${NAME}:${origin.port}/bytes/${ONE_GIB}`],
      {
        proxy: proxy.url,
        trust: [origin.certificate.caPem],
      },
    );
    await proxy.waitForEvent({ event: 'decision', decision: 'allow' });
    await directory.write('allowlist.yaml', '- .example.org\n');
    const close = await proxy.waitForEvent({ event: 'close' });
    expect(close).toMatchObject({ decision: 'deny', reason: 'policy-changed', host: NAME });
    expect((await running).code).not.toBe(0);
    expect(await proxy.waitForEvent({ event: 'policy-changed' })).toMatchObject({ rules: 1, tunnelsCut: 1 });
  });
});
