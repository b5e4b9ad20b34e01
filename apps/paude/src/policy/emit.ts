import type { Allowlist } from '@paude/allowlist';
import {
  type Diagnostic,
  type EmittedObject,
  emitters,
  type Intent,
  proxyBundle,
  validateObject,
} from '@paude/policy';
import type { Kind } from './intent-options.ts';

/** The objects of several kinds, and all that is to be said of them. */
export interface Emitted {
  readonly objects: readonly EmittedObject[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface EmitOptions {
  readonly kinds: readonly Kind[];
  /** The image of the proxy, for the bundle. */
  readonly image: string;
}

/** Makes the objects of all wanted kinds, each once, and checks them as the API server would. */
export function emitKinds(allowlist: Allowlist, intent: Intent, options: EmitOptions): Emitted {
  const { kinds, image } = options;
  const emissions = kinds.map((kind) =>
    kind === 'bundle'
      ? proxyBundle(allowlist, intent, { image })
      : emitters.get(kind)?.emit(allowlist, intent),
  );
  const objects = new Map<string, EmittedObject>();
  for (const emitted of emissions.flatMap((emission) => emission?.objects ?? [])) {
    const { apiVersion, kind, metadata } = emitted.object;
    objects.set([apiVersion, kind, metadata.namespace ?? '', metadata.name].join(' '), emitted);
  }
  const said = new Map<string, Diagnostic>();
  for (const diagnostic of emissions.flatMap((emission) => emission?.diagnostics ?? []))
    said.set(
      JSON.stringify([diagnostic.code, diagnostic.object, diagnostic.rule?.text, diagnostic.message]),
      diagnostic,
    );
  const invalid = [...objects.values()].flatMap(({ object }) => validateObject(object));
  return { objects: [...objects.values()], diagnostics: [...said.values(), ...invalid] };
}
