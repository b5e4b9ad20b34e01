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
export { registeredBackend } from './registry/registered-backend.ts';
export { type KnownSession, openRegistry, type Registry } from './registry/registry.ts';
export type { BackendName, Resources, Session, SessionState, SessionStatus } from './session/session.ts';
export { parseSessionName, sessionNameFrom } from './session/session-name.ts';
