import { antreaEmitter } from './antrea/emit.ts';
import { antreaReader } from './antrea/lift.ts';
import { validateAntrea } from './antrea/validate.ts';
import { ciliumEmitter } from './cilium/emit.ts';
import { ciliumReader } from './cilium/lift.ts';
import { validateCilium } from './cilium/validate.ts';
import { clusterNetworkPolicyEmitter } from './cluster-network-policy/emit.ts';
import { clusterNetworkPolicyReader } from './cluster-network-policy/lift.ts';
import { validateClusterNetworkPolicy } from './cluster-network-policy/validate.ts';
import { egressFirewallEmitter } from './egress-firewall/emit.ts';
import { egressFirewallReader } from './egress-firewall/lift.ts';
import { validateEgressFirewall } from './egress-firewall/validate.ts';
import { egressNetworkPolicyEmitter } from './egress-network-policy/emit.ts';
import { egressNetworkPolicyReader } from './egress-network-policy/lift.ts';
import { validateEgressNetworkPolicy } from './egress-network-policy/validate.ts';
import { eksEmitter } from './eks/emit.ts';
import { eksReader } from './eks/lift.ts';
import { validateEks } from './eks/validate.ts';
import { gkeEmitter } from './gke/emit.ts';
import { gkeReader } from './gke/lift.ts';
import { validateGke } from './gke/validate.ts';
import { istioEmitter } from './istio/emit.ts';
import { istioReader } from './istio/lift.ts';
import { validateServiceEntry, validateSidecar } from './istio/validate.ts';
import type { Diagnostic } from './model/diagnostic.ts';
import type { Emitter, EmitterKind } from './model/emitter.ts';
import type { KindReader } from './model/lifted.ts';
import { isMap, type Live, liveText } from './names/live.ts';
import { networkPolicyEmitter } from './network-policy/network-policy-emitter.ts';
import { networkPolicyReader } from './network-policy/network-policy-reader.ts';

/** The emitter of each kind. */
export const emitters: ReadonlyMap<EmitterKind, Emitter> = new Map(
  [
    networkPolicyEmitter,
    egressFirewallEmitter,
    egressNetworkPolicyEmitter,
    ciliumEmitter,
    clusterNetworkPolicyEmitter,
    gkeEmitter,
    eksEmitter,
    antreaEmitter,
    istioEmitter,
  ].map((emitter) => [emitter.kind, emitter]),
);

/** The reader of each kind of live objects. Those of Antrea and Istio are called as their emitters are. */
export const readers: readonly KindReader[] = [
  networkPolicyReader,
  egressFirewallReader,
  egressNetworkPolicyReader,
  ciliumReader,
  clusterNetworkPolicyReader,
  gkeReader,
  eksReader,
  antreaReader,
  istioReader,
];

const VALIDATORS: ReadonlyMap<string, (object: Live) => readonly Diagnostic[]> = new Map([
  ['k8s.ovn.org/v1 EgressFirewall', validateEgressFirewall],
  ['network.openshift.io/v1 EgressNetworkPolicy', validateEgressNetworkPolicy],
  ['cilium.io/v2 CiliumNetworkPolicy', validateCilium],
  ['policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy', validateClusterNetworkPolicy],
  ['networking.gke.io/v1alpha1 FQDNNetworkPolicy', validateGke],
  ['networking.k8s.aws/v1alpha1 ApplicationNetworkPolicy', validateEks],
  ['crd.antrea.io/v1beta1 NetworkPolicy', validateAntrea],
  ['networking.istio.io/v1 ServiceEntry', validateServiceEntry],
  ['networking.istio.io/v1 Sidecar', validateSidecar],
]);

/**
 * What an API server, or the controller behind it, would refuse of an object, each as an `error` whose message begins with
 * the field. Nothing for kinds that are not known here. Takes anything.
 */
export function validateObject(object: unknown): readonly Diagnostic[] {
  if (!isMap(object)) return [];
  const validate = VALIDATORS.get(`${liveText(object.apiVersion) ?? ''} ${liveText(object.kind) ?? ''}`);
  return validate === undefined ? [] : validate(object);
}
