import { PaudeError } from '@paude/errors';

/** What a name is for, with the length that this leaves it. */
export interface NameRule {
  /** To follow "Cannot": `name the session`. */
  readonly action: string;
  readonly maxLength: number;
  /** Why no more fits, without a full stop. */
  readonly whyLength: string;
  /** Whether a Service is named so, which must begin with a letter (DNS-1035). @default false */
  readonly startsWithLetter?: boolean;
}

/**
 * Refuses what is no DNS label (RFC 1123 section 2.1, in lower case) of the length.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function checkName(name: string, rule: NameRule): void {
  const why = nameFault(name, rule);
  if (why === undefined) return;
  const first = rule.startsWithLetter === true ? 'begin with a letter' : 'begin with a letter or a digit';
  throw new PaudeError('policy-invalid', {
    action: rule.action,
    input: name,
    why,
    remedy: `Use at most ${rule.maxLength} lower-case letters, digits and hyphens, ${first} and end with a letter or a digit`,
  });
}

function nameFault(name: string, rule: NameRule): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > rule.maxLength)
    return `it has ${name.length} characters of at most ${rule.maxLength} (${rule.whyLength})`;
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return 'it is no DNS label';
  if (rule.startsWithLetter === true && !/^[a-z]/.test(name))
    return 'a Service is named so, and cannot begin with a digit';
  return undefined;
}

/**
 * Refuses labels that the API server would refuse.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function checkLabels(labels: Readonly<Record<string, string>>, action: string): void {
  for (const [key, value] of Object.entries(labels)) {
    const [name = '', prefix] = key.split('/').reverse();
    const isPrefix =
      prefix === undefined || (prefix.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(prefix));
    if (key.split('/').length > 2 || !isPrefix || !isLabelText(name) || name === '') {
      throw new PaudeError('policy-invalid', {
        action,
        input: key,
        why: 'it is no key of a label',
        remedy:
          'Write a name of at most 63 letters, digits, hyphens, underscores and dots, as in example.com/team',
      });
    }
    if (isLabelText(value)) continue;
    throw new PaudeError('policy-invalid', {
      action,
      input: `${key}=${value}`,
      why:
        value.length > 63 ? `its value has ${value.length} characters` : 'its value is no value of a label',
      remedy:
        'Use at most 63 letters, digits, hyphens, underscores and dots, with a letter or digit at both ends',
    });
  }
}

function isLabelText(text: string): boolean {
  return text.length <= 63 && /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/.test(text);
}
