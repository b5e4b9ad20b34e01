/** What every Kubernetes object says of itself. An alias, so that it fits where any further field is allowed. */
export type ObjectMeta = {
  readonly name: string;
  /** Undefined for objects of the whole cluster. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** A Kubernetes object as it is written in a manifest: JSON values only, no `status` and no `managedFields`. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/**
 * An object with what a reader of its YAML is told: comments by JSON Pointer (RFC 6901) of the entry that they stand
 * above, `''` for the head of the document: `/spec/egress/0` → `from .example.com`.
 */
export interface EmittedObject {
  readonly object: KubernetesObject;
  readonly comments: ReadonlyMap<string, string>;
}
