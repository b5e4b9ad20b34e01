import { networkInterfaces } from 'node:os';
import { type Host, parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { OwnAddresses } from './own-addresses.ts';

describe('OwnAddresses', () => {
  const own = new OwnAddresses();
  own.add(3128);
  own.add(9128);

  it.each(['127.0.0.1', '127.0.0.2', '127.255.255.254', '[::1]', '0.0.0.0', '[::]', '[::ffff:127.0.0.1]'])(
    'knows %s as this machine',
    (address) => {
      expect(own.has(parseHost(address), 3128)).toBe(true);
      expect(own.has(parseHost(address), 9128)).toBe(true);
      expect(own.has(parseHost(address), 443)).toBe(false);
    },
  );

  it('knows every address of every interface', () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const hosts: Host[] = addresses.map(({ address }) => parseHost(address));
    expect(hosts.length).toBeGreaterThan(0);
    for (const host of hosts) expect(own.has(host, 3128)).toBe(true);
  });

  it.each(['203.0.113.7', '[2001:db8:ffff::7]', '128.0.0.1'])(
    'does not take %s for this machine',
    (address) => {
      expect(own.has(parseHost(address), 3128)).toBe(false);
    },
  );
});
