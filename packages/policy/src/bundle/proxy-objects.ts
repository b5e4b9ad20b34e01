import { objectLabels, objectNames } from '../intents/object-names.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject, KubernetesObject } from '../model/object.ts';
import type { BundleOptions } from './bundle-options.ts';
import { authorityContainer, podSecurity, proxyContainer, proxyVolumes } from './proxy-container.ts';

/** The least and the most pods of a proxy. */
export function replicasOf(
  intent: Intent,
  { replicas }: Pick<BundleOptions, 'replicas'>,
): { min: number; max: number } {
  return replicas ?? (intent.form === 'session' ? { min: 1, max: 1 } : { min: 2, max: 5 });
}

/** The account of the proxy's pods. It has no rights, and its token is not mounted. */
export function proxyServiceAccount(intent: Intent): EmittedObject {
  return emitted('An account without rights; its token is not mounted.', {
    ...head('v1', 'ServiceAccount', intent),
    automountServiceAccountToken: false,
  });
}

/** The proxy's pods. */
export function proxyDeployment(intent: Intent, options: BundleOptions): EmittedObject {
  const { min, max } = replicasOf(intent, options);
  const labels = intent.proxy?.labels ?? {};
  const names = objectNames(intent);
  const isScaled = max > 1;
  return emitted('The proxy.', {
    ...head('apps/v1', 'Deployment', intent),
    spec: {
      // Left to the autoscaler where there is one: to apply this again must not undo its work.
      ...(isScaled ? {} : { replicas: min }),
      revisionHistoryLimit: 3,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { ...intent.labels, ...labels } },
        spec: {
          serviceAccountName: names.proxy,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // The proxy gives what is open ten seconds, and needs a moment before and after.
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(intent),
          ...(isScaled ? { topologySpreadConstraints: [spread(labels)] } : {}),
          ...(options.credentials === false ? {} : { initContainers: [authorityContainer(options)] }),
          containers: [proxyContainer(intent, options)],
          volumes: proxyVolumes(intent, options),
        },
      },
    },
  });
}

function spread(labels: Readonly<Record<string, string>>): object {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
  };
}

/** Where clients find the proxy: its port alone, never the admin server's. */
export function proxyService(intent: Intent): EmittedObject {
  const { proxyPort, proxy, families } = intent;
  return emitted('Where its clients find the proxy.', {
    ...head('v1', 'Service', intent),
    spec: {
      type: 'ClusterIP',
      ...(families === 'dual' ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
      selector: proxy?.labels ?? {},
      ports: [{ name: 'proxy', port: proxyPort, targetPort: 'proxy', protocol: 'TCP' }],
    },
  });
}

/** Nodes are emptied one proxy pod at a time. */
export function proxyDisruptionBudget(intent: Intent): EmittedObject {
  return emitted('One pod at a time, when nodes are emptied.', {
    ...head('policy/v1', 'PodDisruptionBudget', intent),
    spec: { maxUnavailable: 1, selector: { matchLabels: intent.proxy?.labels ?? {} } },
  });
}

/** More pods when the proxy is busy, and fewer only after a while: a pod that goes cuts the tunnels that outlast it. */
export function proxyAutoscaler(intent: Intent, options: Pick<BundleOptions, 'replicas'>): EmittedObject {
  const { min, max } = replicasOf(intent, options);
  return emitted(
    'More pods when it is busy; fewer only after ten minutes, for a pod that goes cuts its tunnels.',
    {
      ...head('autoscaling/v2', 'HorizontalPodAutoscaler', intent),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: objectNames(intent).proxy },
        minReplicas: min,
        maxReplicas: max,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 200 } },
          },
        ],
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 600,
            policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }],
          },
        },
      },
    },
  );
}

function head(apiVersion: string, kind: string, intent: Intent): KubernetesObject {
  const { namespace } = intent;
  return {
    apiVersion,
    kind,
    metadata: { name: objectNames(intent).proxy, namespace, labels: objectLabels(intent) },
  };
}

function emitted(comment: string, object: KubernetesObject): EmittedObject {
  return { object, comments: new Map([['', comment]]) };
}
