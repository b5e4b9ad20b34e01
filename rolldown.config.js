import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)/i;
const RULE = '-'.repeat(80);

/** Bundles the app in the working directory into one file that runs without node_modules. */
export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  external: [...builtinModules, /^node:/],
  plugins: [{ name: 'third-party-notices', generateBundle: writeNotices }],
  output: { dir: 'dist', format: 'esm', cleanDir: true, chunkFileNames: '[name].js' },
});

/** Most licenses ask that their text goes wherever the code goes: those of all that is in the bundle, in one file. */
function writeNotices(_options, bundle) {
  const ids = Object.values(bundle).flatMap((chunk) => chunk.moduleIds ?? []);
  const roots = new Set(ids.map(packageRoot).filter((root) => root !== undefined));
  const notices = [...roots].map(notice).sort();
  this.emitFile({
    type: 'asset',
    fileName: 'THIRD-PARTY-NOTICES.txt',
    source: `This program contains the following packages.\n\n${notices.join('\n')}`,
  });
}

/** The directory of the innermost package that a module is of; undefined for our own. */
function packageRoot(id) {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
}

function notice(root) {
  const file = join(root, 'package.json');
  const {
    name,
    version,
    license = 'no license named',
  } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const texts = readdirSync(root)
    .filter((entry) => LICENSE_FILE.test(entry))
    .sort()
    .map((entry) => readFileSync(join(root, entry), 'utf8').trim());
  return [`${RULE}\n${name} ${version} (${license})`, ...texts, ''].join('\n\n');
}
