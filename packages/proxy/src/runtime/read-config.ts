import { readFile } from 'node:fs/promises';
import { load, YAMLException } from 'js-yaml';
import { checkConfig, configError, type WrittenConfig } from '../config/schema.ts';

/**
 * Reads a configuration file, YAML or JSON.
 *
 * @throws PaudeError `config-invalid`.
 */
export async function readConfigFile(path: string): Promise<WrittenConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`;
    throw configError(path, why, 'Check the path and that this user may read it', error);
  }
  try {
    return checkConfig(load(text) ?? {}, path);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const where = error.mark === undefined ? path : `${path}:${error.mark.line + 1}`;
    throw configError(where, `it is not YAML (${error.reason})`, 'Correct it', error);
  }
}
