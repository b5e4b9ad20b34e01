import type { AppliedObject, ClusterObject } from '@paude/cluster';
import { formatPatch, structuredPatch } from 'diff';
import { stringify } from 'yaml';

/** Fields of metadata that the server keeps for itself. */
const SERVERS = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];

/** The difference that the server makes of an object, as a unified diff of YAML; empty when there is none. */
export function formatObjectDiff(
  { before, after, change }: AppliedObject,
  { colour }: { readonly colour: boolean },
): string {
  if (change === 'unchanged') return '';
  const { kind, metadata } = after;
  const name = `${kind}/${metadata.name}`;
  const patch = structuredPatch(`live/${name}`, `applied/${name}`, textOf(before), textOf(after), '', '', {
    context: 3,
  });
  const text = formatPatch(patch).replace(/^=+\n/, '');
  return colour ? text.replace(/^[+-].*$/gm, paint) : text;
}

/** What a Secret holds is nobody's business on a screen; that it changes can be told by its version. */
function textOf(object: ClusterObject | undefined): string {
  if (object === undefined) return '';
  const { status, metadata, ...rest } = object;
  const shown = Object.fromEntries(Object.entries(metadata).filter(([field]) => !SERVERS.includes(field)));
  const { apiVersion, kind, ...body } = rest;
  const content = kind === 'Secret' ? masked(body) : body;
  return stringify(
    { apiVersion, kind, metadata: shown, ...content },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function masked(body: Readonly<Record<string, unknown>>): object {
  const mask = (values: unknown) =>
    Object.fromEntries(Object.keys((values ?? {}) as object).map((key) => [key, '***']));
  return { ...body, data: mask(body.data), stringData: mask(body.stringData) };
}

function paint(line: string): string {
  return `\u001b[${line.startsWith('+') ? 32 : 31}m${line}\u001b[0m`;
}
