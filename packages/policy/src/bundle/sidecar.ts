import type { Allowlist } from '@paude/allowlist';
import { type IntentOptions, standaloneIntent } from '../intents/intents.ts';
import { objectNames } from '../intents/object-names.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Emission } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { proxyEgressEmission } from '../network-policy/network-policy-emitter.ts';
import type { BundleOptions } from './bundle-options.ts';
import { proxyConfigMap } from './config-map.ts';
import { proxyContainer, proxyVolumes } from './proxy-container.ts';

/** The workload that gets the proxy into its pod. */
export interface SidecarOptions extends Pick<BundleOptions, 'image'> {
  readonly workload: {
    /** The name of its Deployment. */
    readonly name: string;
    /** Its container that is to use the proxy. */
    readonly container: string;
  };
}

/** What a workload with a proxy in its pod needs. */
export interface SidecarEmission extends Emission {
  /** A strategic merge patch of the workload's Deployment. */
  readonly patch: EmittedObject;
}

/** The label of pods that have the proxy in them; its value is the proxy's name. */
const SIDECAR_LABEL = 'paude.io/egress-sidecar';

/**
 * A proxy in the pods of a workload: they are its clients and itself in one.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function sidecarIntent(name: string, options: IntentOptions): Intent {
  const pods = { labels: { [SIDECAR_LABEL]: name } };
  return { ...standaloneIntent(name, options), workload: pods, proxy: pods };
}

/**
 * The proxy as a native sidecar (an init container that goes on, Kubernetes 1.29 and newer): its policy, its allowlist, and
 * the patch of the workload. It gets no credentials: a container beside it is too near.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function sidecarBundle(
  allowlist: Allowlist,
  intent: Intent,
  options: SidecarOptions,
): SidecarEmission {
  const parts = [proxyEgressEmission(allowlist, intent), proxyConfigMap(allowlist, intent)];
  const diagnostics = parts.flatMap((part) => part.diagnostics);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const isRefused = errors.length > 0;
  return {
    objects: isRefused ? [] : parts.flatMap(({ objects }) => objects),
    diagnostics: isRefused ? errors : [notSeparated(intent), ...diagnostics],
    patch: workloadPatch(intent, options),
  };
}

function workloadPatch(intent: Intent, { image, workload }: SidecarOptions): EmittedObject {
  const sidecar = {
    ...proxyContainer(intent, { image, credentials: false, listenHost: '127.0.0.1' }),
    restartPolicy: 'Always',
  };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: workload.name },
    spec: {
      template: {
        metadata: { labels: { ...intent.proxy?.labels } },
        spec: {
          // With one process namespace the workload could read the proxy's memory.
          shareProcessNamespace: false,
          initContainers: [sidecar],
          containers: [{ name: workload.container, env: clientEnvironment(intent.proxyPort) }],
          volumes: proxyVolumes(intent, { credentials: false }),
        },
      },
    },
  };
  const comment = 'The proxy beside the workload, started before it, and the variables that lead to it.';
  return { object, comments: new Map([['', comment]]) };
}

/** What programs read to find a proxy; curl reads the first in lower case only. */
function clientEnvironment(port: number): object[] {
  const url = `http://127.0.0.1:${port}`;
  const local = 'localhost,127.0.0.1,::1';
  return Object.entries({
    http_proxy: url,
    https_proxy: url,
    no_proxy: local,
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    NO_PROXY: local,
    NODE_USE_ENV_PROXY: '1',
  }).map(([name, value]) => ({ name, value }));
}

function notSeparated(intent: Intent): Diagnostic {
  return {
    code: 'sidecar-not-separated',
    effect: 'fail-open',
    severity: 'warning',
    kind: 'NetworkPolicy',
    object: objectNames(intent).proxyEgress,
    message:
      'a NetworkPolicy cannot tell two containers of one pod apart: the workload can go around the proxy to every address and port that the proxy may reach',
    remedy: 'Use it where the workload is trusted to keep to its proxy; else give the proxy a pod of its own',
  };
}
