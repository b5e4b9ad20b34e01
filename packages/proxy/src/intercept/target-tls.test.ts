import { connect } from 'node:net';
import { parseHost } from '@paude/allowlist';
import { beforeAll, describe, expect, it } from 'vitest';
import { authorityPem, certificateFor } from '../../../../test/support/certificates.ts';
import { eventually } from '../../../../test/support/deadline.ts';
import { secureOrigin, silentOrigin } from '../../../../test/support/origins.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { type Secured, TargetTls } from './target-tls.ts';

const HOST = 'api.example.com';
let tls: TargetTls;
beforeAll(async () => {
  tls = new TargetTls(await authorityPem());
});

function secure(port: number, { host = HOST, protocols = ['h2', 'http/1.1'], through = tls } = {}) {
  const stream = connect({ host: '127.0.0.1', port });
  const options = { protocols, timeoutMs: 500 };
  return through.secure(stream, { host: parseHost(host), port: 443 }, options).then((secured: Secured) => {
    if (secured.kind === 'failed') return { failed: secured.detail, destroyed: stream.destroyed };
    const reused = secured.socket.isSessionReused();
    secured.socket.resume().end();
    return { protocol: secured.protocol, reused };
  });
}

describe('TargetTls', () => {
  it.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], undefined],
  ])('offers %j, and says what was agreed on: %s', async (protocols, protocol) => {
    const origin = untilTestEnds(await secureOrigin(undefined, { names: [HOST] }));
    expect(await secure(origin.port, { protocols })).toEqual({ protocol, reused: false });
    const { serverName } = await eventually('the handshake', () => origin.handshakes[0]);
    expect(serverName).toBe(HOST);
  });

  it('names no address in SNI, and compares the certificate with it', async () => {
    const origin = untilTestEnds(await secureOrigin(undefined, { names: ['127.0.0.1'] }));
    expect(await secure(origin.port, { host: '127.0.0.1' })).toMatchObject({ protocol: 'h2' });
    const { serverName } = await eventually('the handshake', () => origin.handshakes[0]);
    expect(serverName).toBeUndefined();
    expect(await secure(origin.port, { host: '127.0.0.2' })).toMatchObject({
      failed: 'its certificate is for other names',
    });
  });

  it.each([
    [
      'a stranger',
      { authority: 'stranger' },
      HOST,
      /not trusted \(.*\); one can be trusted with --upstream-ca/,
    ],
    [
      'an authority whose certificate has expired',
      { lifetimeMs: -1000 },
      HOST,
      /^its certificate has expired$/,
    ],
    ['an authority, for another name', {}, 'other.example', /^its certificate is for other names$/],
  ])('fails for a certificate by %s, again and again', async (_, options, name, why) => {
    const certificate = await certificateFor([name], options);
    const origin = untilTestEnds(await secureOrigin(undefined, { names: [name], certificate }));
    for (let count = 0; count < 3; count++)
      expect(await secure(origin.port)).toEqual({ failed: expect.stringMatching(why), destroyed: true });
  });

  it('trusts nothing beside what Node trusts unless it is told to', async () => {
    const origin = untilTestEnds(await secureOrigin(undefined, { names: [HOST] }));
    expect(await secure(origin.port, { through: new TargetTls() })).toHaveProperty('failed');
  });

  it('gives up on a target that does not answer, and on one that closes', async () => {
    const silent = untilTestEnds(await silentOrigin());
    expect(await secure(silent.port)).toEqual({ failed: 'after 500 ms', destroyed: true });
    const later = secure(silent.port);
    const record = await silent.connection(1);
    record.socket.destroy();
    expect(await later).toMatchObject({ failed: 'it closed the connection' });
  });
});
