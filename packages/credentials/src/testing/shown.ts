import { inspect } from 'node:util';

/** Everything that printing an object may show: what a log line, a crash report or a debugger's console would hold. */
export function shown(value: unknown): string {
  const parts = [inspect(value, { depth: 20, showHidden: true, getters: true }), String(value), text(value)];
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(error.stack ?? '', error.message, inspect(error, { depth: 20 }), text(error));
  }
  return parts.join('\n');
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
