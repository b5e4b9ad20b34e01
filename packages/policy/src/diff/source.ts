import type { Allowlist } from '@paude/allowlist';
import type { Destination, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { Usage } from '../usage/usage.ts';

/** Where what is compared was read. */
export type SourceKind = 'words' | 'file' | 'manifests' | 'cluster' | 'proxy' | 'session' | 'log' | 'squid';

/** One side of a comparison, read. What a side cannot say is left out; what neither side can say is not compared. */
export interface Source {
  /** As the person wrote it: `cluster:prod/agents`. */
  readonly name: string;
  readonly kind: SourceKind;
  /** What it says is allowed; rules read from an object have its `KIND/NAME` as their file. */
  readonly allowlist?: Allowlist | undefined;
  /** The objects that hold traffic to it. */
  readonly enforcement?: Enforcement | undefined;
  /** What was really asked for. */
  readonly usage?: Usage | undefined;
  /** What the proxy that runs goes by, which may be older than the allowlist that was written for it. */
  readonly running?: RunningProxy | undefined;
}

/** What a running proxy says of itself. */
export interface RunningProxy {
  /** The rules in force; undefined when it could not be asked. */
  readonly allowlist?: Allowlist | undefined;
  /** Who was asked: `Pod/paude-proxy-review-6f7`. */
  readonly where: string;
  /** When its rules were read, milliseconds since 1970. */
  readonly readMs?: number | undefined;
  /** Why it could not read the newest rules. */
  readonly reloadFailure?: string | undefined;
  /** Whether it lets everything pass, and only tells what it would refuse. @default false */
  readonly reportOnly?: boolean | undefined;
}

/** The objects that hold the traffic of pods, read back. */
export interface Enforcement {
  readonly layers: readonly EnforcementLayer[];
  readonly missing: readonly MissingObject[];
  /** What the pods themselves are like that makes the objects hold less than they say. @default [] */
  readonly weaknesses?: readonly Weakness[] | undefined;
}

/** The objects of one kind, as they bear on one group of pods. Traffic has to pass every layer. */
export interface EnforcementLayer {
  readonly kind: string;
  /** Whose traffic was asked about. */
  readonly pods: 'workload' | 'proxy';
  readonly lifted: Lifted;
  /** The objects of the kind, `KIND/NAME`. */
  readonly objects: readonly string[];
  evaluate(destination: Destination): Verdict;
}

/** An object that should be there and is not. */
export interface MissingObject {
  /** `KIND/NAME`. */
  readonly object: string;
  /** One clause, without a full stop. */
  readonly why: string;
}
