/** Variables by name. */
type Variables = ReadonlyMap<string, string>;

const HEADING = `# Written by paude. It holds no credential: what looks like one is a stub that the proxy replaces.`;

/** Variables as lines that a POSIX shell reads: `. env.sh`. */
export function shellFile(variables: Variables): string {
  const lines = [...variables].map(([name, value]) => `export ${name}=${shellWord(value)}`);
  return `${[HEADING, ...lines].join('\n')}\n`;
}

/** Variables as `NAME=VALUE` lines, values as they are: for `podman run --env-file` and `docker run --env-file`. */
export function environmentFile(variables: Variables): string {
  const lines = [...variables].map(([name, value]) => `${name}=${value}`);
  return `${[HEADING, ...lines].join('\n')}\n`;
}

/** One word for a POSIX shell: between single quotes nothing means anything but the quote that ends them. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
