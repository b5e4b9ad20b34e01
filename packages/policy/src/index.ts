export { type AuditedRule, type AuditReport, type AuditSources, auditPolicy } from './audit/audit-policy.ts';
export {
  type ExplainOptions,
  type ExplainTarget,
  explainHost,
  type HostExplanation,
} from './audit/explain-host.ts';
export type { ExplainStep } from './audit/explain-step.ts';
export type { RuleLayer, RuleVerdict } from './audit/rule-layers.ts';
export type { RuleUse } from './audit/rule-uses.ts';
export { formatAllowlistFile } from './bundle/allowlist-file.ts';
export type { BundleOptions } from './bundle/bundle-options.ts';
export { proxyConfigMap } from './bundle/config-map.ts';
export { deployObjects, deploySidecar, deployTree } from './bundle/deploy-tree.ts';
export { proxyBundle } from './bundle/proxy-bundle.ts';
export { CREDENTIAL_VARIABLES } from './bundle/proxy-container.ts';
export {
  proxyAutoscaler,
  proxyDeployment,
  proxyDisruptionBudget,
  proxyService,
  proxyServiceAccount,
} from './bundle/proxy-objects.ts';
export { type SidecarEmission, type SidecarOptions, sidecarBundle, sidecarIntent } from './bundle/sidecar.ts';
export {
  type DiffOptions,
  type DiffSummary,
  diffSources,
  type PolicyDiff,
  type SourceName,
} from './diff/diff-sources.ts';
export { type ExitCodeOptions, type PolicyOutcome, policyExitCode } from './diff/policy-exit-code.ts';
export type { DiffChange, DiffRow, Risk, Where } from './diff/row.ts';
export type {
  Enforcement,
  EnforcementLayer,
  MissingObject,
  RunningProxy,
  Source,
  SourceKind,
} from './diff/source.ts';
export { importSmokescreen, type SmokescreenOptions } from './import/import-smokescreen.ts';
export { importSquid, type SquidOptions } from './import/import-squid.ts';
export { importSrt, type SrtOptions } from './import/import-srt.ts';
export {
  type Imported,
  type ImportedEntry,
  type ImportNote,
  type ImportNoteKind,
  importedAllowlist,
  type Place,
} from './import/imported.ts';
export {
  type IntentOptions,
  type NamespaceOptions,
  namespaceIntent,
  type StandaloneOptions,
  sessionIntent,
  standaloneIntent,
} from './intents/intents.ts';
export { type ObjectNames, objectNames } from './intents/object-names.ts';
export { emitters, readers, validateObject } from './kinds.ts';
export type { Diagnostic, DiagnosticEffect } from './model/diagnostic.ts';
export type { Emission, Emitter, EmitterKind } from './model/emitter.ts';
export type { DnsMode, Intent, IpFamilies, Platform, PodGroup } from './model/intent.ts';
export type {
  Destination,
  DestinationPod,
  KindReader,
  LiftContext,
  Lifted,
  Verdict,
  Weakness,
} from './model/lifted.ts';
export type { EmittedObject, KubernetesObject, ObjectMeta } from './model/object.ts';
export { type HostAlias, hostAliasFor } from './network-policy/host-alias.ts';
export { networkPolicyEmitter } from './network-policy/network-policy-emitter.ts';
export { networkPolicyReader } from './network-policy/network-policy-reader.ts';
export { applyOrder } from './plan/apply-order.ts';
export { type HeldPodsParts, readHeldPods } from './pods/read-held-pods.ts';
export { readManifests } from './render/read-manifests.ts';
export { renderDirectory } from './render/render-directory.ts';
export { renderJson } from './render/render-json.ts';
export { type RenderOptions, renderYaml } from './render/render-yaml.ts';
export { renderAudit, renderDiff, renderExplanation } from './report/render-report.ts';
export {
  REPORT_FORMATS,
  type ReportFormat,
  type ReportOptions,
  type ReportStyles,
} from './report/report-options.ts';
export { type AuditLine, parseAuditLine } from './usage/audit-line.ts';
export type { SeenStatus } from './usage/needs.ts';
export { type SuggestedEntry, type Suggestion, type SuggestOptions, suggest } from './usage/suggest.ts';
export { type DeniedHost, deniedHosts, unusedRules } from './usage/unused-rules.ts';
export type { Outcome, SeenTarget, Usage } from './usage/usage.ts';
export { type CollectorOptions, UsageCollector } from './usage/usage-collector.ts';
export { UsageReader } from './usage/usage-reader.ts';
