import type { Address } from './address.ts';
import { type Cidr, cidrHas, parseCidr } from './cidr.ts';

/** What a special-use range is for. `metadata`: the endpoint from which a cloud hands out credentials. */
export type SpecialUseCategory =
  | 'metadata'
  | 'unspecified'
  | 'this-network'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link-local'
  | 'unique-local'
  | 'site-local'
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'benchmarking'
  | 'protocol'
  | 'tunnel'
  | 'discard'
  | 'reserved';

/** A range of addresses that no public service has, and why. */
export interface SpecialUse {
  readonly category: SpecialUseCategory;
  readonly cidr: Cidr;
  /** What the registry or the cloud calls it. */
  readonly name: string;
  /** The document that sets it aside. */
  readonly source: string;
}

type Row = readonly [cidr: string, category: SpecialUseCategory, name: string, source: string];

/**
 * Metadata endpoints first: the narrowest answer is the one to report. Then the IANA IPv4 and IPv6 Special-Purpose
 * Address Registries (RFC 6890) and the multicast and reserved spaces, more specific rows before wider ones. Rows that
 * the registries call globally reachable are left out (AS112 and AMT anycast, well-known NAT64, whose inner address
 * is checked instead), except inside 192.0.0.0/24 and 2001::/23, where no web service lives. 6to4 and Teredo are refused
 * whole, whatever address they carry: no service is published there, and the far end of the tunnel is the sender's choice.
 */
const ROWS: readonly Row[] = [
  ['169.254.169.254/32', 'metadata', 'cloud instance metadata', 'AWS, Azure, Google Cloud and others'],
  ['169.254.170.2/32', 'metadata', 'container credentials', 'AWS ECS'],
  ['169.254.170.23/32', 'metadata', 'pod identity credentials', 'AWS EKS'],
  ['169.254.0.23/32', 'metadata', 'cloud instance metadata', 'Tencent Cloud'],
  ['169.254.42.42/32', 'metadata', 'cloud instance metadata', 'Scaleway'],
  ['100.100.100.200/32', 'metadata', 'cloud instance metadata', 'Alibaba Cloud'],
  ['168.63.129.16/32', 'metadata', 'host agent (WireServer)', 'Azure'],
  ['192.0.0.192/32', 'metadata', 'cloud instance metadata', 'Oracle Cloud'],
  ['fd00:ec2::254/128', 'metadata', 'cloud instance metadata', 'AWS'],
  ['fd00:ec2::23/128', 'metadata', 'pod identity credentials', 'AWS EKS'],
  ['fd20:ce::254/128', 'metadata', 'cloud instance metadata', 'Google Cloud'],
  ['fd00:42::42/128', 'metadata', 'cloud instance metadata', 'Scaleway'],

  ['0.0.0.0/32', 'unspecified', 'this host', 'RFC 1122 section 3.2.1.3'],
  ['0.0.0.0/8', 'this-network', 'this network', 'RFC 791 section 3.2'],
  ['10.0.0.0/8', 'private', 'private use', 'RFC 1918'],
  ['100.64.0.0/10', 'shared', 'carrier-grade NAT', 'RFC 6598'],
  ['127.0.0.0/8', 'loopback', 'loopback', 'RFC 1122 section 3.2.1.3'],
  ['169.254.0.0/16', 'link-local', 'link local', 'RFC 3927'],
  ['172.16.0.0/12', 'private', 'private use', 'RFC 1918'],
  ['192.0.0.0/24', 'protocol', 'IETF protocol assignments', 'RFC 6890 section 2.1'],
  ['192.0.2.0/24', 'documentation', 'documentation (TEST-NET-1)', 'RFC 5737'],
  ['192.88.99.0/24', 'tunnel', '6to4 relay anycast', 'RFC 7526'],
  ['192.168.0.0/16', 'private', 'private use', 'RFC 1918'],
  ['198.18.0.0/15', 'benchmarking', 'benchmarking', 'RFC 2544'],
  ['198.51.100.0/24', 'documentation', 'documentation (TEST-NET-2)', 'RFC 5737'],
  ['203.0.113.0/24', 'documentation', 'documentation (TEST-NET-3)', 'RFC 5737'],
  ['224.0.0.0/4', 'multicast', 'multicast', 'RFC 1112 section 4'],
  ['255.255.255.255/32', 'broadcast', 'limited broadcast', 'RFC 8190'],
  ['240.0.0.0/4', 'reserved', 'reserved for future use', 'RFC 1112 section 4'],

  ['::/128', 'unspecified', 'unspecified address', 'RFC 4291 section 2.5.2'],
  ['::1/128', 'loopback', 'loopback', 'RFC 4291 section 2.5.3'],
  ['::/96', 'reserved', 'IPv4-compatible addresses', 'RFC 4291 section 2.5.5.1'],
  ['::ffff:0:0:0/96', 'reserved', 'IPv4-translated addresses', 'RFC 2765 section 2.1'],
  ['64:ff9b:1::/48', 'tunnel', 'local-use IPv4/IPv6 translation', 'RFC 8215'],
  ['100::/64', 'discard', 'discard only', 'RFC 6666'],
  ['100:0:0:1::/64', 'discard', 'dummy prefix', 'RFC 9780'],
  ['2001::/32', 'tunnel', 'Teredo', 'RFC 4380'],
  ['2001:2::/48', 'benchmarking', 'benchmarking', 'RFC 5180'],
  ['2001:10::/28', 'protocol', 'ORCHID', 'RFC 4843'],
  ['2001:20::/28', 'protocol', 'ORCHIDv2', 'RFC 7343'],
  ['2001:db8::/32', 'documentation', 'documentation', 'RFC 3849'],
  ['2001::/23', 'protocol', 'IETF protocol assignments', 'RFC 2928'],
  ['2002::/16', 'tunnel', '6to4', 'RFC 3056'],
  ['3fff::/20', 'documentation', 'documentation', 'RFC 9637'],
  ['5f00::/16', 'protocol', 'segment routing (SRv6) SIDs', 'RFC 9602'],
  ['fc00::/7', 'unique-local', 'unique local', 'RFC 4193'],
  ['fe80::/10', 'link-local', 'link local', 'RFC 4291 section 2.5.6'],
  ['fec0::/10', 'site-local', 'site local', 'RFC 3879'],
  ['ff00::/8', 'multicast', 'multicast', 'RFC 4291 section 2.7'],
];

/** Every special-use range; the first that holds an address is the one to report. */
export const SPECIAL_USES: readonly SpecialUse[] = ROWS.map(([cidr, category, name, source]) => ({
  category,
  cidr: parseCidr(cidr),
  name,
  source,
}));

const SPECIAL_USES_4 = SPECIAL_USES.filter(({ cidr }) => cidr.family === 4);
const SPECIAL_USES_6 = SPECIAL_USES.filter(({ cidr }) => cidr.family === 6);

/** The special use of an address itself (not of one embedded in it), or undefined when it is a public address. */
export function specialUse(address: Address): SpecialUse | undefined {
  for (const use of address.family === 4 ? SPECIAL_USES_4 : SPECIAL_USES_6) {
    if (cidrHas(use.cidr, address)) return use;
  }
  return undefined;
}
