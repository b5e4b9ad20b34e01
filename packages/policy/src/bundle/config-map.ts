import type { Allowlist } from '@paude/allowlist';
import { objectLabels, objectNames } from '../intents/object-names.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Emission } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { formatAllowlistFile } from './allowlist-file.ts';

/** What a ConfigMap may hold. */
const MAX_BYTES = 1_048_576;
/** What kubectl apply can keep in an annotation, unless it applies on the server. */
const MAX_ANNOTATION_BYTES = 262_144;

/** The key of the ConfigMap, and so the name of the file. */
export const ALLOWLIST_FILE = 'allowlist.yaml';

/**
 * The ConfigMap with the allowlist, which the proxy follows where it is mounted as a directory. What is too large loses the
 * reasons of its rules first, and is refused after that.
 */
export function proxyConfigMap(allowlist: Allowlist, intent: Intent): Emission {
  const name = objectNames(intent).allowlist;
  const diagnostics: Diagnostic[] = [];
  const add = (parts: Omit<Diagnostic, 'kind' | 'object'>): void => {
    diagnostics.push({ ...parts, kind: 'ConfigMap', object: name });
  };
  let text = formatAllowlistFile(allowlist);
  if (bytesOf(text) > MAX_BYTES) {
    text = formatAllowlistFile(allowlist, { reasons: false });
    add({
      code: 'config-map-reasons-left-out',
      effect: 'note',
      severity: 'info',
      message: 'it has no room for the reasons of the rules',
      remedy: 'Keep them where the allowlist is written',
    });
  }
  const bytes = bytesOf(text);
  if (bytes > MAX_BYTES) {
    add({
      code: 'config-map-too-large',
      effect: 'inexpressible',
      severity: 'error',
      message: `the allowlist has ${bytes} bytes, and a ConfigMap takes ${MAX_BYTES}`,
      remedy: `Put wider patterns in the place of rules (there are ${allowlist.rules.length}), or mount the file from a volume and name it with PAUDE_PROXY_ALLOWLIST`,
    });
    return { objects: [], diagnostics: diagnostics.slice(-1) };
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    add({
      code: 'config-map-server-side-only',
      effect: 'note',
      severity: 'info',
      message: `it has ${bytes} bytes, more than kubectl apply can keep in its annotation`,
      remedy: 'Apply it with paude policy apply, or kubectl apply --server-side',
    });
  }
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: intent.namespace, labels: objectLabels(intent) },
    data: { [ALLOWLIST_FILE]: text },
  };
  const comments = new Map([
    ['', 'The allowlist. The proxy takes over what is changed here, within a minute or two.'],
  ]);
  return { objects: [{ object, comments }], diagnostics };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
