import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { trustEnvironment } from '../support/clients/trust.ts';
import { haveCommand } from '../support/commands.ts';
import { componentTests } from '../support/components.ts';
import { secureOrigin } from '../support/origins.ts';
import { successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { setScene } from './scene.ts';
import { WAYS } from './ways.ts';

const TIMEOUT_MS = 60_000;
const NAME = 'models.test';

describe.each(WAYS)('credentials of a run, $title', (way) => {
  const tests = way.tests.present ? componentTests(haveCommand('curl') ? [] : ['curl']) : way.tests;

  tests.test(
    'the proxy puts them on requests, and the command has stubs and finds the file nowhere',
    async () => {
      const scene = untilTestEnds(await setScene(way));
      const seen: (string | undefined)[] = [];
      const origin = untilTestEnds(
        await secureOrigin(
          (request, response) => {
            seen.push(request.headers.authorization);
            response.end('answer\n');
          },
          { names: [NAME], host: '127.0.0.1', port: 0 },
        ),
      );
      const [fromVariable, fromFile] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
      const file = await scene.write('project/models-token', fromFile);
      const routes = [
        {
          name: 'one',
          from: { env: 'MODELS_TOKEN' },
          inject: { type: 'bearer' },
          hosts: [`${NAME}:${origin.port}`],
          pathPrefix: '/one',
        },
        {
          name: 'two',
          from: { file },
          inject: { type: 'bearer' },
          hosts: [`${NAME}:${origin.port}`],
          pathPrefix: '/two',
        },
      ];
      const credentials = await scene.write('credentials.json', JSON.stringify(routes));
      const trust = await trustEnvironment(scene.directory, [await authorityPem()]);
      const script = `
        echo "$MODELS_TOKEN"; cat models-token; ls ${scene.directory.join('runtime')} /run/paude/../*/ca 2>/dev/null
        curl -sS -H "Authorization: Bearer $MODELS_TOKEN" https://${NAME}:${origin.port}/one
        curl -sS https://${NAME}:${origin.port}/two
        cat /run/paude/* /proc/*/environ 2>/dev/null | grep -a -c -E '${fromVariable}|${fromFile}'
      `;
      const flags = [
        '--host',
        `${NAME}=127.0.0.1`,
        '--allow-private',
        '127.0.0.1/32',
        '--credentials',
        credentials,
      ];
      const result = await scene.run(
        [
          ...flags,
          '--upstream-ca',
          scene.directory.join('trusted.pem'),
          '--allowed-domains',
          `${NAME}:${origin.port}`,
          '--',
          'sh',
          '-c',
          `${script}\ntrue`,
        ],
        { env: { ...trust, MODELS_TOKEN: fromVariable } },
      );
      expect(successful(result).stdout).toBe('paude-proxy-managed\nanswer\nanswer\n0\n');
      expect(seen).toEqual([`Bearer ${fromVariable}`, `Bearer ${fromFile}`]);
    },
    TIMEOUT_MS,
  );
});
