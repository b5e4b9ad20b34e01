import type { Platform } from '@paude/policy';
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { PLATFORMS } from './intent-options.ts';
import type { ReadOptions } from './read-source.ts';

/** The flags that say how sources are to be read. */
export interface SourceFlags {
  readonly session?: string;
  readonly standalone?: string;
  readonly target?: Platform;
  readonly kubeconfig?: string;
  readonly agent?: string;
  readonly proxy?: string;
  readonly adminTokenFile?: string;
}

/** Adds the flags that say how sources are to be read. */
export function withSourceOptions(command: Command): Command {
  return command
    .optionsGroup('Sources:')
    .addOption(
      new Option('--session <name>', 'the session that is meant, of several in a namespace').conflicts(
        'standalone',
      ),
    )
    .option('--standalone <name>', 'the standalone proxy that is meant, of several in a namespace')
    .option(
      '--proxy <url>',
      'where the running proxy of the namespace can be asked, as through a port-forward',
    )
    .option('--admin-token-file <file>', 'the token of that proxy’s admin port')
    .addOption(
      new Option('--target <platform>', 'the platform, where it cannot be told').choices([...PLATFORMS]),
    )
    .option('--kubeconfig <file>', 'for clusters (default: KUBECONFIG, else ~/.kube/config)')
    .option('--agent <name>', 'the agent whose hosts "default" includes');
}

/** What the flags mean for reading. */
export function readOptionsOf(flags: SourceFlags, io: Io, atMs: number): ReadOptions {
  const { session, standalone, target, kubeconfig, agent, proxy, adminTokenFile } = flags;
  return { io, atMs, session, standalone, target, kubeconfig, agent, proxy, adminTokenFile };
}
