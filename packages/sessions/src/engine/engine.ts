import type { z } from 'zod';
import {
  answerError,
  type EngineTask,
  engineError,
  saysMissing,
  silenceError,
  spawnError,
} from './engine-error.ts';
import {
  type EngineResult,
  type ProcessRequest,
  runOnTerminal,
  runProgram,
  type Variables,
} from './engine-process.ts';
import { type EngineName, type EngineTraits, TRAITS } from './engine-traits.ts';

/** How one call of the engine is made. */
export interface EngineCall extends Omit<ProcessRequest, 'program' | 'args' | 'env'> {
  readonly task: EngineTask;
  /**
   * Variables of the program itself: `--env NAME` without a value takes it from there, so that it stands in no argv. Values
   * may hold newlines.
   */
  readonly variables?: ReadonlyMap<string, string> | undefined;
}

/**
 * The command line of podman or docker: arguments in, answers out, failures as errors of ours.
 *
 * @throws PaudeError `backend-missing`, `backend-unreachable`, `image-missing`, `disk-full`, `name-taken`, `backend-failed`.
 */
export class Engine {
  readonly name: EngineName;
  readonly traits: EngineTraits;
  readonly #env: Variables;

  constructor(name: EngineName, env: Variables) {
    this.name = name;
    this.traits = TRAITS[name];
    this.#env = env;
  }

  /** What kind of terminal this process is on, as its environment says. */
  get terminal(): string | undefined {
    return this.#env.TERM;
  }

  /** Runs it; what it says on standard output, without white space around it. */
  async run(args: readonly string[], call: EngineCall): Promise<string> {
    return (await this.bytes(args, call)).toString('utf8').trim();
  }

  async bytes(args: readonly string[], call: EngineCall): Promise<Buffer> {
    const result = await this.try(args, call);
    if (result.code !== 0) throw engineError(this.name, call.task, result);
    return result.stdout;
  }

  /** Runs it, whatever the exit code is. */
  async try(args: readonly string[], call: EngineCall): Promise<EngineResult> {
    const { task, variables, ...request } = call;
    const env = variables === undefined ? this.#env : { ...this.#env, ...Object.fromEntries(variables) };
    let result: EngineResult | undefined;
    try {
      result = await runProgram({ ...request, program: this.name, args, env });
    } catch (error) {
      if (call.signal?.aborted === true) throw error;
      throw spawnError(this.name, task, error);
    }
    if (result === undefined) throw silenceError(this.name, task);
    return result;
  }

  /** Its answer as JSON of a known shape. */
  async json<Schema extends z.ZodType>(
    schema: Schema,
    args: readonly string[],
    call: EngineCall,
  ): Promise<z.output<Schema>> {
    return this.#parse(schema, await this.run(args, call), call.task);
  }

  /** The same of something that need not be there. */
  async find<Schema extends z.ZodType>(
    schema: Schema,
    args: readonly string[],
    call: EngineCall,
  ): Promise<z.output<Schema> | undefined> {
    const result = await this.try(args, call);
    if (result.code === 0) return this.#parse(schema, result.stdout.toString('utf8'), call.task);
    const error = engineError(this.name, call.task, result);
    if (error.code !== 'backend-unreachable' && saysMissing(result.stderr)) return undefined;
    throw error;
  }

  /** Removes something; what is not there is no failure. @returns whether something was. */
  async remove(args: readonly string[], call: EngineCall): Promise<boolean> {
    const result = await this.try(args, call);
    if (result.code === 0) return true;
    const error = engineError(this.name, call.task, result);
    if (error.code !== 'backend-unreachable' && saysMissing(result.stderr)) return false;
    throw error;
  }

  /** Runs it on this process's own terminal. @returns its exit code. */
  async onTerminal(args: readonly string[], task: EngineTask): Promise<number> {
    try {
      return await runOnTerminal(this.name, args, this.#env);
    } catch (error) {
      throw spawnError(this.name, task, error);
    }
  }

  #parse<Schema extends z.ZodType>(schema: Schema, text: string, task: EngineTask): z.output<Schema> {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw answerError(this.name, task, error);
    }
  }
}

/**
 * The engine of that name on PATH; nothing is run yet.
 *
 * @param options `env`: the whole environment of the program: PATH, HOME, and what it looks at itself.
 */
export function openEngine(name: EngineName, { env }: { readonly env: Variables }): Engine {
  return new Engine(name, env);
}
