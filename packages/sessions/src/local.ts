/**
 * The runner on this machine. An entry of its own: it starts in less time than the other backends take to load.
 */
export { PROJECT_KEYS } from './config/settings-keys.ts';
export { PROXY_PORT } from './local/entry.ts';
export { findMaker, findProgram, type Maker, type MakerName, SYSTEM_PATH } from './local/maker.ts';
export { filtersCalls, openSandbox, type Sandbox, type SandboxCommand } from './local/open-sandbox.ts';
export { passedVariables, SANDBOX_VARIABLES, type Variables } from './local/passed-variables.ts';
export { type PlanRequest, planSandbox, STUBS_PLACE } from './local/plan-sandbox.ts';
export type { SandboxPlan } from './local/sandbox-plan.ts';
