/** What kind of thing: `{ apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall' }`. */
export interface KindReference {
  /** `group/version`, or only the version for the core group: `v1`. */
  readonly apiVersion: string;
  readonly kind: string;
}

/** The part of every object that Kubernetes itself understands (ObjectMeta); times are RFC 3339. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  /** Changes with every change. To be compared for equality alone. */
  readonly resourceVersion?: string;
  /** Counts changes of `spec`. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** Set while the object waits for its finalizers. */
  readonly deletionTimestamp?: string;
  readonly [field: string]: unknown;
}

/** An object as the server gave it: nothing dropped, nothing renamed, times as text. */
export interface ClusterObject extends KindReference {
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** An object to be sent; fields that the server does not know are refused by it, not dropped here. */
export interface WrittenObject extends KindReference {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** All objects of a kind at one moment. */
export interface ObjectList {
  readonly items: readonly ClusterObject[];
  /** The moment: a watch from here on sees every later change. */
  readonly resourceVersion: string;
}

/** Reads what the server says is an object; a list leaves apiVersion and kind of its items out, so they are put back. */
export function readObject(value: unknown, kind: KindReference): ClusterObject | undefined {
  if (!isRecord(value) || !isRecord(value.metadata) || typeof value.metadata.name !== 'string')
    return undefined;
  // Checked above as far as anything here relies on it; the rest of the metadata is the server's word.
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...value } as ClusterObject;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
