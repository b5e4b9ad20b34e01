import { builtinModules } from 'node:module';
import { defineConfig } from 'rolldown';

/** Bundles the app in the working directory into one file that runs without node_modules. */
export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  external: [...builtinModules, /^node:/],
  output: { dir: 'dist', format: 'esm', cleanDir: true, chunkFileNames: '[name].js' },
});
