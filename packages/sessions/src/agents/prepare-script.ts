import type { Agent } from './agent.ts';

/** Ends a file's text in the script; no text holds it as a line. */
const END = 'END_OF_PAUDE_FILE';

/**
 * A POSIX shell script that writes an agent's files into its home, those that are not there yet, and puts the stub logins
 * where it looks for them, anew each time.
 *
 * @param stubs The directory of the stubs.
 */
export function prepareScript(
  agent: Agent,
  { yolo, stubs }: { readonly yolo: boolean; readonly stubs: string },
): string {
  const files = agent.files.filter(({ onlyYolo = false }) => yolo || !onlyYolo);
  const parts = files.map(({ path, content }) => {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    return `if [ ! -e "$HOME/${path}" ]; then\n${makeParent(path)}  cat > "$HOME/${path}" <<'${END}'\n${text}${END}\nfi\n`;
  });
  const logins = Object.entries(agent.logins).map(
    ([stub, path]) =>
      `if [ -e "${stubs}/${stub}" ]; then\n${makeParent(path)}  cp "${stubs}/${stub}" "$HOME/${path}"\nfi\n`,
  );
  return ['set -eu\numask 077\n', ...parts, ...logins].join('');
}

function makeParent(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : `  mkdir -p "$HOME/${path.slice(0, slash)}"\n`;
}
