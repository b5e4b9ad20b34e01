import type { BackendName, Session, SessionState } from '../session/session.ts';
import { LABELS, partNames } from './part-names.ts';
import type { Parts } from './parts.ts';

/** What is known of a session from its parts. The words of its allowlist are on the proxy's volume, and given. */
export function describeSession(
  backend: BackendName,
  parts: Parts,
  allowedDomains: readonly string[],
): Session {
  const { session, proxy } = parts;
  const labels = session?.labels ?? proxy?.labels ?? {};
  const problem = problemOf(parts);
  const createdMs = Date.parse(labels[LABELS.createdAt] ?? '');
  return {
    name: parts.name,
    backend,
    state: stateOf(parts, problem),
    agent: labels[LABELS.agent] ?? '',
    image: session?.image ?? '',
    workspace: labels[LABELS.workspace] ?? '',
    allowedDomains,
    createdMs: Number.isNaN(createdMs) ? 0 : createdMs,
    version: labels[LABELS.version] ?? '',
    ...(problem === undefined ? {} : { problem }),
  };
}

function stateOf({ session }: Parts, problem: string | undefined): SessionState {
  if (problem !== undefined) return 'broken';
  return session?.isRunning === true ? 'running' : 'stopped';
}

/** What of it is not there; undefined when all of it is. */
export function missingPart({ name, session, proxy, volumes, networks }: Parts): string | undefined {
  const names = partNames(name);
  if (!volumes.has(names.session)) return 'its volume is not there';
  if (!volumes.has(names.proxy)) return 'the volume of its proxy is not there';
  if (!networks.has(names.session) || !networks.has(names.outer)) return 'its network is not there';
  if (proxy === undefined) return 'its proxy is not there';
  if (session === undefined) return 'its container is not there';
  return undefined;
}

/** Why it is broken, a clause; undefined when it is whole. */
function problemOf(parts: Parts): string | undefined {
  const missing = missingPart(parts);
  if (missing !== undefined) return missing;
  const { session, proxy } = parts;
  if (session?.isRunning === true && proxy?.isRunning !== true) return 'its proxy does not run';
  if (session?.isRunning !== true && proxy?.isRunning === true) {
    const code = session?.exitCode;
    return code === undefined ? 'it was never started' : `its container ended with ${code}`;
  }
  return undefined;
}
