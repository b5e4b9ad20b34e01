import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ClientHelloOptions,
  clientHello,
  clientHelloMessage,
  cut,
  records,
  sslv2ClientHello,
} from '../support/client-hello.ts';
import { expectCut, expectPassed, LAB, on443, openTlsLab, type TlsLab } from './tunnels.ts';

let lab: TlsLab;
beforeAll(async () => {
  lab = await openTlsLab(`- { allow: any.other.example, ports: "*", tls: any }`);
});
afterAll(() => lab[Symbol.asyncDispose]());

type HelloFor = (host: string) => Buffer;
const named =
  (options: (host: string) => ClientHelloOptions): HelloFor =>
  (host) =>
    clientHello(options(host));
const withNames = (names: (host: string) => readonly string[]): HelloFor =>
  named((host) => ({ serverNames: names(host) }));
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const REFUSED: readonly (readonly [string, HelloFor, string])[] = [
  ['another allowed host', withNames(() => [`other.${LAB}`]), 'sni-mismatch'],
  ['a host that is not allowed', withNames(() => ['evil.example']), 'sni-mismatch'],
  ['a subdomain of the host', withNames((host) => [`x.${host}`]), 'sni-mismatch'],
  ['the parent of the host', withNames((host) => [host.slice(host.indexOf('.') + 1)]), 'sni-mismatch'],
  ['a longer name that begins with the host', withNames((host) => [`${host}.evil.example`]), 'sni-mismatch'],
  ['a longer name that ends with the host', withNames((host) => [`evil${host}`]), 'sni-mismatch'],
  ['the host with a port', withNames((host) => [`${host}:443`]), 'sni-mismatch'],
  ['the host with two trailing dots', withNames((host) => [`${host}..`]), 'sni-mismatch'],
  ['the host with an encoded dot', withNames((host) => [host.replace('.', '%2e')]), 'sni-mismatch'],
  ['the host with a leading dot', withNames((host) => [`.${host}`]), 'sni-mismatch'],
  ['a wildcard for the host', withNames(() => [`*.${LAB}`]), 'sni-mismatch'],
  ['userinfo in front of the host', withNames((host) => [`evil.example@${host}`]), 'sni-mismatch'],
  ['an IPv4 address', withNames(() => ['127.0.0.1']), 'sni-mismatch'],
  ['an IPv6 address', withNames(() => ['::1']), 'sni-mismatch'],
  ['an IPv6 address in brackets', withNames(() => ['[::1]']), 'sni-mismatch'],
  ['a name of 9,000 characters', withNames(() => ['a'.repeat(9000)]), 'sni-mismatch'],
  ['no name', withNames(() => []), 'sni-missing'],
  ['no extensions', named(() => ({ withoutExtensions: true })), 'sni-missing'],
  ['the host and a second name', withNames((host) => [host, 'evil.example']), 'client-hello-malformed'],
  ['a second name and the host', withNames((host) => ['evil.example', host]), 'client-hello-malformed'],
  ['the host twice', withNames((host) => [host, host]), 'client-hello-malformed'],
  [
    'the extension twice',
    named((host) => ({ serverNames: [host], after: [{ type: 0, body: hex('0009 00 0006 622e74657374') }] })),
    'client-hello-malformed',
  ],
  ['an empty list of names', named(() => ({ serverNameBody: hex('0000') })), 'client-hello-malformed'],
  ['an empty name', named(() => ({ serverNameBody: hex('0003 00 0000') })), 'client-hello-malformed'],
  [
    'a name of another type',
    named(() => ({ serverNameBody: hex('0004 01 0001 61') })),
    'client-hello-malformed',
  ],
  ['the host and a NUL', withNames((host) => [`${host}\0`]), 'client-hello-malformed'],
  [
    'the host, a NUL and another name',
    withNames((host) => [`${host}\0.evil.example`]),
    'client-hello-malformed',
  ],
  ['the host and a line end', withNames((host) => [`${host}\r\n`]), 'client-hello-malformed'],
  ['the host and a space', withNames((host) => [`${host} `]), 'client-hello-malformed'],
  ['a byte above ASCII', withNames(() => ['g\xf6od.lab.example']), 'client-hello-malformed'],
  [
    'a name that is longer than said',
    named((host) => ({ serverNames: [host], wrongBy: { serverName: -3 } })),
    'client-hello-malformed',
  ],
  [
    'a name that is shorter than said',
    named((host) => ({ serverNames: [host], wrongBy: { serverName: 1 } })),
    'client-hello-malformed',
  ],
  [
    'extensions that are shorter than said',
    named((host) => ({ serverNames: [host], wrongBy: { extensions: 2 } })),
    'client-hello-malformed',
  ],
  [
    'a hello that is longer than said',
    named((host) => ({ serverNames: [host], wrongBy: { handshake: -5 } })),
    'client-hello-malformed',
  ],
  ['an outer ECH', named((host) => ({ serverNames: [host], ech: 'outer' })), 'ech'],
  ['an inner ECH', named((host) => ({ serverNames: [host], ech: 'inner' })), 'ech'],
  ['ESNI', named((host) => ({ serverNames: [host], esni: true })), 'ech'],
  ['ECH and no name', named(() => ({ serverNames: [], ech: 'outer' })), 'ech'],
  [
    'an outer ECH with the name of its provider',
    named(() => ({ serverNames: ['ech.example'], ech: 'outer' })),
    'ech',
  ],
  ['two hellos in one record', (host) => twoMessages(host), 'client-hello-malformed'],
  [
    'an empty record first',
    (host) => Buffer.concat([hex('16 0301 0000'), clientHello({ serverNames: [host] })]),
    'client-hello-malformed',
  ],
  [
    'a warning first',
    (host) => Buffer.concat([hex('15 0301 0002 0164'), clientHello({ serverNames: [host] })]),
    'client-hello-malformed',
  ],
  ['a ServerHello first', () => hex('16 0301 0004 02000000'), 'client-hello-malformed'],
  [
    'a record version that TLS does not have',
    (host) => clientHello({ serverNames: [host] }, { version: 0x0401 }),
    'client-hello-malformed',
  ],
  [
    'a record that is too long',
    () => Buffer.concat([hex('16 0301 4001 01'), Buffer.alloc(100)]),
    'client-hello-malformed',
  ],
  [
    '40 records',
    (host) => Buffer.concat(records(clientHelloMessage({ serverNames: [host] }), { fragmentBytes: 7 })),
    'client-hello-malformed',
  ],
  ['another record in the middle', (host) => interrupted(host), 'client-hello-malformed'],
  [
    '100 kB of padding',
    (host) => clientHello({ serverNames: [host], paddingBytes: 60_000 }),
    'client-hello-too-large',
  ],
];

function twoMessages(host: string): Buffer {
  const message = clientHelloMessage({ serverNames: [host] });
  return Buffer.concat(
    records(Buffer.concat([message, clientHelloMessage({ serverNames: ['evil.example'] })])),
  );
}

function interrupted(host: string): Buffer {
  const [first = hex(''), ...rest] = records(clientHelloMessage({ serverNames: [host] }), {
    fragmentBytes: 100,
  });
  return Buffer.concat([first, hex('14 0303 0001 01'), ...rest]);
}

function tunnelTests(port: () => number): void {
  it.each(REFUSED)(
    'a ClientHello with %s is cut off, and the target gets none of it',
    async (_what, hello, reason) => {
      await using tunnel = await lab.open(port());
      await expectCut(tunnel, [hello(tunnel.host)], { reason });
    },
  );

  it('the audit log names the name that was asked for', async () => {
    await using tunnel = await lab.open(port());
    const event = await expectCut(tunnel, [clientHello({ serverNames: ['evil.example'] })], {
      reason: 'sni-mismatch',
    });
    expect(event).toMatchObject({ sni: 'evil.example', detail: 'the ClientHello names evil.example' });
  });

  it.each<[string, (host: string) => readonly Buffer[]]>([
    ['as it is', (host) => [clientHello({ serverNames: [host] })]],
    ['in capitals', (host) => [clientHello({ serverNames: [host.toUpperCase()] })]],
    ['with a trailing dot', (host) => [clientHello({ serverNames: [`${host}.`] })]],
    ['without supported_versions', (host) => [clientHello({ serverNames: [host], versions: [] })]],
    ['byte by byte', (host) => cut(clientHello({ serverNames: [host] }), 1)],
    [
      'in segments that split the record header',
      (host) => cut(clientHello({ serverNames: [host] }), 3, 1, 2, 500),
    ],
    ['in 16 records', (host) => records(clientHelloMessage({ serverNames: [host] }), { fragmentBytes: 20 })],
    ['over two full records', (host) => [clientHello({ serverNames: [host], paddingBytes: 15_900 })]],
    [
      'with 0-RTT data at once',
      (host) => [Buffer.concat([clientHello({ serverNames: [host] }), hex('17 0303 0004 01020304')])],
    ],
  ])('a ClientHello for the host passes %s', async (_what, pieces) => {
    await using tunnel = await lab.open(port());
    await expectPassed(tunnel, pieces(tunnel.host));
  });

  it('a ClientHello for another host is cut off however it is cut up', async () => {
    for (const size of [1, 4, 5, 6, 100]) {
      await using tunnel = await lab.open(port());
      await expectCut(tunnel, cut(clientHello({ serverNames: ['evil.example'] }), size), {
        reason: 'sni-mismatch',
      });
    }
  });

  it('an address needs no name, takes itself for one, and no other', async () => {
    for (const serverNames of [[], [lab.address]]) {
      await using tunnel = await lab.open(port(), lab.address);
      await expectPassed(tunnel, [clientHello({ serverNames })]);
    }
    await using tunnel = await lab.open(port(), lab.address);
    await expectCut(tunnel, [clientHello({ serverNames: [`good.${LAB}`] })], { reason: 'sni-mismatch' });
  });

  it('a rule with "tls: any" lets every hello pass', async () => {
    for (const bytes of [
      clientHello({ serverNames: ['evil.example'] }),
      clientHello({ ech: 'outer' }),
      Buffer.from('GET'),
    ]) {
      await using tunnel = await lab.open(port(), 'any.other.example');
      await expectPassed(tunnel, [bytes]);
    }
  });
}

on443.describe('in a tunnel to 443', () => tunnelTests(() => 443));
describe('in a tunnel to another port', () => tunnelTests(() => lab.other.port));

const PLAIN = [
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n')],
  ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['an SSH banner', Buffer.from('SSH-2.0-x\r\n')],
  ['an SSLv2 hello', sslv2ClientHello()],
  ['zeros', Buffer.alloc(100)],
  ['application data', hex('17 0303 0004 01020304')],
  ['a change_cipher_spec first', Buffer.concat([hex('14 0303 0001 01'), clientHello()])],
  ['a CONNECT', Buffer.from('CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['one byte', Buffer.from('x')],
] as const;

on443.describe('what is not TLS, on 443', () => {
  it.each(PLAIN)('is cut off: %s', async (_what, bytes) => {
    await using tunnel = await lab.open(443);
    await expectCut(tunnel, [bytes], { reason: 'not-tls' });
  });
});

describe('what is not TLS, on other ports', () => {
  it.each(PLAIN)('passes: %s', async (_what, bytes) => {
    await using tunnel = await lab.open(lab.other.port);
    await expectPassed(tunnel, [bytes]);
  });
});
