import { type Address, ipv4Address } from './address.ts';

/**
 * The IPv4 addresses that an IPv6 address carries within it, in the forms by which a packet may really arrive there:
 * IPv4-mapped and IPv4-compatible (RFC 4291 section 2.5.5), IPv4-translated (RFC 2765), NAT64 with the well-known prefix
 * (RFC 6052) and the local-use prefix (RFC 8215), 6to4 (RFC 3056), Teredo server and client (RFC 4380 section 4), and
 * ISATAP (RFC 5214 section 6.1). Empty for an IPv4 address.
 */
export function embeddedAddresses(address: Address): Address[] {
  if (address.family === 4) return [];
  const [first, second, third, last] = address.words;
  const found: number[] = [];
  if (first === 0 && second === 0) {
    // Not :: and ::1, which are addresses of their own.
    const compatible = third === 0 && last > 1;
    if (compatible || third === 0xffff || third === 0xffff0000) found.push(last);
  }
  if (first === 0x0064ff9b && second === 0 && third === 0) found.push(last);
  if (first === 0x0064ff9b && second >>> 16 === 1) found.push(...localNat64(second, third, last));
  if (first >>> 16 === 0x2002) found.push((((first & 0xffff) << 16) | (second >>> 16)) >>> 0);
  if (first === 0x20010000) found.push(second, ~last >>> 0);
  // The universal/local bit of the interface identifier may be set either way.
  if ((third & ~0x02000000) >>> 0 === 0x00005efe) found.push(last);
  return found.map(ipv4Address);
}

/**
 * Where in 64:ff9b:1::/48 the IPv4 address stands depends on the prefix in use, /48 to /96 (RFC 6052 section 2.2); the bits
 * behind it are zero, which tells the layouts apart. Where two are possible both count: each is one more to check.
 */
function localNat64(second: number, third: number, last: number): number[] {
  if ((last & 0xffffff) !== 0) return [last];
  if (last !== 0) return [last, (((third & 0xffffff) << 8) | (last >>> 24)) >>> 0];
  const after48 = (((second & 0xffff) << 16) | ((third >>> 8) & 0xffff)) >>> 0;
  const after56 = (((second & 0xff) << 24) | (third & 0xffffff)) >>> 0;
  return (third & 0xff) === 0 ? [after48, after56] : [after56];
}
