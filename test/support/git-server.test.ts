import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { writeCertificate } from './certificates.ts';
import { requireComponent } from './components.ts';
import { git } from './git/repository.ts';
import { type GitServer, gitServer } from './git-server.ts';
import { untilTestEnds } from './teardown.ts';
import { temporaryDirectory } from './temporary.ts';

const files = { 'README.md': 'hello\n', 'src/a.txt': 'a'.repeat(50_000) };
const withGit = requireComponent('git');

async function roundTrip(url: string, server: GitServer, config: readonly string[] = []): Promise<void> {
  const directory = untilTestEnds(await temporaryDirectory('git-client'));
  await git([...config, 'clone', '--quiet', url, 'copy'], directory.path);
  const copy = directory.join('copy');
  expect(await readFile(`${copy}/src/a.txt`, 'utf8')).toBe(files['src/a.txt']);
  await writeFile(`${copy}/more.txt`, 'more');
  await git(['add', '--all'], copy);
  await git(['commit', '--quiet', '--message', 'More'], copy);
  await git([...config, 'push', '--quiet', 'origin', 'main'], copy);
  expect(await server.headOf('project')).toBe(await git(['rev-parse', 'HEAD'], copy));
}

withGit.test('gitServer() serves clone and push over HTTP', async () => {
  const server = untilTestEnds(await gitServer({ project: files }));
  await roundTrip(`http://${server.authority}${server.pathOf('project')}`, server);
  expect(server.requests.map(({ path }) => path)).toContain('/project.git/git-receive-pack');
});

withGit.test('gitServer() serves clone and push over TLS with Basic authentication', async () => {
  const auth = { username: 'someone', password: 'secret' };
  const server = untilTestEnds(await gitServer({ project: files }, { tlsNames: ['127.0.0.1'], auth }));
  const directory = untilTestEnds(await temporaryDirectory('git-ca'));
  if (server.certificate === undefined) return expect.unreachable();
  const { caFile } = await writeCertificate(server.certificate, directory);
  const config = ['-c', `http.sslCAInfo=${caFile}`];
  await roundTrip(`https://someone:secret@${server.authority}${server.pathOf('project')}`, server, config);
  expect(server.requests.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
});

withGit.test('gitServer() lets nobody in without the password', async () => {
  const auth = { username: 'someone', password: 'secret' };
  const server = untilTestEnds(await gitServer({ project: files }, { auth }));
  const directory = untilTestEnds(await temporaryDirectory('git-client'));
  const clone = git(['clone', `http://${server.authority}/project.git`, 'copy'], directory.path);
  await expect(clone).rejects.toThrow('could not read Username');
});

test('a repository that is not there is not found', async () => {
  const server = untilTestEnds(await gitServer({}));
  const response = await fetch(`http://${server.authority}/none.git/info/refs?service=git-upload-pack`);
  expect(response.status).toBe(404);
});
