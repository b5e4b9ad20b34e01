import { type SecretReading, type SecretSource, secretFault } from './secret-source.ts';

/** Variables by their names, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How a source treats its text. */
export interface SecretOptions {
  /**
   * What is wrong with a text, as a clause that does not show it.
   *
   * @default it must be fit for a header field
   */
  readonly check?: (text: string) => string | undefined;
}

/** A secret in an environment variable, read once: the environment of a process does not change under it. */
export class EnvironmentSecret implements SecretSource {
  readonly description: string;
  readonly changeable = false;
  readonly #reading: SecretReading;

  constructor(name: string, environment: Environment, options: SecretOptions = {}) {
    this.description = `variable ${name}`;
    const text = Object.hasOwn(environment, name) ? environment[name] : undefined;
    const { check = secretFault } = options;
    const fault = text === undefined ? 'is not set' : check(text);
    this.#reading =
      text === undefined || fault !== undefined
        ? { kind: 'fault', detail: `${this.description} ${fault}` }
        : { kind: 'value', value: text, generation: 1 };
  }

  read(): SecretReading {
    return this.#reading;
  }
}
