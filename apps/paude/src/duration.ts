import { commandLineError } from './command-line-error.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * `500ms`, `10s`, `5m`, `1h`; a number alone is seconds.
 *
 * @returns milliseconds.
 * @throws PaudeError `command-line-invalid`.
 */
export function parseDuration(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const durationMs = Math.round(Number(number) * (UNITS_MS[unit] ?? Number.NaN));
  if (number !== '' && durationMs <= 2_147_483_647) return durationMs;
  throw commandLineError({
    action: 'read the duration',
    input: text,
    why: number === '' ? 'it is not a number with a unit' : 'it is longer than 24 days',
    remedy: 'Write it as in 500ms, 10s, 5m or 1h',
  });
}

/** The shortest way to write a duration that {@link parseDuration} reads back: 3600000 is `1h`. */
export function formatDuration(durationMs: number): string {
  const fits = Object.entries(UNITS_MS).filter(([, unitMs]) => durationMs % unitMs === 0);
  const [unit, unitMs] = fits.at(-1) ?? ['ms', 1];
  return `${durationMs / unitMs}${unit}`;
}

/**
 * A whole number of at least one.
 *
 * @throws PaudeError `command-line-invalid`.
 */
export function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw commandLineError({
    action: 'read the number',
    input: text,
    why: 'it is not a whole number of at least 1',
    remedy: 'Write it as in 100',
  });
}
