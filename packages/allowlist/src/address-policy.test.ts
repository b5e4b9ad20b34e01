import { describe, expect, it } from 'vitest';
import { compileAddressPolicy, parseCidr, parseHost, SPECIAL_USES } from './index.ts';

const check = (address: string, allow: string[] = []) =>
  compileAddressPolicy(allow.map(parseCidr)).check(parseHost(address));

describe('compileAddressPolicy()', () => {
  it.each([
    '8.8.8.8',
    '1.0.0.0',
    '172.32.0.1',
    '172.15.255.255',
    '100.128.0.1',
    '192.0.1.1',
    '198.17.255.255',
    '192.31.196.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2001:200::1',
    '64:ff9b::8.8.8.8',
    '2620:4f:8000::1',
    '3ffe::1',
    '2606:4700::5efe:8.8.8.8',
  ])('lets %s pass', (address) => {
    expect(check(address)).toBeUndefined();
  });

  it.each([
    ['0.0.0.0', 'unspecified', '0.0.0.0/32', undefined],
    ['0.1.2.3', 'this-network', '0.0.0.0/8', undefined],
    ['10.1.2.3', 'private', '10.0.0.0/8', undefined],
    ['172.16.0.1', 'private', '172.16.0.0/12', undefined],
    ['172.31.255.255', 'private', '172.16.0.0/12', undefined],
    ['192.168.1.1', 'private', '192.168.0.0/16', undefined],
    ['100.64.0.1', 'shared', '100.64.0.0/10', undefined],
    ['127.0.0.1', 'loopback', '127.0.0.0/8', undefined],
    ['127.255.255.254', 'loopback', '127.0.0.0/8', undefined],
    ['169.254.1.1', 'link-local', '169.254.0.0/16', undefined],
    ['192.0.0.8', 'protocol', '192.0.0.0/24', undefined],
    ['192.0.2.1', 'documentation', '192.0.2.0/24', undefined],
    ['198.51.100.1', 'documentation', '198.51.100.0/24', undefined],
    ['203.0.113.1', 'documentation', '203.0.113.0/24', undefined],
    ['192.88.99.1', 'tunnel', '192.88.99.0/24', undefined],
    ['198.18.0.1', 'benchmarking', '198.18.0.0/15', undefined],
    ['224.0.0.1', 'multicast', '224.0.0.0/4', undefined],
    ['240.0.0.1', 'reserved', '240.0.0.0/4', undefined],
    ['255.255.255.255', 'broadcast', '255.255.255.255/32', undefined],
    ['169.254.169.254', 'metadata', '169.254.169.254/32', undefined],
    ['169.254.170.2', 'metadata', '169.254.170.2/32', undefined],
    ['100.100.100.200', 'metadata', '100.100.100.200/32', undefined],
    ['168.63.129.16', 'metadata', '168.63.129.16/32', undefined],
    ['192.0.0.192', 'metadata', '192.0.0.192/32', undefined],
    ['fd00:ec2::254', 'metadata', 'fd00:ec2::254/128', undefined],
    ['fd20:ce::254', 'metadata', 'fd20:ce::254/128', undefined],
    ['::', 'unspecified', '::/128', undefined],
    ['::1', 'loopback', '::1/128', undefined],
    ['::2', 'this-network', '0.0.0.0/8', '0.0.0.2'],
    ['::ffff:10.1.2.3', 'private', '10.0.0.0/8', undefined],
    ['::ffff:169.254.169.254', 'metadata', '169.254.169.254/32', undefined],
    ['::127.0.0.1', 'loopback', '127.0.0.0/8', '127.0.0.1'],
    ['::8.8.8.8', 'reserved', '::/96', undefined],
    ['::ffff:0:8.8.8.8', 'reserved', '::ffff:0:0:0/96', undefined],
    ['::ffff:0:10.0.0.1', 'private', '10.0.0.0/8', '10.0.0.1'],
    ['64:ff9b::169.254.169.254', 'metadata', '169.254.169.254/32', '169.254.169.254'],
    ['64:ff9b::10.0.0.1', 'private', '10.0.0.0/8', '10.0.0.1'],
    ['64:ff9b:1::8.8.8.8', 'tunnel', '64:ff9b:1::/48', undefined],
    ['64:ff9b:1::127.0.0.1', 'loopback', '127.0.0.0/8', '127.0.0.1'],
    ['64:ff9b:1:a9fe:a9:fe00::', 'metadata', '169.254.169.254/32', '169.254.169.254'],
    ['2002:808:808::1', 'tunnel', '2002::/16', undefined],
    ['2002:7f00:1::1', 'loopback', '127.0.0.0/8', '127.0.0.1'],
    ['2001:0:808:808::f7f7:f7f7', 'tunnel', '2001::/32', undefined],
    ['2001:0:7f00:1::f7f7:f7f7', 'loopback', '127.0.0.0/8', '127.0.0.1'],
    ['2001:0:808:808::5601:5601', 'metadata', '169.254.169.254/32', '169.254.169.254'],
    ['2606:4700::5efe:10.0.0.1', 'private', '10.0.0.0/8', '10.0.0.1'],
    ['2606:4700::200:5efe:10.0.0.1', 'private', '10.0.0.0/8', '10.0.0.1'],
    ['100::1', 'discard', '100::/64', undefined],
    ['100:0:0:1::1', 'discard', '100:0:0:1::/64', undefined],
    ['2001:2::1', 'benchmarking', '2001:2::/48', undefined],
    ['2001:10::1', 'protocol', '2001:10::/28', undefined],
    ['2001:20::1', 'protocol', '2001:20::/28', undefined],
    ['2001:1::1', 'protocol', '2001::/23', undefined],
    ['2001:db8::1', 'documentation', '2001:db8::/32', undefined],
    ['3fff::1', 'documentation', '3fff::/20', undefined],
    ['5f00::1', 'protocol', '5f00::/16', undefined],
    ['fc00::1', 'unique-local', 'fc00::/7', undefined],
    ['fdff::1', 'unique-local', 'fc00::/7', undefined],
    ['fe80::1', 'link-local', 'fe80::/10', undefined],
    ['febf::1', 'link-local', 'fe80::/10', undefined],
    ['fec0::1', 'site-local', 'fec0::/10', undefined],
    ['ff02::1', 'multicast', 'ff00::/8', undefined],
  ])('refuses %s as %s, for %s', (address, category, range, embedded) => {
    expect(check(address)).toMatchObject({ category, range });
    expect(check(address)?.embedded).toBe(embedded);
  });

  it('a name is not an address', () => {
    expect(check('example.com')).toEqual({ category: 'not-an-address', name: 'not an IP address' });
  });

  it.each([
    ['10.0.0.0/8', '10.1.2.3', undefined],
    ['10.1.2.3/32', '10.1.2.4', 'private'],
    ['127.0.0.0/8', '127.0.0.1', undefined],
    ['::1/128', '::1', undefined],
    ['fc00::/7', 'fd12::1', undefined],
    // The cloud's credentials are opened only by their own address.
    ['169.254.0.0/16', '169.254.1.1', undefined],
    ['169.254.0.0/16', '169.254.169.254', 'metadata'],
    ['169.254.169.254/31', '169.254.169.254', 'metadata'],
    ['169.254.169.254/32', '169.254.169.254', undefined],
    ['0.0.0.0/0', '169.254.169.254', 'metadata'],
    ['fc00::/7', 'fd00:ec2::254', 'metadata'],
    ['fd00:ec2::254/128', 'fd00:ec2::254', undefined],
    ['::/0', '64:ff9b::169.254.169.254', 'metadata'],
    // NAT64 with the well-known prefix: the inner address alone decides.
    ['10.0.0.0/8', '64:ff9b::10.0.0.1', undefined],
    // A tunnel form needs both.
    ['10.0.0.0/8', '2002:a00:1::1', 'tunnel'],
    ['2002::/16', '2002:a00:1::1', 'private'],
    ['2002::/16', '2002:808:808::1', undefined],
    ['64:ff9b:1::/48', '64:ff9b:1::8.8.8.8', undefined],
    ['64:ff9b:1::/48', '64:ff9b:1::169.254.169.254', 'metadata'],
    ['::/96', '::127.0.0.1', 'loopback'],
  ])('with %s allowed, %s is %s', (allow, address, category) => {
    expect(check(address, [allow])?.category).toBe(category);
  });

  it('every range of the table is refused at both of its ends, but for what is inside it under another name', () => {
    for (const { cidr, category } of SPECIAL_USES) {
      const finding = check(cidr.text.replace(/\/\d+$/, ''));
      expect(finding, cidr.text).toBeDefined();
      if (finding?.range === cidr.text) expect(finding.category).toBe(category);
    }
  });
});
