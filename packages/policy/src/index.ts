export type { Diagnostic, DiagnosticEffect } from './model/diagnostic.ts';
export type { Emission, Emitter, EmitterKind } from './model/emitter.ts';
export type { DnsMode, Intent, IpFamilies, Platform, PodGroup } from './model/intent.ts';
export type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from './model/lifted.ts';
export type { EmittedObject, KubernetesObject, ObjectMeta } from './model/object.ts';
