import { afterAll, beforeAll, describe, expect } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { runProcess, successful } from '../support/processes.ts';
import { expectTrust, GREETING, NAME, type StubLab, stubLab } from './lab.ts';

let lab: StubLab;
beforeAll(async () => {
  lab = await stubLab();
});
afterAll(() => lab?.[Symbol.asyncDispose]());

const TIMEOUT_MS = 180_000;

const fetchProgram = `
  const response = await fetch(process.argv[1]);
  console.log(await response.text());
`;

const httpsProgram = `
  import { get } from 'node:https';
  get(process.argv[1], (response) => response.pipe(process.stdout));
`;

const goProgram = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
}
`;

const javaProgram = `
import java.net.URI;
import java.net.http.*;

public class Get {
  public static void main(String[] args) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).build();
    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    try (var body = URI.create(args[0]).toURL().openStream()) {
      System.out.println(new String(body.readAllBytes()));
    }
  }
}
`;

describe('with nothing but the environment of the stubs', () => {
  requireComponent('curl').test('curl reaches an origin of the proxy’s authority', async () => {
    await expectTrust(
      lab,
      (session) => session.run('curl', ['--disable', '--silent', '--show-error', lab.url]),
      { prints: GREETING, refuses: /SSL certificate problem|certificate verif/i },
    );
    expect(await lab.proxy.waitForEvent({ event: 'close' })).toMatchObject({ host: NAME, decision: 'allow' });
  });

  requireComponent('wget').test('wget does', async () => {
    await expectTrust(lab, (session) => session.run('wget', ['--quiet', '-O', '-', '--tries=1', lab.url]), {
      prints: GREETING,
      // Quiet, it says nothing: 5 is its exit code for a failed verification.
      refuses: /^\s*$/,
    });
  });

  requireComponent('openssl').test('OpenSSL’s own client does', async () => {
    const { host, port } = lab.proxy;
    const args = ['s_client', '-proxy', `${host}:${port}`, '-connect', `${NAME}:${lab.origin.port}`];
    const strict = ['-servername', NAME, '-verify_hostname', NAME, '-verify_return_error', '-quiet'];
    const input = `GET / HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`;
    await expectTrust(lab, (session) => session.run('openssl', [...args, ...strict], { input }), {
      prints: GREETING,
      refuses: /verify error|certificate verify failed/,
    });
  });

  for (const [how, program] of [
    ['fetch', fetchProgram],
    ['node:https', httpsProgram],
  ] as const) {
    requireComponent('node').test(`Node does, by ${how}`, async () => {
      const args = ['--input-type=module', '--eval', program, lab.url];
      await expectTrust(lab, (session) => session.run(process.execPath, args), {
        prints: GREETING,
        refuses: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate/,
      });
    });
  }

  requireComponent('go').test(
    'Go does',
    async () => {
      const source = await lab.session.home.write('get/main.go', goProgram);
      // Its build cache is the machine's: without one it compiles its whole library.
      const { stdout: cache } = successful(await runProcess('go', ['env', 'GOCACHE']));
      const env = { GOCACHE: cache.trim(), GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
      await expectTrust(lab, (session) => session.run('go', ['run', source, lab.url], { env }), {
        prints: GREETING,
        refuses: /x509: certificate signed by unknown authority/,
      });
    },
    TIMEOUT_MS,
  );

  requireComponent('java', 'javac').test(
    'Java does, by both of its clients',
    async () => {
      const source = await lab.session.home.write('Get.java', javaProgram);
      await expectTrust(lab, (session) => session.run('java', [source, lab.url]), {
        prints: new RegExp(`${GREETING}\n${GREETING}`),
        refuses: /PKIX path building failed/,
      });
    },
    TIMEOUT_MS,
  );
});
