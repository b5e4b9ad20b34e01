import { afterAll, beforeAll, describe, expect } from 'vitest';
import { pythonExecutable } from '../support/clients.ts';
import { componentTests, requireComponent } from '../support/components.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { expectTrust, GREETING, type StubLab, stubLab } from './lab.ts';
import { installPackages } from './python-packages.ts';

const TIMEOUT_MS = 180_000;
const REFUSAL = /CERTIFICATE_VERIFY_FAILED|certificate verify failed/i;

// The titles of tests say what is missing, so it must be known before there are any.
const directory: TemporaryDirectory = await temporaryDirectory('python');
// httplib2 takes a proxy only with PySocks.
const wanted = ['requests', 'httpx', 'httplib2', 'PySocks', 'certifi', 'google-auth'];
const packages = await installPackages(directory, wanted);

let lab: StubLab;
beforeAll(async () => {
  lab = await stubLab();
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await directory.remove();
});

const urllib = 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=30).read().decode())';
const requests = 'import sys, requests; print(requests.get(sys.argv[1], timeout=30).text)';
const httpx = 'import sys, httpx; print(httpx.get(sys.argv[1], timeout=30).text)';
const httplib2 = 'import sys, httplib2; print(httplib2.Http(timeout=30).request(sys.argv[1])[1].decode())';
/** As many programs do: they make a context of their own from certifi's file, whatever the environment says. */
const certifi = `
import ssl, sys, urllib.request as r, certifi
context = ssl.create_default_context(cafile=certifi.where())
print(r.urlopen(sys.argv[1], timeout=30, context=context).read().decode())
`;
const googleAuth = `
import google.auth
credentials, project = google.auth.default()
print(type(credentials).__module__, credentials.client_id, credentials.refresh_token, credentials.quota_project_id)
`;

describe('with nothing but the environment of the stubs', () => {
  requireComponent('python3').test(
    'Python reaches an origin of the proxy’s authority, by urllib',
    async () => {
      const python = await pythonExecutable();
      await expectTrust(lab, (session) => session.run(python, ['-c', urllib, lab.url]), {
        prints: GREETING,
        refuses: REFUSAL,
      });
    },
  );

  for (const [name, program] of Object.entries({ requests, httpx, httplib2, certifi })) {
    componentTests(packages.missing).test(
      `Python does, by ${name} as its users install it`,
      async () => {
        await expectTrust(lab, (session) => session.run(packages.python, ['-c', program, lab.url]), {
          prints: GREETING,
          refuses: REFUSAL,
        });
      },
      TIMEOUT_MS,
    );
  }

  componentTests(packages.missing).test('google-auth takes the stub login, without a word', async () => {
    const { code, stdout, stderr } = await lab.session.run(packages.python, ['-c', googleAuth]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const stub = 'paude-proxy-managed';
    expect(stdout).toBe(`google.oauth2.credentials ${stub} ${stub} None\n`);
  });
});
