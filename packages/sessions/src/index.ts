export type { Agent, AgentFile } from './agents/agent.ts';
export { WORKSPACE } from './agents/agent-table.ts';
export { AGENT_NAMES, agentCommand, findAgent } from './agents/find-agent.ts';
export { prepareScript } from './agents/prepare-script.ts';
export type {
  Backend,
  BlockedDomain,
  ExecRequest,
  LogOptions,
  OperationOptions,
  Progress,
  Secrets,
  SessionSpec,
  UpgradeSpec,
} from './backend/backend.ts';
export { type ContainerBackendOptions, containerBackend } from './backend/container-backend.ts';
export { type Engine, openEngine } from './engine/engine.ts';
export type { EngineName } from './engine/engine-traits.ts';
export type { BaseBuild } from './image/build-base.ts';
export { buildSessionImage, type SessionImageRequest } from './image/build-session-image.ts';
export { PROXY_PORT } from './local/entry.ts';
export { findMaker, findProgram, type Maker, type MakerName } from './local/maker.ts';
export { filtersCalls, openSandbox, type Sandbox, type SandboxCommand } from './local/open-sandbox.ts';
export { passedVariables, SANDBOX_VARIABLES, type Variables } from './local/passed-variables.ts';
export { type PlanRequest, planSandbox, STUBS_PLACE } from './local/plan-sandbox.ts';
export type { SandboxPlan } from './local/sandbox-plan.ts';
export { registeredBackend } from './registry/registered-backend.ts';
export { type KnownSession, openRegistry, type Registry } from './registry/registry.ts';
export type { BackendName, Resources, Session, SessionState, SessionStatus } from './session/session.ts';
export { parseSessionName, sessionNameFrom } from './session/session-name.ts';
