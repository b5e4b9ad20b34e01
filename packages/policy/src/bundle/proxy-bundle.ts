import type { Allowlist } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { objectNames } from '../intents/object-names.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Emission } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import { networkPolicyEmitter } from '../network-policy/network-policy-emitter.ts';
import type { BundleOptions } from './bundle-options.ts';
import { proxyConfigMap } from './config-map.ts';
import {
  proxyAutoscaler,
  proxyDeployment,
  proxyDisruptionBudget,
  proxyService,
  proxyServiceAccount,
  replicasOf,
} from './proxy-objects.ts';

/**
 * Everything that a proxy needs in a cluster, in the order to apply it: the NetworkPolicies before what they hold. Secrets
 * are referred to, never made; without them the proxy puts no credentials on requests.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function proxyBundle(allowlist: Allowlist, intent: Intent, options: BundleOptions): Emission {
  checkReplicas(intent, options);
  const parts = [networkPolicyEmitter.emit(allowlist, intent), proxyConfigMap(allowlist, intent)];
  const errors = parts
    .flatMap(({ diagnostics }) => diagnostics)
    .filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { objects: [], diagnostics: errors };
  const isScaled = replicasOf(intent, options).max > 1;
  return {
    objects: [
      ...parts.flatMap(({ objects }) => objects),
      proxyServiceAccount(intent),
      proxyDeployment(intent, options),
      proxyService(intent),
      ...(isScaled ? [proxyDisruptionBudget(intent), proxyAutoscaler(intent, options)] : []),
    ],
    diagnostics: [...parts.flatMap(({ diagnostics }) => diagnostics), ...bundleDiagnostics(intent, options)],
  };
}

function checkReplicas(intent: Intent, options: BundleOptions): void {
  const { min, max } = replicasOf(intent, options);
  const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= 1000;
  if (isCount(min) && isCount(max) && min <= max) return;
  throw new PaudeError('policy-invalid', {
    action: 'run the proxy with as many pods as',
    input: `${min} to ${max}`,
    why: 'these are no numbers of pods',
    remedy: 'Give two numbers from 1 to 1000, the smaller first',
  });
}

function bundleDiagnostics(intent: Intent, options: BundleOptions): Diagnostic[] {
  const { proxy, authority } = objectNames(intent);
  const { credentials = true, image } = options;
  const found: Diagnostic[] = [];
  const add = (parts: Pick<Diagnostic, 'code' | 'severity' | 'message' | 'remedy'>): void => {
    found.push({ ...parts, effect: 'note', kind: 'Deployment', object: proxy });
  };
  if (credentials && replicasOf(intent, options).max > 1) {
    add({
      code: 'proxy-authority-not-shared',
      severity: 'warning',
      message: `with credentials each of its pods makes a certificate authority of its own, unless the Secret ${authority} has one for all`,
      remedy: `Make one with paude proxy --ca-dir, and kubectl create secret generic ${authority} with its ca.key and ca.crt`,
    });
  }
  if (!image.includes('@sha256:')) {
    add({
      code: 'proxy-image-by-tag',
      severity: 'info',
      message: 'its image is named by a tag, which may come to mean another image',
      remedy: 'Name it by its digest',
    });
  }
  return found;
}
