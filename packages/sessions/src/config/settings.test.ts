import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBytes } from './byte-count.ts';
import { loadSettings, userSettingsPath } from './load-settings.ts';

let home: string;
let project: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'paude-settings-'));
  project = join(home, 'project');
  await mkdir(project);
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
}

const load = (flags: Record<string, unknown> = {}, env: Record<string, string> = {}) =>
  loadSettings({ directory: project, env: { HOME: home, ...env }, flags });

const writeProject = (content: unknown) => write(join(project, 'paude.json'), content);
const writeUser = (content: unknown) => write(join(home, '.config/paude/config.json'), content);

describe('loadSettings()', () => {
  it('has what is built in where nobody says anything', async () => {
    const { settings, origins, layers } = await load();
    expect(settings).toEqual({
      agent: 'claude',
      allowedDomains: ['default'],
      environment: {},
      yolo: false,
      git: false,
    });
    expect(new Set(origins.map(({ from }) => from))).toEqual(new Set(['built in']));
    expect(layers).toEqual([]);
  });

  it('lets flags go before paude.json, and that before the user’s own', async () => {
    await writeUser({ agent: 'codex', packages: ['make'], cpus: 2, memory: '2g' });
    await writeProject({ agent: 'gemini', packages: ['gcc'] });
    const { settings } = await load({ agent: 'shell' });
    expect(settings).toMatchObject({ agent: 'shell', packages: ['gcc'], cpus: 2, memory: 2 * 2 ** 30 });
  });

  it('merges the words of the allowlist, and says of each where it is from', async () => {
    await writeUser({ allowedDomains: ['github', 'user.example.com'] });
    await writeProject({ allowedDomains: ['project.example.com', 'github'] });
    const { settings, origins } = await load({ allowedDomains: ['flag.example.com'] });
    expect(settings.allowedDomains).toEqual([
      'flag.example.com',
      'project.example.com',
      'github',
      'user.example.com',
    ]);
    expect(origins.filter(({ key }) => key === 'allowedDomains').map(({ from }) => from)).toEqual([
      'the command line',
      join(project, 'paude.json'),
      join(project, 'paude.json'),
      userSettingsPath({ HOME: home }),
    ]);
  });

  it('takes an empty list for a wish: nothing is allowed then', async () => {
    await writeProject({ allowedDomains: [] });
    expect((await load()).settings.allowedDomains).toEqual([]);
  });

  it('merges variables by name', async () => {
    await writeUser({ environment: { A: 'user', B: 'user' } });
    await writeProject({ environment: { A: 'project' } });
    const { settings, origins } = await load();
    expect(settings.environment).toEqual({ A: 'project', B: 'user' });
    expect(origins).toContainEqual({
      key: 'environment',
      entry: 'A',
      value: 'project',
      from: join(project, 'paude.json'),
    });
  });

  it('reads PAUDE_REGISTRY, and finds the user’s settings where XDG_CONFIG_HOME says', async () => {
    await write(join(home, 'xdg/paude/config.json'), { registry: 'file.example.com' });
    const env = { XDG_CONFIG_HOME: join(home, 'xdg') };
    expect((await load({}, env)).settings.registry).toBe('file.example.com');
    expect((await load({}, { ...env, PAUDE_REGISTRY: 'registry.example.com' })).settings.registry).toBe(
      'registry.example.com',
    );
    expect(userSettingsPath({ HOME: '/home/me', XDG_CONFIG_HOME: 'relative' })).toBe(
      '/home/me/.config/paude/config.json',
    );
  });

  it.each([
    [{ allowedDomain: [] }, 'there is no key "allowedDomain". Write allowedDomains.'],
    [{ nonsense: 1 }, 'there is no key "nonsense". Use agent, allowedDomains,'],
    [{ packages: 'make' }, 'packages takes a list of names. Correct packages.'],
    [{ base: '--volume=/:/host' }, 'base takes the name of an image'],
    [{ base: { dockerfile: 'x', contxt: '.' } }, 'base takes the name of an image'],
    [{ environment: { 'A B': 'x' } }, 'environment takes names with a text each. Correct environment.A B.'],
    ['[]', 'it is no set of keys and values'],
    ['{', 'it is not JSON. Correct it.'],
  ])('refuses %j by name', async (content, message) => {
    await writeProject(content);
    await expect(load()).rejects.toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [{ credentials: 'routes.json' }],
    [{ proxyImage: 'evil.example.com/proxy' }],
    [{ upstream: 'http://evil.example.com' }],
    [{ allowPrivate: ['10.0.0.0/8'] }],
    [{ hosts: ['api.github.com=192.0.2.1'] }],
    [{ yolo: true }],
    [{ backend: 'docker' }],
  ])('does not let a project say %j', async (content) => {
    await writeUser(content);
    const [key = ''] = Object.keys(content);
    expect((await load()).settings).toMatchObject(content);
    await writeProject(content);
    await expect(load()).rejects.toThrow(`${key} is not for a project to say`);
  });
});

describe('a devcontainer.json', () => {
  const writeDevcontainer = (content: unknown) =>
    write(join(project, '.devcontainer/devcontainer.json'), content);

  it('gives base, setup and variables, comments and trailing commas or not, below paude.json', async () => {
    await writeDevcontainer(`{
      // The image, as in "image": "other"
      "image": "registry.example.com/dev:1", /* not // the end */
      "postCreateCommand": ["npm", "ci", "it's"],
      "containerEnv": { "URL": "http://x//y", "LIST": "a,]", },
      "remoteUser": "vscode",
    }`);
    await writeProject({ environment: { URL: 'other' } });
    const { settings, notes } = await load();
    expect(settings).toMatchObject({
      base: 'registry.example.com/dev:1',
      setup: [`npm ci 'it'\\''s'`],
      environment: { URL: 'other', LIST: 'a,]' },
    });
    expect(notes).toEqual([
      '.devcontainer/devcontainer.json: remoteUser is not followed: a session has a user of its own',
    ]);
  });

  it('gives a build, with paths from where it lies, and named commands', async () => {
    await write(join(project, 'Dockerfile'), 'FROM scratch');
    await writeDevcontainer({
      build: { dockerfile: '../Dockerfile', context: '..', args: { A: '1' } },
      postCreateCommand: { one: 'a', two: ['b', 'c d'] },
    });
    const { settings } = await load();
    expect(settings.base).toMatchObject({
      dockerfile: join(project, 'Dockerfile'),
      context: project,
      args: { A: '1' },
    });
    expect(settings.setup).toEqual(['a', `b 'c d'`]);
  });

  it('builds from nothing outside the project, by no way', async () => {
    await write(join(home, 'secret/Dockerfile'), 'FROM scratch');
    await write(join(project, 'Dockerfile'), 'FROM scratch');
    await symlink(join(home, 'secret'), join(project, 'link'));
    for (const context of ['../..', '../link', home]) {
      await writeDevcontainer({ build: { dockerfile: '../Dockerfile', context } });
      await expect(load()).rejects.toThrow('is not inside the project');
    }
  });
});

describe('parseBytes()', () => {
  it.each([
    ['512m', 512 * 2 ** 20],
    ['8Gi', 8 * 2 ** 30],
    ['1.5GB', 1.5 * 2 ** 30],
    [1024, 1024],
    ['0', undefined],
    ['', undefined],
    ['8 gigs', undefined],
    ['-1g', undefined],
  ])('reads %j as %j', (value, bytes) => {
    expect(parseBytes(value)).toBe(bytes);
  });
});
