import { parseWords } from '@paude/allowlist';
import { type IntentOptions, standaloneIntent } from '../intents/intents.ts';
import type { EmittedObject } from '../model/object.ts';
import { renderDirectory } from '../render/render-directory.ts';
import { commentLines, renderYaml, yamlDocument } from '../render/render-yaml.ts';
import { overlayFiles, targetOf } from './overlay.ts';
import { proxyBundle } from './proxy-bundle.ts';
import { type SidecarEmission, sidecarBundle, sidecarIntent } from './sidecar.ts';

/** Kustomizations have no image's address: `kustomize edit set image paude-proxy=…` gives it. */
const IMAGE = 'paude-proxy:latest';
const NAME = 'paude-proxy';
const OPTIONS: IntentOptions = { namespace: 'paude-proxy', atMs: 0 };
const MADE =
  'Written by npm run deploy:write; a test holds it to the code. Change it in an overlay of your own.';

const BASE = `A proxy for the pods of its namespace that are labelled paude.io/egress-proxy=${NAME}.

  kubectl create namespace ${OPTIONS.namespace}
  kubectl apply --kustomize deploy/base

Give it your image (kustomize edit set image ${NAME}=...) and your allowlist (${NAME}-allowlist).
Credentials are keys of the Secret ${NAME}-credentials, named as their variables; with them, and
more than one pod, the Secret ${NAME}-ca has to hold a ca.key and ca.crt for all.

${MADE}`;

const OPENSHIFT = `For OpenShift: it assigns users and groups itself, and its DNS pods listen on 5353.

${MADE}`;

const OTHER_NAMESPACE = `The proxy in its namespace, its clients in another one, agents: there they are labelled
paude.io/egress-proxy=${NAME}, and reach the proxy as ${NAME}.${OPTIONS.namespace}.svc.

${MADE}`;

const SIDECAR = `The proxy beside a workload, in its pod. Put your Deployment in the place of
workload.yaml, and its names into the patch.

A NetworkPolicy cannot tell two containers of one pod apart: the workload can go around the proxy to every address and
port that the proxy may reach. Use it where the workload is trusted to keep to its proxy, else deploy/base.

${MADE}`;

/** The objects of each kustomization below deploy/, as the code makes them. */
export function deployObjects(): Readonly<
  Record<'base' | 'openshift' | 'other-namespace', readonly EmittedObject[]>
> {
  const objects = (changes: Parameters<typeof standaloneIntent>[1]): readonly EmittedObject[] =>
    proxyBundle(parseWords(['default']), standaloneIntent(NAME, changes), { image: IMAGE }).objects;
  return {
    base: objects(OPTIONS),
    openshift: objects({ ...OPTIONS, platform: 'openshift' }),
    'other-namespace': objects({ ...OPTIONS, clients: { namespace: 'agents' } }),
  };
}

/** What the sidecar's kustomization is made of. */
export function deploySidecar(): SidecarEmission {
  const workload = { name: 'agent', container: 'agent' };
  return sidecarBundle(parseWords(['default']), sidecarIntent(NAME, OPTIONS), { image: IMAGE, workload });
}

/** The files below deploy/, by path. */
export function deployTree(): ReadonlyMap<string, string> {
  const { base, openshift, 'other-namespace': other } = deployObjects();
  const kustomizations = {
    base: renderDirectory(base, { head: BASE }),
    'overlays/openshift': overlayFiles(base, openshift, { head: OPENSHIFT, base: '../../base' }),
    'overlays/other-namespace': overlayFiles(base, other, { head: OTHER_NAMESPACE, base: '../../base' }),
    'overlays/sidecar': sidecarFiles(),
  };
  return new Map(
    Object.entries(kustomizations).flatMap(([directory, files]) =>
      [...files].map(([file, text]): [string, string] => [`${directory}/${file}`, text]),
    ),
  );
}

function sidecarFiles(): ReadonlyMap<string, string> {
  const { objects, patch } = deploySidecar();
  const files = new Map(renderDirectory(objects));
  files.set('workload.yaml', renderYaml([workload()]));
  files.set('patch.yaml', renderYaml([patch]));
  const resources = [...files.keys()].filter(
    (file) => file !== 'kustomization.yaml' && file !== 'patch.yaml',
  );
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
    patches: [{ path: 'patch.yaml', target: targetOf(patch.object) }],
  };
  files.set('kustomization.yaml', `${commentLines(SIDECAR)}\n\n${yamlDocument(kustomization)}`);
  return files;
}

/** A workload to be patched, as small as one can be. */
function workload(): EmittedObject {
  const labels = { 'app.kubernetes.io/name': 'agent' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'agent', namespace: OPTIONS.namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'agent',
              image: 'agent:latest',
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
  return { object, comments: new Map([['', 'An example. Put your own workload here.']]) };
}
