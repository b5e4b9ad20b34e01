/** What the proxy's objects are made of. */
export interface BundleOptions {
  /** The proxy's image, by name and tag or digest. */
  readonly image: string;
  /** How many pods: with `max` above 1 there are a HorizontalPodAutoscaler and a PodDisruptionBudget. @default 1 for a session, 2 to 5 for a standalone proxy */
  readonly replicas?: { readonly min: number; readonly max: number } | undefined;
  /** Whether it takes credentials from the Secrets of `objectNames()`, where they exist. @default true */
  readonly credentials?: boolean | undefined;
  /** More variables of the image. Never a secret: objects are for many to read. @default {} */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}
