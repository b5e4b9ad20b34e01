import { afterAll, beforeAll } from 'vitest';
import { backendContract } from './contract.ts';
import { failureTests } from './failures.ts';
import { isolationTests } from './isolation.ts';
import { requireSessions, SessionLab } from './lab.ts';
import { secrecyTests } from './secrecy.ts';

requireSessions().describe('sessions on podman', () => {
  let lab: SessionLab;

  beforeAll(async () => {
    lab = await SessionLab.create();
  }, 300_000);

  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  }, 120_000);

  backendContract(() => lab);
  isolationTests(() => lab);
  secrecyTests(() => lab);
  failureTests(() => lab);
});
