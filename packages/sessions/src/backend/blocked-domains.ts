import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { BlockedDomain } from './backend.ts';

/** A session can ask for any number of names; of more than these the first are kept. */
const MAX_DOMAINS = 10_000;

const denialSchema = z.object({
  time: z.iso.datetime(),
  event: z.enum(['decision', 'close']),
  host: z.string(),
  port: z.number(),
  decision: z.literal('deny'),
  reason: z.string(),
});

/** What the audit log of a proxy says was refused; the most often first. */
export async function blockedDomains(log: Readable): Promise<readonly BlockedDomain[]> {
  const found = new Map<string, { -readonly [Key in keyof BlockedDomain]: BlockedDomain[Key] }>();
  for await (const line of createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!line.includes('"deny"')) continue;
    const denial = denialSchema.safeParse(parsed(line)).data;
    if (denial === undefined || denial.host === '') continue;
    const { host, port, reason } = denial;
    const key = JSON.stringify([host, port, reason]);
    const timeMs = Date.parse(denial.time);
    const known = found.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastMs = Math.max(known.lastMs, timeMs);
    } else if (found.size < MAX_DOMAINS) {
      found.set(key, { host, port, reason, count: 1, lastMs: timeMs });
    }
  }
  return [...found.values()].sort((one, other) => other.count - one.count || other.lastMs - one.lastMs);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
