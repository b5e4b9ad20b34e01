import { PaudeError } from '@paude/errors';

/** The addresses of a session's network that its containers have. */
export interface SessionAddresses {
  readonly proxy: string;
  readonly session: string;
}

/**
 * Fixed addresses in a subnet: the second and third host. The first is the one that a gateway would have.
 *
 * @param subnet IPv4 in CIDR form, as the engine has it: `10.89.4.0/24`.
 */
export function addressesIn(subnet: string): SessionAddresses {
  const [, a, b, c, d, prefix] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet) ?? [];
  const base = [a, b, c, d].reduce((sum, part) => sum * 256 + Number(part), 0);
  if (Number.isNaN(base) || !(Number(prefix) <= 29)) {
    throw new PaudeError('backend-failed', {
      action: 'use the network',
      input: subnet,
      why: 'it is no IPv4 subnet with room for a session and its proxy',
      remedy: 'Look at the subnets that the engine is set up to give to networks',
    });
  }
  return { proxy: dotted(base + 2), session: dotted(base + 3) };
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
