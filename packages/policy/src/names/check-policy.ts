import type { ObjectCheck } from './check.ts';
import { isMap, livePort } from './live.ts';

/** Ports as `networking.k8s.io` has them: a number or a name, `endPort` behind a number. */
export function checkPolicyPorts(check: ObjectCheck, value: unknown, field: string): void {
  for (const [index, item] of check.list(value, field).entries()) {
    const at = `${field}[${index}]`;
    const { protocol, port, endPort } = check.keys(item, at, ['protocol', 'port', 'endPort']);
    if (protocol !== undefined)
      check.text(protocol, `${at}.protocol`, /^(?:TCP|UDP|SCTP)$/, 'Write TCP, UDP or SCTP');
    if (typeof port === 'string') check.text(port, `${at}.port`, /^[a-z\d-]{1,15}$/, 'Write a port');
    else if (port !== undefined) check.port(port, `${at}.port`);
    if (endPort === undefined) continue;
    check.port(endPort, `${at}.endPort`);
    const [first, last] = [livePort(port), livePort(endPort)];
    if (first === undefined || (last !== undefined && last < first)) {
      check.fault(`${at}.endPort`, 'is not behind a port that is no greater', 'Write the first port as port');
    }
  }
}

/** A label selector of meta/v1. */
export function checkSelector(check: ObjectCheck, value: unknown, field: string): void {
  const { matchLabels } = check.keys(value, field, ['matchLabels', 'matchExpressions']);
  if (matchLabels === undefined) return;
  if (!isMap(matchLabels)) check.fault(`${field}.matchLabels`, 'is no mapping', 'Write labels there');
  else {
    for (const [key, label] of Object.entries(matchLabels)) {
      const at = `${field}.matchLabels[${JSON.stringify(key.slice(0, 80))}]`;
      check.text(
        label,
        at,
        /^([A-Za-z\d]([A-Za-z\d._-]*[A-Za-z\d])?)?$/,
        'Use at most 63 letters, digits, hyphens and dots',
        63,
      );
    }
  }
}
