import { afterAll, beforeAll } from 'vitest';
import { backendContract } from './contract.ts';
import { requireSessions, SessionLab } from './lab.ts';

requireSessions().describe('sessions on podman', () => {
  let lab: SessionLab;

  beforeAll(async () => {
    lab = await SessionLab.create();
  }, 300_000);

  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  }, 120_000);

  backendContract(() => lab);
});
