const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A size as people write it (`512m`, `8g`, `8Gi`, `8GB`), in bytes, in powers of 1024; undefined when it is none. */
export function parseBytes(value: string | number): number | undefined {
  const [, number = '', unit = ''] =
    /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b?)$/i.exec(String(value).trim()) ?? [];
  const bytes = Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  return number !== '' && bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
