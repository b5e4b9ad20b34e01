import { expect, test } from 'vitest';
import { addressesIn } from './subnet.ts';

test.each([
  ['10.89.4.0/24', '10.89.4.2', '10.89.4.3'],
  ['192.168.255.248/29', '192.168.255.250', '192.168.255.251'],
])('addressesIn() gives the second and third host of %s', (subnet, proxy, session) => {
  expect(addressesIn(subnet)).toEqual({ proxy, session });
});

test.each(['fd00::/64', '10.0.0.0/30', '', '10.0.0.0'])('addressesIn() refuses %j: no room', (subnet) => {
  expect(() => addressesIn(subnet)).toThrow('no IPv4 subnet with room for a session and its proxy');
});
