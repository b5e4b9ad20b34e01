import { nearest } from '@paude/errors';
import { commandLineError } from '../command-line-error.ts';

/** Where an allowlist, or what enforces or uses it, is read from; as a person names it on the command line. */
export type SourceName =
  | { readonly kind: 'words'; readonly name: string; readonly words: string }
  | { readonly kind: 'file' | 'manifests' | 'log' | 'squid'; readonly name: string; readonly path: string }
  | { readonly kind: 'proxy'; readonly name: string; readonly url: URL }
  | { readonly kind: 'session'; readonly name: string; readonly session: string }
  | {
      readonly kind: 'cluster';
      readonly name: string;
      /** Of the kubeconfig. @default the current one */
      readonly context?: string | undefined;
      /** @default the context's */
      readonly namespace?: string | undefined;
    };

const KINDS = ['file', 'manifests', 'cluster', 'proxy', 'session', 'log', 'squid'] as const;

/** What the commands that take sources say of them in `--help`. */
export const SOURCES_HELP = `
Sources:
  WORDS                          words of an allowlist: default,.example.com
  file:FILE                      an allowlist file, YAML or JSON
  manifests:DIR                  Kubernetes manifests in a file or directory
  cluster:[CONTEXT/]NAMESPACE    live objects, with the allowlist of the proxy there (cluster: alone is the current namespace)
  session:NAME                   a session in the current namespace of the current context
  proxy:URL                      a running proxy, by its admin address: proxy:http://127.0.0.1:9128
  log:FILE                       an audit log (also .gz; - is standard input)
  squid:FILE                     a squid.conf
`;

/**
 * Reads the name of a source. What has no known prefix is words of an allowlist.
 *
 * @throws PaudeError `command-line-invalid`.
 */
export function parseSourceName(name: string): SourceName {
  const [, prefix = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(name) ?? [];
  const kind = KINDS.find((known) => known === prefix);
  if (kind === undefined) return withoutPrefix(name, prefix, rest);
  if (kind === 'cluster') return clusterName(name, rest);
  if (rest === '') throw sourceError(name, `nothing stands behind "${kind}:"`, 'Name what to read there');
  if (kind === 'session') return { kind, name, session: rest };
  if (kind !== 'proxy') return { kind, name, path: rest };
  const url = URL.parse(rest);
  if (url !== null && /^https?:$/.test(url.protocol)) return { kind, name, url };
  throw sourceError(
    name,
    'it is no URL of a proxy’s admin port',
    'Write it as in proxy:http://127.0.0.1:9128',
  );
}

/** Words, unless what stands in front of the colon was plainly meant as a prefix: `manifest:deploy`. */
function withoutPrefix(name: string, prefix: string, rest: string): SourceName {
  const meant = /^(?:\d|\*|\{|$)/.test(rest) ? undefined : nearest(prefix, KINDS);
  if (meant === undefined) return { kind: 'words', name, words: name };
  throw sourceError(name, `there is no kind of source "${prefix}:"`, `Write ${meant}:${rest}`);
}

/** A context may hold slashes itself, as OpenShift's do; a namespace never does. */
function clusterName(name: string, rest: string): SourceName {
  const slash = rest.lastIndexOf('/');
  const context = slash < 0 ? '' : rest.slice(0, slash);
  const namespace = rest.slice(slash + 1);
  if (slash === 0 || (slash > 0 && namespace === ''))
    throw sourceError(name, 'a context or namespace is missing', 'Write it as in cluster:prod/agents');
  return {
    kind: 'cluster',
    name,
    ...(context === '' ? {} : { context }),
    ...(namespace === '' ? {} : { namespace }),
  };
}

function sourceError(input: string, why: string, remedy: string) {
  return commandLineError({ action: 'read the source', input, why, remedy });
}
