export { type AppliedObject, type ApplyAllOptions, type ApplyTarget, applyAll } from './apply-all.ts';
export type { Capabilities, CapabilityKind, WildcardSupport } from './capabilities.ts';
export { type Cluster, type OpenOptions, openCluster, type ServerVersion } from './cluster.ts';
export type { KubeconfigOptions } from './kubeconfig.ts';
export type { ClusterObject, KindReference, ObjectList, ObjectMetadata, WrittenObject } from './object.ts';
export type {
  ApplyOptions,
  CreateOptions,
  ListOptions,
  RemoveOptions,
  WriteOptions,
} from './objects.ts';
export type { PlaceOptions, SelectOptions } from './target.ts';
export type { WatchEvent, WatchOptions } from './watch.ts';
