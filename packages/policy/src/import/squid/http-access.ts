import type { AccessLine } from '../access-lines.ts';
import { addressesCover, EVERY_ADDRESS } from '../address-ranges.ts';
import type { Notes, Place } from '../imported.ts';
import type { Acls } from './acl.ts';
import type { Directive } from './directives.ts';
import { squidError } from './squid-error.ts';
import { type AclReference, type RequestKind, termOf } from './terms.ts';

/** One http_access line. */
export interface HttpAccess {
  readonly effect: 'allow' | 'deny';
  readonly place: Place;
  readonly references: readonly AclReference[];
}

/** What else may refuse a request, and is not read. */
const OTHER_GATES =
  /^(?:adapted_http_access|http_access2|http_reply_access|miss_access|ssl_bump|url_rewrite_program)$/;

/**
 * The http_access lines, and as the last the one that squid adds: what no line matches is the opposite of the last line.
 *
 * @throws PaudeError `squid-invalid`.
 */
export function readAccess(directives: readonly Directive[], acls: Acls, notes: Notes): HttpAccess[] {
  const read: { effect: 'allow' | 'deny'; place: Place; names: readonly string[] }[] = [];
  for (const directive of directives) {
    const { name, values, place } = directive;
    if (name === 'acl') acls.define(directive);
    else if (name === 'http_access') {
      const [effect, ...names] = values;
      if (effect !== 'allow' && effect !== 'deny')
        throw squidError(place, 'it says neither allow nor deny', 'Correct it');
      const missing = names.map(bareName).find((acl) => !acls.has(acl));
      if (missing !== undefined) {
        throw squidError(
          place,
          `there is no acl ${missing.slice(0, 100)} before it`,
          'Define it, or correct its name',
        );
      }
      // squid skips a line without ACLs, too.
      if (names.length > 0) read.push({ effect, place, names });
    } else if (OTHER_GATES.test(name) && !isHarmless(values)) {
      notes.add('unread', place, `${name} may refuse more, and is not read`, 'Deny by hand what it refuses');
    }
  }
  const known = acls.read();
  const lines = read.map(({ effect, place, names }): HttpAccess => {
    const references = names.flatMap((written) => {
      const acl = known.get(bareName(written));
      return acl === undefined ? [] : [{ acl, negated: written.startsWith('!'), place }];
    });
    return { effect, place, references };
  });
  const last = lines.at(-1);
  if (last === undefined || last.effect === 'allow' || last.references.every(isEveryClient)) return lines;
  return [...lines, { effect: 'allow', place: last.place, references: [] }];
}

/** A line as conditions on hosts of one kind and on ports. */
export function accessLine(line: HttpAccess, kind: RequestKind, notes: Notes): AccessLine {
  const { effect, place, references } = line;
  const terms = references.flatMap((reference) => termOf(reference, kind, notes) ?? []);
  return { effect, place, terms };
}

/** `all`, behind which nothing is reached. */
function isEveryClient({ acl, negated }: AclReference): boolean {
  return !negated && acl.kind === 'client' && addressesCover(acl.addresses, EVERY_ADDRESS);
}

function bareName(written: string): string {
  return written.startsWith('!') ? written.slice(1) : written;
}

function isHarmless(values: readonly string[]): boolean {
  return (
    values.length === 0 ||
    values.join(' ') === 'allow all' ||
    /^(?:none|splice|peek|stare|bump)\b/.test(values[0] ?? '')
  );
}
