export type {
  Backend,
  BlockedDomain,
  ExecRequest,
  LogOptions,
  OperationOptions,
  Progress,
  Secrets,
  SessionSpec,
} from './backend/backend.ts';
export { PROXY_PORT } from './local/entry.ts';
export { findMaker, findProgram, type Maker, type MakerName } from './local/maker.ts';
export { filtersCalls, openSandbox, type Sandbox, type SandboxCommand } from './local/open-sandbox.ts';
export { passedVariables, SANDBOX_VARIABLES, type Variables } from './local/passed-variables.ts';
export { type PlanRequest, planSandbox, STUBS_PLACE } from './local/plan-sandbox.ts';
export type { SandboxPlan } from './local/sandbox-plan.ts';
export type { BackendName, Resources, Session, SessionState, SessionStatus } from './session/session.ts';
