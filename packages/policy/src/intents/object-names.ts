import type { Intent } from '../model/intent.ts';

/** What the objects of an intent are called. */
export interface ObjectNames {
  /** The proxy's Deployment, Service, ServiceAccount, PodDisruptionBudget and HorizontalPodAutoscaler. */
  readonly proxy: string;
  /** The NetworkPolicy of the pods whose only way out is the proxy. */
  readonly workloadEgress: string;
  readonly proxyEgress: string;
  readonly proxyIngress: string;
  /** The ConfigMap with the allowlist. */
  readonly allowlist: string;
  /** The Secret with the proxy's credentials, one key a variable. */
  readonly credentials: string;
  /** The Secret with `ca.key` and `ca.crt`. */
  readonly authority: string;
}

/** The names of an intent's objects: those of the running system upstream of ours for a session. */
export function objectNames(intent: Pick<Intent, 'form' | 'name'>): ObjectNames {
  const { form, name } = intent;
  const proxy = form === 'session' ? `paude-proxy-${name}` : form === 'standalone' ? name : 'paude-proxy';
  const own = {
    allowlist: `${proxy}-allowlist`,
    credentials: `${proxy}-credentials`,
    authority: `${proxy}-ca`,
  };
  if (form === 'standalone') {
    return {
      proxy,
      workloadEgress: `${name}-clients`,
      proxyEgress: `${name}-egress`,
      proxyIngress: `${name}-ingress`,
      ...own,
    };
  }
  const suffix = form === 'session' ? `-${name}` : '';
  return {
    proxy,
    workloadEgress: `paude-egress${suffix}`,
    proxyEgress: `paude-proxy-egress${suffix}`,
    proxyIngress: `paude-proxy-ingress${suffix}`,
    ...own,
  };
}

/** The labels that every object of an intent has: its own, and those that were asked for. */
export function objectLabels(intent: Pick<Intent, 'form' | 'name' | 'labels'>): Record<string, string> {
  const { form, name, labels } = intent;
  const own: Record<string, string> = { 'app.kubernetes.io/managed-by': 'paude' };
  if (form === 'standalone') {
    own['app.kubernetes.io/name'] = 'paude-proxy';
    own['app.kubernetes.io/instance'] = name;
  } else {
    own.app = 'paude';
    if (form === 'session') own['paude.io/session-name'] = name;
  }
  return { ...labels, ...own };
}
