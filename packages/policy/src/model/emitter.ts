import type { Allowlist } from '@paude/allowlist';
import type { Diagnostic } from './diagnostic.ts';
import type { Intent } from './intent.ts';
import type { EmittedObject } from './object.ts';

/** The kinds of objects that say what may be reached. */
export type EmitterKind =
  | 'NetworkPolicy'
  | 'EgressFirewall'
  | 'EgressNetworkPolicy'
  | 'CiliumNetworkPolicy'
  | 'ClusterNetworkPolicy'
  | 'FQDNNetworkPolicy'
  | 'ApplicationNetworkPolicy'
  | 'AntreaNetworkPolicy'
  | 'Istio';

/** What an emitter made. No objects with an `error` diagnostic: it refused, and says what to do. */
export interface Emission {
  readonly objects: readonly EmittedObject[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Turns an allowlist into the objects of one kind. Pure and deterministic. */
export interface Emitter {
  readonly kind: EmitterKind;
  /**
   * @throws PaudeError `policy-invalid` when the intent cannot be meant (a name that no object may have).
   */
  emit(allowlist: Allowlist, intent: Intent): Emission;
}
