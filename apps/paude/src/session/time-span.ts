import { commandLineError } from '../command-line-error.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * `30m`, `12h`, `7d`, `2w`. @returns milliseconds.
 *
 * @throws PaudeError `command-line-invalid`.
 */
export function parseTimeSpan(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  const spanMs = Number(number) * (UNITS_MS[unit] ?? Number.NaN);
  if (number !== '' && spanMs > 0) return spanMs;
  throw commandLineError({
    action: 'read the span of time',
    input: text,
    why: 'it is no number with a unit',
    remedy: 'Write it as in 30m, 12h, 7d or 2w',
  });
}

/** How long ago something was, in one word: `now`, `5m`, `3h`, `12d`. */
export function formatAge(thenMs: number, nowMs: number): string {
  const spanMs = Math.max(0, nowMs - thenMs);
  const [unit, unitMs] = Object.entries(UNITS_MS)
    .filter(([name, each]) => name !== 'w' && spanMs >= each)
    .at(-1) ?? ['', 0];
  return unitMs === 0 ? 'now' : `${Math.floor(spanMs / unitMs)}${unit}`;
}
