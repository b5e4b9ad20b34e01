export { type RotateOptions, readCertificate, rotateAuthority } from './ca/certificate-authority.ts';
export type { CertificateFacts } from './ca/certificate-facts.ts';
export type { Permissions } from './ca/name-constraints.ts';
export { formatAuthority, parseAuthority, type Target, type TargetFault } from './engine/target.ts';
export type { InternalsSource } from './relay/node-handles.ts';
export {
  type Audit,
  type AuditEvent,
  CLOSE_REASONS,
  type CloseFacts,
  type DecisionFacts,
  type RequestRecord,
} from './report/audit.ts';
export { type LogOptions, openLog, type ProxyLog } from './report/log.ts';
export { REASONS, type ReasonCode, type ReasonGroup, reasonFacts } from './report/reasons.ts';
export { type AllowlistRequest, loadAllowlist } from './runtime/load-allowlist.ts';
export { readConfigFile } from './runtime/read-config.ts';
export { readCredentialsFile } from './runtime/read-credentials-file.ts';
export { type RunOptions, runProxy } from './runtime/run-proxy.ts';
export { type RunningProxy, type StartOptions, startProxy } from './runtime/start-proxy.ts';
export type { SignalSource } from './runtime/supervise.ts';
