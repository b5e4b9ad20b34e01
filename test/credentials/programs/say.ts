/** Prints a line for the test to read. */
export function say(text: unknown): void {
  process.stdout.write(`${text}\n`);
}
