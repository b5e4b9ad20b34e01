import type { Field } from '@paude/credentials';

// What MessageReader reads back as it was meant (RFC 9110 §5.1, §5.5; RFC 9112 §3, §4).
const START = /^[!-~]+ [!-~]+(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A head that would not be read as it was meant. */
export class HeadFault extends Error {
  constructor() {
    super('a field has a name or a value that cannot be sent');
  }
}

/**
 * Puts a head together, without the empty line at its end.
 *
 * @param start The first line, without its end.
 * @param own Lines of our own, each with its end; they stand in front of the fields, and are not checked.
 * @throws HeadFault when anything in it is not what may stand there.
 */
export function writeHead(start: string, own: string, fields: readonly Field[]): string {
  if (!START.test(start)) throw new HeadFault();
  return `${start}\r\n${own}${writeFields(fields)}`;
}

/** Fields as lines: those of a head, or trailers. @throws HeadFault */
export function writeFields(fields: readonly Field[]): string {
  let text = '';
  for (const [name, value] of fields) {
    if (!NAME.test(name) || !VALUE.test(value)) throw new HeadFault();
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
