import { formatPlace, withValueAt } from '../request/place.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { SecretReading, SecretSource } from '../secrets/secret-source.ts';
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
  /** Of the value that was read last. */
  #rendered: (Rendered & { readonly value: string }) | undefined;

  constructor(options: ValueInjectorOptions) {
    this.type = options.type;
    this.place = formatPlace(options.place);
    this.refreshable = options.source.changeable;
    this.#options = options;
  }

  needsBody(): boolean {
    return false;
  }

  inject(head: RequestHead): Injection | Promise<Injection> {
    const refusal = clientValueRefusal(head, this.#options);
    if (refusal !== undefined) return refusal;
    const reading = this.#options.source.read();
    return reading instanceof Promise
      ? reading.then((late) => this.#put(head, late))
      : this.#put(head, reading);
  }

  async refreshAfter(generation: number): Promise<boolean> {
    if (!this.refreshable) return false;
    const reading = await this.#options.source.read(true);
    return reading.kind === 'value' && reading.generation !== generation;
  }

  #put(head: RequestHead, reading: SecretReading): Injection {
    if (reading.kind === 'fault') return refuse('credential-unavailable', reading.detail);
    const { text, secrets } = this.#render(reading.value);
    const ready = withValueAt(withoutClientValues(head, this.#options), this.#options.place, text);
    return injected(ready, secrets, reading.generation);
  }

  #render(value: string): Rendered {
    if (this.#rendered?.value !== value) {
      const { text, secrets } = this.#options.render(value);
      this.#rendered = { value, text, secrets };
    }
    return this.#rendered;
  }
}
