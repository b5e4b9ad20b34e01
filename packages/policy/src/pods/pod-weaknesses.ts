import { ALLOWLIST_FILE } from '../bundle/config-map.ts';
import type { Weakness } from '../model/lifted.ts';
import { type Live, liveList, liveMap, liveText } from '../names/live.ts';
import type { ObservedPod } from './observed-pods.ts';

/** Arguments of the proxy by which it goes by other rules, or by none. */
const RULE_ARGUMENT = /^--(?:report-only|allowed-domains|allowlist|config)(?:=|$)/;
const MAX_TOLD = 20;

/** What of pods themselves makes the policies hold less: the network of the node is held by none. */
export function heldPodWeaknesses(pods: readonly ObservedPod[]): readonly Weakness[] {
  return pods
    .filter(({ spec }) => spec.hostNetwork === true)
    .slice(0, MAX_TOLD)
    .map(({ object }) => ({
      code: 'pod-host-network',
      severity: 'error',
      object,
      message: 'it is in the network of its node, where no policy holds it',
      remedy: 'Take hostNetwork off, and forbid it with Pod Security (baseline or restricted)',
    }));
}

/**
 * What makes the pods of a proxy go by something else than the allowlist that was read.
 *
 * @param configMap The ConfigMap that it was read from, if it was read.
 */
export function proxyPodWeaknesses(
  pods: readonly ObservedPod[],
  configMap: string | undefined,
): readonly Weakness[] {
  return pods.flatMap((pod) => podWeaknesses(pod, configMap)).slice(0, MAX_TOLD);
}

function podWeaknesses({ object, spec }: ObservedPod, configMap: string | undefined): readonly Weakness[] {
  const containers = [...liveList(spec.containers), ...liveList(spec.initContainers)].map(liveMap);
  const proxies = containers.filter(isProxy);
  const tell = (
    what: string,
    severity: Weakness['severity'],
    message: string,
    remedy = 'Apply its objects again',
  ): Weakness => ({ code: `proxy-${what}`, severity, object, message, remedy });
  if (proxies.length === 0) {
    return [
      tell('rules-unknown', 'warning', 'no container of it says by its variables which rules it reads'),
    ];
  }
  return proxies.flatMap((container) => {
    const found: Weakness[] = [];
    const reportOnly = variable(container, 'PAUDE_PROXY_REPORT_ONLY');
    if (reportOnly !== undefined && !/^(?:|0|false|no|off)$/i.test(reportOnly)) {
      found.push(
        tell('report-only', 'error', 'it only reports, and lets everything pass (PAUDE_PROXY_REPORT_ONLY)'),
      );
    }
    for (const name of ['ALLOWED_DOMAINS', 'ALLOWED_OTEL_PORTS']) {
      if ((variable(container, name) ?? '') === '') continue;
      found.push(tell('other-rules', 'error', `it allows more than its ConfigMap says (${name})`));
    }
    if ([...liveList(container.args), ...liveList(container.command)].some(isRuleArgument)) {
      found.push(tell('other-rules', 'error', 'its arguments give it other rules than its ConfigMap'));
    }
    if (liveList(container.envFrom).length > 0) {
      const message = 'its variables come from elsewhere in part (envFrom), and may give it other rules';
      found.push(tell('rules-unknown', 'warning', message, 'Name the variables one by one'));
    }
    const read = allowlistOf(container, spec);
    if (configMap !== undefined && read !== configMap) {
      const message = `it reads its rules from ${read === undefined ? 'elsewhere' : `the ConfigMap ${read}`}, and not from ${configMap}`;
      found.push(tell('other-allowlist', 'error', message));
    }
    return found;
  });
}

/** Whether a container reads an allowlist, or is told one: the others of a pod have nothing to do with it. */
function isProxy(container: Live): boolean {
  return ['PAUDE_PROXY_ALLOWLIST', 'ALLOWED_DOMAINS', 'PAUDE_PROXY_REPORT_ONLY'].some(
    (name) => variable(container, name) !== undefined,
  );
}

/** What a variable is set to, the last time that it is; `?` where that comes from elsewhere. */
function variable({ env }: Live, name: string): string | undefined {
  const entry = liveList(env)
    .map(liveMap)
    .findLast((item) => item.name === name);
  if (entry === undefined) return undefined;
  return liveText(entry.value) ?? (entry.valueFrom === undefined ? '' : '?');
}

function isRuleArgument(argument: unknown): boolean {
  return typeof argument === 'string' && RULE_ARGUMENT.test(argument);
}

/** The ConfigMap whose key `allowlist.yaml` is the file that a container reads its rules from, if it is one. */
function allowlistOf(container: Live, spec: Live): string | undefined {
  const path = variable(container, 'PAUDE_PROXY_ALLOWLIST');
  const mounts = liveList(container.volumeMounts).map(liveMap);
  const mount = mounts.find(
    ({ mountPath }) => `${liveText(mountPath)?.replace(/\/+$/, '')}/${ALLOWLIST_FILE}` === path,
  );
  if (mount === undefined || mount.subPath !== undefined || mount.subPathExpr !== undefined) return undefined;
  // One that is mounted over the file itself hides it.
  if (mounts.some(({ mountPath }) => mountPath === path)) return undefined;
  const volume = liveList(spec.volumes)
    .map(liveMap)
    .find(({ name }) => name === mount.name);
  const source = liveMap(volume?.configMap);
  // Only keys that keep their names are what the ConfigMap says under them.
  const items = liveList(source.items).map(liveMap);
  if (items.length > 0 && !items.some(({ key, path: to }) => key === ALLOWLIST_FILE && to === key)) {
    return undefined;
  }
  return liveText(source.name);
}
