import { z } from 'zod';
import type { Session } from '../session/session.ts';
import type { SessionSpec } from './backend.ts';

/** What of a session's spec is kept, on the proxy's volume, to make its containers from again. No secret is in it. */
const recordSchema = z.strictObject({
  version: z.literal(1),
  agent: z.string(),
  workspace: z.string(),
  yolo: z.boolean(),
  createdAt: z.string(),
  command: z.array(z.string()),
  prepare: z.string(),
  environment: z.record(z.string(), z.string()),
  proxySettings: z.record(z.string(), z.string()),
  resources: z.strictObject({
    cpus: z.number().optional(),
    memoryBytes: z.number().optional(),
    pids: z.number().optional(),
  }),
  credentials: z.string().optional(),
  gitIdentity: z.strictObject({ name: z.string(), email: z.string() }).optional(),
  /** Variables of the proxy that name a file of secrets on its volume. */
  secretFiles: z.array(z.string()),
});

export type SessionRecord = z.output<typeof recordSchema>;

export function recordOf(spec: SessionSpec, { createdMs }: Pick<Session, 'createdMs'>): SessionRecord {
  const { agent, workspace, yolo, command, prepare, environment, proxySettings, resources } = spec;
  const { cpus, memoryBytes, pids } = resources;
  return {
    version: 1,
    agent,
    workspace,
    yolo,
    createdAt: new Date(createdMs).toISOString(),
    command: [...(command ?? [])],
    prepare: prepare ?? '',
    environment: { ...environment },
    proxySettings: { ...proxySettings },
    resources: {
      ...(cpus === undefined ? {} : { cpus }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pids === undefined ? {} : { pids }),
    },
    ...(spec.credentials === undefined ? {} : { credentials: spec.credentials }),
    ...(spec.gitIdentity === undefined ? {} : { gitIdentity: { ...spec.gitIdentity } }),
    secretFiles: [...spec.secrets.files.keys()],
  };
}

/** @throws what JSON.parse and zod throw. */
export function readRecord(text: string): SessionRecord {
  return recordSchema.parse(JSON.parse(text));
}
