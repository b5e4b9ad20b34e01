import { afterAll, beforeAll } from 'vitest';
import { backendContract } from './contract.ts';
import { Docker, requireDocker } from './docker.ts';
import { isolationTests } from './isolation.ts';
import { SessionLab } from './lab.ts';
import { secrecyTests } from './secrecy.ts';

(await requireDocker()).describe('sessions on docker', () => {
  let lab: SessionLab;

  beforeAll(async () => {
    lab = await SessionLab.create('docker', new Docker());
  }, 300_000);

  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  }, 120_000);

  backendContract(() => lab);
  isolationTests(() => lab);
  secrecyTests(() => lab);
});
