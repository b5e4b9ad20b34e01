import { randomBytes } from 'node:crypto';
import { uint, vector } from './wire.ts';

/** An extension of a ClientHello: its number (RFC 8446 section 4.2) and its body. */
export interface HelloExtension {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Lengths to falsify inside the server_name extension, each by this much. */
export interface WrongNameLengths {
  readonly serverNameList?: number | undefined;
  readonly serverName?: number | undefined;
}

/** server_name (RFC 6066 section 3): each name an entry of type host_name. */
export function serverNameExtension(names: readonly string[], wrong: WrongNameLengths = {}): HelloExtension {
  const entries = names.map((name) =>
    Buffer.concat([uint(0, 1), vector(2, Buffer.from(name, 'latin1'), wrong.serverName)]),
  );
  return { type: 0, body: vector(2, entries, wrong.serverNameList) };
}

/** application_layer_protocol_negotiation (RFC 7301). */
export function alpnExtension(protocols: readonly string[]): HelloExtension {
  const names = protocols.map((name) => vector(1, Buffer.from(name, 'latin1')));
  return { type: 16, body: vector(2, names) };
}

/** supported_versions (RFC 8446 section 4.2.1). */
export function versionsExtension(versions: readonly number[]): HelloExtension {
  const list = versions.map((version) => uint(version, 2));
  return { type: 43, body: vector(1, list) };
}

/** Padding (RFC 7685): zeros, as many as wanted. */
export function paddingExtension(bytes: number): HelloExtension {
  return { type: 21, body: Buffer.alloc(bytes) };
}

/**
 * encrypted_client_hello (RFC 9849): an outer hello whose payload nobody can open, which is also what GREASE looks
 * like; or the one byte that marks an inner hello.
 */
export function echExtension(kind: 'outer' | 'inner' | Uint8Array): HelloExtension {
  if (kind === 'inner') return { type: 0xfe0d, body: uint(1, 1) };
  if (kind !== 'outer') return { type: 0xfe0d, body: kind };
  const hkdfSha256 = uint(1, 2);
  const aes128Gcm = uint(1, 2);
  const configId = uint(0x42, 1);
  const sealed = [vector(2, randomBytes(32)), vector(2, randomBytes(144))];
  return { type: 0xfe0d, body: Buffer.concat([uint(0, 1), hkdfSha256, aes128Gcm, configId, ...sealed]) };
}

/** encrypted_server_name, ECH's forerunner (draft-ietf-tls-esni-02), with contents nobody can open. */
export function esniExtension(): HelloExtension {
  const x25519Key = Buffer.concat([uint(29, 2), vector(2, randomBytes(32))]);
  const sealed = [vector(2, randomBytes(32)), vector(2, randomBytes(292))];
  return { type: 0xffce, body: Buffer.concat([uint(0x1301, 2), x25519Key, ...sealed]) };
}

/** What a server needs to go on to its ServerHello: groups, signature algorithms, and an X25519 share. */
export function keyExtensions(): readonly HelloExtension[] {
  const x25519 = uint(29, 2);
  const signatures = [0x0403, 0x0804, 0x0401].map((scheme) => uint(scheme, 2));
  const share = Buffer.concat([x25519, vector(2, randomBytes(32))]);
  return [
    { type: 10, body: vector(2, [x25519, uint(23, 2)]) },
    { type: 11, body: vector(1, uint(0, 1)) },
    { type: 13, body: vector(2, signatures) },
    { type: 51, body: vector(2, share) },
  ];
}
