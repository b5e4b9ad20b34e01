import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { type Arena, openArena, refusedConnect, refusedGet } from './arena.ts';

let open: Arena;
let strict: Arena;
let origin: TcpOrigin;

beforeAll(async () => {
  origin = await tcpOrigin((socket) => socket.end());
  [open, strict] = await Promise.all([
    // Everything is allowed by name, so that the addresses alone decide. A range around a metadata address opens no
    // metadata address; the range of one address opens that address.
    openArena({ words: ['all'], allowPrivate: ['169.254.0.0/16', 'fd00::/8', '127.0.0.77/32'] }),
    openArena({ words: ['good.example:*', '198.51.100.0/24:*'], allowPrivate: ['127.0.0.0/8'] }),
  ]);
});

afterAll(async () => {
  expect(open.dns.queries).toEqual([]);
  expect(strict.dns.queries).toEqual([]);
  await Promise.all([open[Symbol.asyncDispose](), strict[Symbol.asyncDispose](), origin.close()]);
});

/** As written, the canonical host, and what the audit log says of it. */
const SPECIAL = [
  ['127.0.0.1', '127.0.0.1', 'loopback'],
  ['127.0.0.2', '127.0.0.2', 'loopback'],
  ['127.255.255.255', '127.255.255.255', 'loopback'],
  ['127.0.0.1.', '127.0.0.1', 'loopback'],
  ['0.0.0.0', '0.0.0.0', 'this host'],
  ['0.1.2.3', '0.1.2.3', 'this network'],
  ['10.0.0.1', '10.0.0.1', 'private use'],
  ['172.16.0.1', '172.16.0.1', 'private use'],
  ['172.31.255.255', '172.31.255.255', 'private use'],
  ['192.168.1.1', '192.168.1.1', 'private use'],
  ['100.64.0.1', '100.64.0.1', 'carrier-grade NAT'],
  ['100.127.255.254', '100.127.255.254', 'carrier-grade NAT'],
  ['198.18.0.1', '198.18.0.1', 'benchmarking'],
  ['198.19.255.255', '198.19.255.255', 'benchmarking'],
  ['192.0.0.1', '192.0.0.1', 'IETF protocol assignments'],
  ['192.0.2.1', '192.0.2.1', 'documentation'],
  ['198.51.100.1', '198.51.100.1', 'documentation'],
  ['203.0.113.1', '203.0.113.1', 'documentation'],
  ['192.88.99.1', '192.88.99.1', '6to4 relay anycast'],
  ['224.0.0.1', '224.0.0.1', 'multicast'],
  ['239.255.255.255', '239.255.255.255', 'multicast'],
  ['240.0.0.1', '240.0.0.1', 'reserved'],
  ['255.255.255.255', '255.255.255.255', 'limited broadcast'],
  ['169.254.169.254', '169.254.169.254', 'cloud instance metadata'],
  ['169.254.170.2', '169.254.170.2', 'container credentials'],
  ['169.254.170.23', '169.254.170.23', 'pod identity credentials'],
  ['169.254.0.23', '169.254.0.23', 'cloud instance metadata'],
  ['169.254.42.42', '169.254.42.42', 'cloud instance metadata'],
  ['100.100.100.200', '100.100.100.200', 'cloud instance metadata'],
  ['168.63.129.16', '168.63.129.16', 'host agent (WireServer)'],
  ['192.0.0.192', '192.0.0.192', 'cloud instance metadata'],
  ['[::]', '::', 'unspecified address'],
  ['[::1]', '::1', 'loopback'],
  ['[0:0:0:0:0:0:0:1]', '::1', 'loopback'],
  ['[0000:0000:0000:0000:0000:0000:0000:0001]', '::1', 'loopback'],
  ['[::ffff:127.0.0.1]', '127.0.0.1', 'loopback'],
  ['[::ffff:7f00:1]', '127.0.0.1', 'loopback'],
  ['[0:0:0:0:0:FFFF:7F00:0001]', '127.0.0.1', 'loopback'],
  ['[::ffff:10.0.0.1]', '10.0.0.1', 'private use'],
  ['[::ffff:169.254.169.254]', '169.254.169.254', 'cloud instance metadata'],
  ['[::ffff:a9fe:a9fe]', '169.254.169.254', 'cloud instance metadata'],
  ['[::127.0.0.1]', '::7f00:1', 'loopback'],
  ['[::a9fe:a9fe]', '::a9fe:a9fe', 'cloud instance metadata'],
  ['[::ffff:0:7f00:1]', '::ffff:0:7f00:1', 'loopback'],
  ['[::ffff:0:8.8.8.8]', '::ffff:0:808:808', 'IPv4-translated addresses'],
  ['[::8.8.8.8]', '::808:808', 'IPv4-compatible addresses'],
  ['[64:ff9b::127.0.0.1]', '64:ff9b::7f00:1', 'loopback'],
  ['[64:ff9b::a00:1]', '64:ff9b::a00:1', 'private use'],
  ['[64:ff9b::a9fe:a9fe]', '64:ff9b::a9fe:a9fe', 'cloud instance metadata'],
  ['[64:ff9b:1::7f00:1]', '64:ff9b:1::7f00:1', 'loopback'],
  ['[64:ff9b:1::808:808]', '64:ff9b:1::808:808', 'local-use IPv4/IPv6 translation'],
  ['[2002:7f00:1::]', '2002:7f00:1::', 'loopback'],
  ['[2002:a9fe:a9fe::1]', '2002:a9fe:a9fe::1', 'cloud instance metadata'],
  ['[2002:808:808::1]', '2002:808:808::1', '6to4'],
  ['[2001:0:a00:1::]', '2001:0:a00:1::', 'private use'],
  ['[2001:0:808:808:0:0:80ff:fffe]', '2001:0:808:808::80ff:fffe', 'loopback'],
  ['[2001:0:808:808::f7f7:f7f7]', '2001:0:808:808::f7f7:f7f7', 'Teredo'],
  ['[2a00:1450::5efe:7f00:1]', '2a00:1450::5efe:7f00:1', 'loopback'],
  ['[2a00:1450::200:5efe:a9fe:a9fe]', '2a00:1450::200:5efe:a9fe:a9fe', 'cloud instance metadata'],
  ['[fe80::1]', 'fe80::1', 'link local'],
  ['[febf::1]', 'febf::1', 'link local'],
  ['[fec0::1]', 'fec0::1', 'site local'],
  ['[fc00::1]', 'fc00::1', 'unique local'],
  ['[fd00:ec2::254]', 'fd00:ec2::254', 'cloud instance metadata'],
  ['[fd00:ec2::23]', 'fd00:ec2::23', 'pod identity credentials'],
  ['[fd20:ce::254]', 'fd20:ce::254', 'cloud instance metadata'],
  ['[ff02::1]', 'ff02::1', 'multicast'],
  ['[100::1]', '100::1', 'discard only'],
  ['[2001:db8::1]', '2001:db8::1', 'documentation'],
  ['[3fff::1]', '3fff::1', 'documentation'],
  ['[5f00::1]', '5f00::1', 'segment routing'],
  ['[2001:2::1]', '2001:2::1', 'benchmarking'],
  ['[2001:20::1]', '2001:20::1', 'ORCHIDv2'],
] as const;

describe('an address that is no public one is never dialled, however it is written', () => {
  it.each(SPECIAL)('CONNECT %s', async (written, host, range) => {
    const refusal = await refusedConnect(open, `${written}:8080`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'address-not-allowed']);
    expect(refusal.event).toMatchObject({ host, address: host, decision: 'deny' });
    expect(refusal.event.detail).toContain(range);
  });

  it.each(SPECIAL)('GET http://%s', async (written, host, range) => {
    const refusal = await refusedGet(open, `http://${written}:8080/latest/meta-data/`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'address-not-allowed']);
    expect(refusal.event).toMatchObject({ host, address: host });
    expect(refusal.event.detail).toContain(range);
  });
});

/** What some systems take for 127.0.0.1 or another address, and others do not. */
const AMBIGUOUS = [
  '2130706433',
  '017700000001',
  '0x7f000001',
  '0x7F.0.0.1',
  '0x7f.1',
  '127.1',
  '127.0.1',
  '0177.0.0.1',
  '0177.0.0.01',
  '127.0.0.01',
  '127.000.000.001',
  '127.0.0.0x1',
  '127.0.0.1.1',
  '127.0.0.256',
  '127.0.0.4294967297',
  '4294967296',
  '0',
  '0x0',
  '1.2.3.4.5.6.7.8',
  'evil.example.127',
  'evil.0x7f',
  '127.0.0.1%00',
  '127.0.0.1%20',
  '[127.0.0.1]',
  '[::ffff:127.1]',
  '[::ffff:0177.0.0.1]',
  '[::ffff:127.0.0.1.]',
  '[::1.]',
  '[::1%lo]',
  '[::1%25lo]',
  '[fe80::1%25eth0]',
  '[fe80::1%]',
  '[:::1]',
  '[::1::]',
  '[1:2:3:4:5:6:7]',
  '[1:2:3:4:5:6:7:8:9]',
  '[00001::]',
  '[::g]',
  '[]',
  '[v1.x]',
];

describe('an address that can be read in two ways is refused', () => {
  it.each(AMBIGUOUS)('CONNECT %s', async (written) => {
    const refusal = await refusedConnect(open, `${written}:8080`);
    expect([refusal.status, refusal.reason]).toEqual([400, 'bad-target']);
    expect(refusal.event.host).toBe('');
  });

  it.each(AMBIGUOUS)('GET http://%s', async (written) => {
    const refusal = await refusedGet(open, `http://${written}:8080/`);
    expect([refusal.status, refusal.reason]).toEqual([400, 'bad-target']);
  });
});

describe('an address needs a rule of its own', () => {
  it.each(['127.0.0.1', '[::ffff:127.0.0.1]', '[::1]', '8.8.8.8', '[2606:4700::1111]'])(
    'CONNECT %s is not covered by rules for names',
    async (written) => {
      const refusal = await refusedConnect(strict, `${written}:443`);
      expect([refusal.status, refusal.reason]).toEqual([403, 'address-not-listed']);
    },
  );

  it('a rule for a special range does not make it a public one', async () => {
    const refusal = await refusedConnect(strict, '198.51.100.7:443');
    expect(refusal.reason).toBe('address-not-allowed');
    expect(refusal.event.rule).toBe('198.51.100.0/24:*');
  });

  it('the range of one allowed address opens that address, also in its mapped spelling, and no other', async () => {
    const target = await tcpOrigin((socket) => socket.end('hello'), { host: '127.0.0.77' });
    for (const written of ['127.0.0.77', '[::ffff:127.0.0.77]', '[::ffff:7f00:4d]']) {
      await using tunnel = await connectThrough(open.proxy, `${written}:${target.port}`);
      expect(tunnel.status).toBe(200);
      expect((await tunnel.connection.readBytes(5)).toString()).toBe('hello');
    }
    for (const written of ['127.0.0.76', '[2002:7f00:4d::]', '[::7f00:4d]']) {
      expect((await refusedConnect(open, `${written}:${target.port}`)).reason).toBe('address-not-allowed');
    }
    expect(target.connections).toHaveLength(3);
    await target.close();
  });
});
