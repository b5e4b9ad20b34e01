import { formatAddress, parseAddress } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { objectNames } from '../intents/object-names.ts';
import type { Intent } from '../model/intent.ts';

/** An entry of a pod's `hostAliases`. */
export interface HostAlias {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

/**
 * The names of the proxy's Service at its address, for pods that may not ask DNS.
 *
 * @param serviceAddress The Service's cluster IP.
 * @throws PaudeError `policy-invalid`.
 */
export function hostAliasFor(intent: Intent, serviceAddress: string): HostAlias {
  const address = parseAddress(serviceAddress);
  if (address === undefined) {
    throw new PaudeError('policy-invalid', {
      action: 'make a host alias for the proxy at',
      input: serviceAddress,
      why: 'it is no IP address (a headless Service has none)',
      remedy: "Give the cluster IP of the proxy's Service",
    });
  }
  const name = objectNames(intent).proxy;
  const namespace = intent.proxy?.namespace ?? intent.namespace;
  const service = `${name}.${namespace}`;
  return {
    ip: formatAddress(address),
    hostnames: [name, service, `${service}.svc`, `${service}.svc.cluster.local`],
  };
}
