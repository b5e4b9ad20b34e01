import { PassThrough, type Readable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import { type EngineTask, engineError } from '../engine/engine-error.ts';

/** What a call of the engine writes, as it comes. Destroying the stream ends the call; a failed call destroys the stream. */
export function engineStream(
  engine: Engine,
  args: readonly string[],
  {
    task,
    signal,
    input,
  }: { readonly task: EngineTask; readonly signal?: AbortSignal | undefined; readonly input?: Readable },
): Readable {
  const output = new PassThrough();
  const ending = new AbortController();
  output.once('close', () => ending.abort());
  const signals = signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal]);
  const timeoutMs = Number.POSITIVE_INFINITY;
  engine.try(args, { task, output, input, signal: signals, timeoutMs }).then(
    (result) => {
      if (result.code === 0) output.end();
      else output.destroy(engineError(engine.name, task, result));
    },
    (error: Error) => {
      if (signals.aborted) output.end();
      else output.destroy(error);
    },
  );
  return output;
}
