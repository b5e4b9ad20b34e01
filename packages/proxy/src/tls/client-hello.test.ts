import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClientHelloOptions,
  clientHello,
  clientHelloMessage,
  records,
  sslv2ClientHello,
} from '../../../../test/support/client-hello.ts';
import { readClientHello, readProtocols } from './client-hello.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** What a reading says, in one line. */
function said(bytes: Buffer): string {
  const reading = readClientHello(bytes);
  if (reading.kind === 'hello') return `hello ${reading.sni ?? '-'}${reading.ech ? ' ech' : ''}`;
  return reading.kind === 'malformed' ? `malformed: ${reading.why}` : reading.kind;
}

describe('readClientHello()', () => {
  const whole: readonly (readonly [string, ClientHelloOptions, string])[] = [
    ['a common hello', {}, 'hello example.test'],
    ['a TLS 1.2 hello', { versions: [], sessionId: Buffer.alloc(0) }, 'hello example.test'],
    ['a name as the client spelled it', { serverNames: ['EXAMPLE.test.'] }, 'hello EXAMPLE.test.'],
    ['no server_name', { serverNames: [] }, 'hello -'],
    ['no extensions at all', { withoutExtensions: true }, 'hello -'],
    ['an outer ECH', { ech: 'outer' }, 'hello example.test ech'],
    ['an inner ECH', { ech: 'inner' }, 'hello example.test ech'],
    ['an ECH extension of odd content', { ech: Buffer.alloc(0) }, 'hello example.test ech'],
    ['an ESNI', { esni: true }, 'hello example.test ech'],
    ['an ECH and no name', { ech: 'outer', serverNames: [] }, 'hello - ech'],
    ['an unknown extension first', { before: [{ type: 0x3a3a, body: hex('00') }] }, 'hello example.test'],
    ['a name of 253 characters', { serverNames: ['a'.repeat(253)] }, `hello ${'a'.repeat(253)}`],
    ['a hello over two records', { paddingBytes: 20_000 }, 'hello example.test'],
  ];
  it.each(whole)('reads %s', (_what, options, expected) => {
    expect(said(clientHello(options))).toBe(expected);
  });

  const noHost = 'malformed: the server_name extension is not one host name';
  const second = { type: 0, body: hex('0009 00 0006 622e74657374') };
  const refused: readonly (readonly [string, Buffer, string])[] = [
    ['two names', clientHello({ serverNames: ['a.test', 'b.test'] }), noHost],
    ['the same name twice', clientHello({ serverNames: ['a.test', 'a.test'] }), noHost],
    ['two server_name extensions', clientHello({ after: [second] }), 'malformed: two server_name extensions'],
    ['an empty list of names', clientHello({ serverNameBody: hex('0000') }), noHost],
    ['an empty server_name extension', clientHello({ serverNameBody: hex('') }), noHost],
    ['an empty name', clientHello({ serverNameBody: hex('0003 00 0000') }), noHost],
    ['a name of another type', clientHello({ serverNameBody: hex('0009 01 0006 622e74657374') }), noHost],
    ['a byte behind the list', clientHello({ serverNameBody: hex('0009 00 0006 622e74657374 00') }), noHost],
    ['a byte behind the name', clientHello({ serverNameBody: hex('000a 00 0006 622e74657374 00') }), noHost],
    ['a list that is too long', clientHello({ wrongBy: { serverNameList: 5 } }), noHost],
    ['a list that is too short', clientHello({ wrongBy: { serverNameList: -1 } }), noHost],
    ['a name that is too long', clientHello({ wrongBy: { serverName: 1 } }), noHost],
    ['a name that is too short', clientHello({ wrongBy: { serverName: -1 } }), noHost],
    ['a NUL in the name', clientHello({ serverNames: ['good.test\0.evil.test'] }), noHost],
    ['a space in the name', clientHello({ serverNames: ['good.test '] }), noHost],
    ['a line end in the name', clientHello({ serverNames: ['good.test\r\n'] }), noHost],
    ['a DEL in the name', clientHello({ serverNames: ['good\x7f.test'] }), noHost],
    ['a byte above ASCII in the name', clientHello({ serverNames: ['b\xfccher.test'] }), noHost],
    ['an extension list too long', clientHello({ wrongBy: { extensions: 3 } }), 'the extensions do not fill'],
    ['an extension list too short', clientHello({ wrongBy: { extensions: -3 } }), 'the extensions do not'],
    ['a session id too long', clientHello({ wrongBy: { sessionId: 200 } }), 'malformed'],
    ['a session id too short', clientHello({ wrongBy: { sessionId: -1 } }), 'malformed'],
    ['cipher suites too long', clientHello({ wrongBy: { cipherSuites: 2000 } }), 'cut short before the ext'],
    [
      'a handshake length too short',
      clientHello({ wrongBy: { handshake: -1 } }),
      'data follows the ClientHello',
    ],
    ['a hello cut in the random', hex('16 0301 0008 01 000004 0303 0000'), 'cut short before the session id'],
    [
      'a cut extension',
      hex(`16 0301 002f 01 00002b 0303 ${'00'.repeat(32)} 00 0000 00 0003 000000`),
      'an extension is cut short',
    ],
    [
      'a ServerHello',
      clientHello({}, { contentType: 22 }).fill(2, 5, 6),
      'the first handshake message is no',
    ],
    ['a hello of record version 2.0', clientHello({}, { version: 0x0200 }), 'a record version that TLS does'],
    ['a hello of record version 0.1', clientHello({}, { version: 0x0001 }), 'a record version that TLS does'],
    ['a hello of record version 15.0', clientHello({}, { version: 0x0f00 }), 'a record version that TLS'],
    ['a warning first', hex('15 0301 0002 0164'), 'an alert in front of the ClientHello'],
    ['a warning of version 1 first', hex('15 0100 0002 0164'), 'an alert in front of the ClientHello'],
    ['an empty record first', hex('16 0301 0000'), 'malformed: an empty handshake record'],
    ['an oversized record', hex('16 0301 4001 01'), 'malformed: a record longer than TLS allows'],
    [
      'two messages in a record',
      Buffer.concat(records(Buffer.concat([clientHelloMessage(), clientHelloMessage()]))),
      'data follows the ClientHello in its record',
    ],
  ];
  it.each(refused)('calls %s malformed', (_what, bytes, why) => {
    expect(said(bytes)).toContain(why);
    expect(said(bytes)).toMatch(/^malformed/);
  });

  it.each([
    ['an alert inside the hello', 21],
    ['a change_cipher_spec inside the hello', 20],
    ['application data inside the hello', 23],
  ])('calls %s malformed', (_what, contentType) => {
    const [first = hex(''), ...rest] = records(clientHelloMessage(), { fragmentBytes: 100 });
    const alien = Buffer.concat(records(hex('0100'), { contentType }));
    expect(said(Buffer.concat([first, alien, ...rest]))).toBe(
      'malformed: another record interrupts the ClientHello',
    );
    expect(said(Buffer.concat([first, alien.subarray(0, 1)]))).toBe(
      'malformed: another record interrupts the ClientHello',
    );
  });

  it('calls an empty record between two fragments malformed', () => {
    const [first = hex(''), ...rest] = records(clientHelloMessage(), { fragmentBytes: 100 });
    expect(said(Buffer.concat([first, hex('16 0301 0000'), ...rest]))).toBe(
      'malformed: an empty handshake record',
    );
  });

  it('calls a hello in more than 16 records malformed', () => {
    const message = clientHelloMessage();
    const inRecords = (count: number) =>
      said(Buffer.concat(records(message, { fragmentBytes: Math.ceil(message.length / count) })));
    expect(inRecords(16)).toBe('hello example.test');
    expect(inRecords(20)).toBe('malformed: a ClientHello in too many records');
  });

  it.each([
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['an SSH banner', Buffer.from('SSH-2.0-x\r\n')],
    ['an SSLv2 hello', sslv2ClientHello()],
    ['zeros', Buffer.alloc(64)],
    ['a handshake record of version 16', hex('16 1000 0005 01')],
    ['a MySQL packet of 22 bytes', hex('16 0000 01 85a60f00')],
    ['a MySQL packet of 21 bytes', hex('15 0000 01 85a60f00')],
    ['a change_cipher_spec', hex('14 0303 0001 01')],
    ['application data', hex('17 0303 0001 00')],
  ])('knows that %s is no TLS', (_what, bytes) => {
    expect(said(bytes)).toBe('not-tls');
  });

  it.each(['16', '16 02', '16 0200 0005', '15', '15 0301 0002'])('waits for more behind %s', (bytes) => {
    expect(said(hex(bytes))).toBe('partial');
  });

  it('says where the hello ends, so that what follows can be looked at', () => {
    const hello = clientHello({ paddingBytes: 17_000 });
    const reading = readClientHello(Buffer.concat([hello, Buffer.from('more')]));
    expect(reading).toMatchObject({ kind: 'hello', end: hello.length });
  });
});

describe('readProtocols()', () => {
  const of = (alpn: readonly string[]) => {
    const reading = readClientHello(clientHello({ alpn }));
    return readProtocols(reading.kind === 'hello' ? reading.alpn : undefined);
  };

  it('gives the protocols of a hello in their order, and none where there is no such extension', () => {
    expect(of(['h2', 'http/1.1', 'x\xff'])).toHaveLength(3);
    expect(of(['http/1.1', 'h2'])).toEqual(['http/1.1', 'h2']);
    expect(of([])).toEqual([]);
    expect(readProtocols(undefined)).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    ['nothing', '', []],
    ['half of a length', '00', []],
    ['a list longer than what is there', '0005 026832', []],
    ['an empty list', '0000', []],
    ['a name that is cut short', '0004 026832 05', ['h2']],
    ['an empty name', '0004 00 026832', ['', 'h2']],
  ])('never fails for an extension that holds %s', (_, bytes, expected) => {
    expect(readProtocols(hex(bytes))).toEqual(expected);
  });
});

describe('readClientHello() on anything', () => {
  const options = fc.record({
    serverNames: fc.constantFrom<readonly string[]>([], ['a.test'], ['A.b.c.d.e.test']),
    paddingBytes: fc.nat(400),
    ech: fc.constantFrom<'outer' | undefined>('outer', undefined),
    fragmentBytes: fc.integer({ min: 60, max: 16_384 }),
  });
  const helloOf = ({ ech, fragmentBytes, ...rest }: ReturnType<typeof options.generate>['value']) =>
    clientHello({ ...rest, ...(ech === undefined ? {} : { ech }) }, { fragmentBytes });

  it('never answers hello for a prefix of a hello', () => {
    fc.assert(
      fc.property(options, fc.double({ min: 0, max: 1, noNaN: true }), (wish, share) => {
        const hello = helloOf(wish);
        const cut = Math.floor(share * (hello.length - 1));
        expect(readClientHello(hello.subarray(0, cut)).kind).toBe('partial');
      }),
    );
  });

  it('reads the same whatever stands behind the hello', () => {
    fc.assert(
      fc.property(options, fc.uint8Array({ maxLength: 200 }), (wish, tail) => {
        const hello = helloOf(wish);
        expect(readClientHello(Buffer.concat([hello, tail]))).toEqual(readClientHello(hello));
      }),
    );
  });

  it('never throws and never reads past the end, on any bytes', () => {
    const framed = fc
      .tuple(fc.uint8Array({ maxLength: 300 }), fc.boolean())
      .map(([bytes, asRecord]) =>
        asRecord
          ? Buffer.concat(records(Buffer.from([1, 0, 0, bytes.length & 255, ...bytes])))
          : Buffer.from(bytes),
      );
    fc.assert(
      fc.property(framed, (bytes) => {
        const reading = readClientHello(bytes);
        if (reading.kind === 'hello') expect(reading.end).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('after any one byte is changed: the same name, no name that was never sent, or a refusal', () => {
    const hello = clientHello({ serverNames: ['good.test'] });
    const nameAt = hello.indexOf('good.test');
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
        const mutated = Buffer.from(hello);
        mutated[at] = byte;
        const reading = readClientHello(mutated);
        if (reading.kind !== 'hello' || reading.sni === 'good.test' || reading.sni === undefined) return;
        expect(at).toBeGreaterThanOrEqual(nameAt);
        expect(reading.sni).toBe(mutated.toString('latin1', nameAt, nameAt + 9));
      }),
      { numRuns: 3000 },
    );
  });
});
