import { formatPlace, withValueAt } from '../request/place.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { SecretSource } from '../secrets/secret-source.ts';
import { type ClientValuePolicy, clientValueRefusal, withoutClientValues } from './client-value.ts';
import { injected } from './injected.ts';
import { type Injection, type Injector, refuse } from './injector.ts';

/** What goes into the place, and which strings of it are secret. */
export interface Rendered {
  readonly text: string;
  readonly secrets: readonly string[];
}

/** A value injector's own part. */
export interface ValueInjectorOptions extends ClientValuePolicy {
  readonly type: string;
  readonly source: SecretSource;
  /** What is sent for the secret. */
  readonly render: (secret: string) => Rendered;
}

/** Puts a secret that needs no exchange into one place: what `bearer`, `header`, `basic` and `query` have in common. */
export class ValueInjector implements Injector {
  readonly type: string;
  readonly place: string;
  readonly refreshable: boolean;
  readonly #options: ValueInjectorOptions;

  constructor(options: ValueInjectorOptions) {
    this.type = options.type;
    this.place = formatPlace(options.place);
    this.refreshable = options.source.changeable;
    this.#options = options;
  }

  needsBody(): boolean {
    return false;
  }

  async inject(head: RequestHead): Promise<Injection> {
    const { place, render, source } = this.#options;
    const refusal = clientValueRefusal(head, this.#options);
    if (refusal !== undefined) return refusal;
    const reading = await source.read();
    if (reading.kind === 'fault') return refuse('credential-unavailable', reading.detail);
    const { text, secrets } = render(reading.value);
    const ready = withValueAt(withoutClientValues(head, this.#options), place, text);
    return injected(ready, secrets, reading.generation);
  }

  async refreshAfter(generation: number): Promise<boolean> {
    if (!this.refreshable) return false;
    const reading = await this.#options.source.read(true);
    return reading.kind === 'value' && reading.generation !== generation;
  }
}
