import { afterAll, beforeAll, describe, expect } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { textHandler } from '../support/origins.ts';
import { type StubLab, stubLab } from './lab.ts';

const TIMEOUT_MS = 180_000;
const PROJECT = JSON.stringify({ projectId: 'demo-project', lifecycleState: 'ACTIVE' });

let lab: StubLab;
beforeAll(async () => {
  lab = await stubLab(textHandler(PROJECT, 200, { 'content-type': 'application/json' }));
});
afterAll(() => lab?.[Symbol.asyncDispose]());

describe('with nothing but the environment of the stubs', () => {
  requireComponent('gcloud', 'timeout').test(
    'gcloud asks an API of the proxy’s authority, with the stub for its token, and for no login',
    async () => {
      const env = {
        CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER: `${lab.url}/`,
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      };
      const args = ['projects', 'describe', 'demo-project', '--format=value(lifecycleState)'];
      const works = await lab.session.run('gcloud', args, { env });
      expect(works.code, works.stderr).toBe(0);
      expect(works.stdout).toBe('ACTIVE\n');
      expect(lab.origin.requests.at(-1)?.headers.authorization).toBe('Bearer paude-proxy-managed');

      // It would try for half a minute; its first try says enough.
      const reached = lab.origin.requests.length;
      const tried = lab.origin.failedHandshakes.length;
      const fails = await lab.stranger.run('timeout', ['8', 'gcloud', ...args], { env });
      expect(fails.code).not.toBe(0);
      expect(lab.origin.failedHandshakes.length).toBeGreaterThan(tried);
      expect(lab.origin.failedHandshakes.at(-1)).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
      expect(lab.origin.requests.length).toBe(reached);
    },
    TIMEOUT_MS,
  );
});
