import { PaudeError } from '@paude/errors';
import { objectNames } from '../intents/object-names.ts';
import type { Intent } from '../model/intent.ts';
import { ADMIN_PORT } from '../network-policy/network-policy-emitter.ts';
import type { BundleOptions } from './bundle-options.ts';
import { ALLOWLIST_FILE } from './config-map.ts';

const ALLOWLIST_DIRECTORY = '/etc/paude/allowlist';
const AUTHORITY_DIRECTORY = '/etc/paude/authority';
const STATE_DIRECTORY = '/var/lib/paude';

/** The user of the image; OpenShift gives every namespace one of its own. */
const USER = 1001;

/** Variables of the image that hold a credential by themselves: keys of the Secret. */
export const CREDENTIAL_VARIABLES: readonly string[] = [
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CURSOR_API_KEY',
  'GCP_ADC_JSON',
  'GEMINI_API_KEY',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GOOGLE_API_KEY',
  'OPENAI_API_KEY',
];

/**
 * A Secret's files are links that a group can read; the proxy takes a key only as a file of its own. There is no shell in
 * the image, but there is Node.
 */
const COPY_AUTHORITY = [
  "const fs = require('node:fs');",
  `const from = '${AUTHORITY_DIRECTORY}/', to = '${STATE_DIRECTORY}/ca/';`,
  "if (fs.existsSync(from + 'ca.key')) {",
  '  fs.mkdirSync(to, { recursive: true, mode: 0o700 });',
  "  for (const [name, mode] of [['ca.key', 0o600], ['ca.crt', 0o644]]) {",
  '    fs.rmSync(to + name, { force: true });',
  '    fs.writeFileSync(to + name, fs.readFileSync(from + name), { mode });',
  '  }',
  '}',
  '',
].join('\n');

/** Where the proxy of a pod listens, and what it may do. */
export interface ContainerOptions extends BundleOptions {
  /** @default all addresses */
  readonly listenHost?: string | undefined;
}

/** The proxy's container. Restricted Pod Security: no root, no privileges, nothing written outside of its volumes. */
export function proxyContainer(intent: Intent, options: ContainerOptions): object {
  const { proxyPort } = intent;
  const probe = (path: string, more: object): object => ({ httpGet: { path, port: 'admin' }, ...more });
  return {
    name: 'proxy',
    image: options.image,
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'proxy', containerPort: proxyPort, protocol: 'TCP' },
      { name: 'admin', containerPort: ADMIN_PORT, protocol: 'TCP' },
    ],
    env: environmentOf(intent, options),
    startupProbe: probe('/healthz', { periodSeconds: 2, failureThreshold: 30 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5, timeoutSeconds: 3 }),
    livenessProbe: probe('/healthz', { periodSeconds: 15, timeoutSeconds: 5 }),
    resources: {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '500m', memory: '256Mi' },
    },
    securityContext: containerSecurity(),
    volumeMounts: [
      { name: 'allowlist', mountPath: ALLOWLIST_DIRECTORY, readOnly: true },
      { name: 'state', mountPath: STATE_DIRECTORY },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function environmentOf(intent: Intent, options: ContainerOptions): object[] {
  const { environment = {}, credentials = true, listenHost = '' } = options;
  const secret = Object.keys(environment).find((name) => CREDENTIAL_VARIABLES.includes(name));
  if (secret !== undefined) {
    throw new PaudeError('policy-invalid', {
      action: 'set the variable',
      input: secret,
      why: 'it holds a credential, and objects are for many to read',
      remedy: `Put it into the Secret ${objectNames(intent).credentials}, under that key`,
    });
  }
  const values: Record<string, string> = {
    PAUDE_PROXY_LISTEN: `${listenHost}:${intent.proxyPort}`,
    PAUDE_PROXY_ADMIN: `:${ADMIN_PORT}`,
    PAUDE_PROXY_ALLOWLIST: `${ALLOWLIST_DIRECTORY}/${ALLOWLIST_FILE}`,
    PAUDE_PROXY_CA_DIR: `${STATE_DIRECTORY}/ca`,
    ...(credentials ? {} : { PAUDE_PROXY_DEFAULT_CREDENTIALS: '0' }),
    ...(intent.form === 'session' ? { PAUDE_PROXY_SESSION: intent.name } : {}),
    ...(intent.allowPrivate.length === 0
      ? {}
      : { PAUDE_PROXY_ALLOW_PRIVATE: intent.allowPrivate.map(({ text }) => text).join(',') }),
    ...environment,
  };
  const { credentials: secretName } = objectNames(intent);
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...(credentials ? CREDENTIAL_VARIABLES : []).map((name) => ({
      name,
      valueFrom: { secretKeyRef: { name: secretName, key: name, optional: true } },
    })),
  ];
}

/** Brings the certificate authority from its Secret, where there is one; else every pod makes its own. */
export function authorityContainer({ image }: BundleOptions): object {
  return {
    name: 'authority',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/opt/paude/bin/node', '-e', COPY_AUTHORITY],
    resources: {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '500m', memory: '256Mi' },
    },
    securityContext: containerSecurity(),
    volumeMounts: [
      { name: 'authority', mountPath: AUTHORITY_DIRECTORY, readOnly: true },
      { name: 'state', mountPath: STATE_DIRECTORY },
    ],
  };
}

/** The volumes of the proxy's containers. */
export function proxyVolumes(
  intent: Intent,
  { credentials = true }: Pick<BundleOptions, 'credentials'>,
): object[] {
  const names = objectNames(intent);
  return [
    { name: 'allowlist', configMap: { name: names.allowlist } },
    // In memory: the key of the authority never lies on the node's disk.
    { name: 'state', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ...(credentials
      ? [{ name: 'authority', secret: { secretName: names.authority, optional: true, defaultMode: 0o440 } }]
      : []),
  ];
}

/** What the pod may do. OpenShift assigns users and groups, and refuses others. */
export function podSecurity({ platform }: Intent): object {
  return {
    runAsNonRoot: true,
    ...(platform === 'openshift' ? {} : { runAsUser: USER, runAsGroup: USER, fsGroup: USER }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function containerSecurity(): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  };
}
