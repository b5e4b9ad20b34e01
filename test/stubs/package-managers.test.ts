import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { pythonExecutable } from '../support/clients.ts';
import { type ComponentTests, componentTests, requireComponent } from '../support/components.ts';
import type { OriginHandler } from '../support/origins.ts';
import { runProcess, successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { expectTrust, stubLab } from './lab.ts';

const TIMEOUT_MS = 180_000;
const cargoTests = await requireCargo();

/** Cargo from 1.68 on speaks HTTP with registries; before that it cloned them with git. */
async function requireCargo(): Promise<ComponentTests> {
  const commands = requireComponent('cargo', 'rustc', 'tar');
  if (!commands.present) return commands;
  // One of rustup's is there in name alone until it has been told which to be.
  const { stdout } = await runProcess('cargo', ['--version']);
  const [, minor] = /^cargo 1\.(\d+)\./.exec(stdout) ?? [];
  return componentTests(Number(minor) >= 68 ? [] : ['cargo 1.68']);
}

/** Answers with files by their path, and 404 for the rest. */
function filesHandler(files: () => Readonly<Record<string, string | Uint8Array>>): OriginHandler {
  return (request, response) => {
    request.resume();
    const found = files()[request.url ?? ''];
    response.writeHead(found === undefined ? 404 : 200, {});
    response.end(found ?? '');
  };
}

requireComponent('npm').test(
  'npm asks a registry of the proxy’s authority with the stubs alone',
  async () => {
    const packument = {
      name: 'demo',
      'dist-tags': { latest: '1.2.3' },
      versions: {
        '1.2.3': { name: 'demo', version: '1.2.3', dist: { tarball: 'https://origin.test/demo.tgz' } },
      },
    };
    const lab = untilTestEnds(await stubLab(filesHandler(() => ({ '/demo': JSON.stringify(packument) }))));
    const env = {
      npm_config_registry: `${lab.url}/`,
      npm_config_fetch_retries: '0',
      npm_config_update_notifier: 'false',
      npm_config_globalconfig: '/dev/null',
    };
    await expectTrust(lab, (session) => session.run('npm', ['view', 'demo', 'version'], { env }), {
      prints: /^1\.2\.3$/m,
      refuses: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate/,
    });
  },
  TIMEOUT_MS,
);

/** Makes a wheel: a package for pip is an archive with three files about itself. */
const wheelProgram = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('demo.py', '')
    about = 'demo-1.2.3.dist-info/'
    wheel.writestr(about + 'METADATA', 'Metadata-Version: 2.1\\nName: demo\\nVersion: 1.2.3\\n')
    wheel.writestr(about + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(about + 'RECORD', '')
`;

requireComponent('python3', 'pip').test(
  'pip downloads from an index of the proxy’s authority with the stubs alone',
  async () => {
    const scratch = untilTestEnds(await temporaryDirectory('wheel'));
    const python = await pythonExecutable();
    const name = 'demo-1.2.3-py3-none-any.whl';
    successful(await runProcess(python, ['-c', wheelProgram, scratch.join(name)]));
    const wheel = await readFile(scratch.join(name));
    const page = `<!DOCTYPE html><title>demo</title><a href="/files/${name}">${name}</a>`;
    const lab = untilTestEnds(
      await stubLab((request, response) => {
        request.resume();
        const isPage = request.url === '/simple/demo/';
        response.writeHead(200, { 'content-type': isPage ? 'text/html' : 'application/octet-stream' });
        response.end(isPage ? page : wheel);
      }),
    );
    const env = { PIP_CONFIG_FILE: '/dev/null', PIP_RETRIES: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
    const args = ['-m', 'pip', 'download', 'demo', '--no-deps', '--no-cache-dir', '--index-url'];
    await expectTrust(lab, (session) => session.run(python, [...args, `${lab.url}/simple/`], { env }), {
      prints: 'Successfully downloaded demo',
      refuses: /CERTIFICATE_VERIFY_FAILED|certificate verify failed/i,
    });
  },
  TIMEOUT_MS,
);

cargoTests.test(
  'cargo fetches from a registry of the proxy’s authority with the stubs alone',
  async () => {
    const scratch = untilTestEnds(await temporaryDirectory('crate'));
    await scratch.write(
      'demo-1.2.3/Cargo.toml',
      '[package]\nname = "demo"\nversion = "1.2.3"\nedition = "2021"\n',
    );
    await scratch.write('demo-1.2.3/src/lib.rs', '');
    const packed = ['--create', '--gzip', '--file', 'demo.crate', 'demo-1.2.3'];
    successful(await runProcess('tar', packed, { cwd: scratch.path }));
    const crate = await readFile(scratch.join('demo.crate'));
    const entry = {
      name: 'demo',
      vers: '1.2.3',
      deps: [],
      cksum: createHash('sha256').update(crate).digest('hex'),
      features: {},
      yanked: false,
    };
    const files: Record<string, string | Uint8Array> = {};
    const lab = untilTestEnds(await stubLab(filesHandler(() => files)));
    files['/config.json'] = JSON.stringify({ dl: `${lab.url}/crates` });
    files['/de/mo/demo'] = `${JSON.stringify(entry)}\n`;
    files['/crates/demo/1.2.3/download'] = crate;

    const manifest =
      '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\ndemo = { version = "1", registry = "lab" }\n';
    // Past rustup, which wants the machine's HOME to find the toolchain.
    const { stdout: sysroot } = successful(await runProcess('rustc', ['--print', 'sysroot']));
    const bin = `${sysroot.trim()}/bin`;
    const env = {
      CARGO_REGISTRIES_LAB_INDEX: `sparse+${lab.url}/`,
      CARGO_NET_RETRY: '0',
      RUSTC: `${bin}/rustc`,
    };
    await expectTrust(
      lab,
      async (session) => {
        await session.home.write('user/Cargo.toml', manifest);
        await session.home.write('user/src/lib.rs', '');
        const result = await session.run(`${bin}/cargo`, ['fetch'], { env, cwd: session.home.join('user') });
        return { ...result, stdout: `${result.stdout}${result.stderr}` };
      },
      { prints: /Downloaded demo v1\.2\.3/, refuses: /SSL certificate problem|certificate verif/i },
    );
    expect(lab.origin.requests.map(({ path }) => path)).toContain('/crates/demo/1.2.3/download');
  },
  TIMEOUT_MS,
);
