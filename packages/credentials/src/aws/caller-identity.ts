import { readParameters } from '../answers/parameters.ts';
import { fieldValues, type RequestHead } from '../request/request-head.ts';

const STS = /(?:^|\.)sts(?:-fips)?\.(?:.+\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;

/** The parameters of that request; one with any other is not looked into further. */
const PARAMETERS: ReadonlySet<string> = new Set(['Action', 'Version']);

/** Whether a request asks AWS whose credentials it carries, and nothing else: the one harmless question to its STS. */
export function isCallerIdentity(head: RequestHead, body: Uint8Array): boolean {
  if (!STS.test(head.host) || head.method !== 'POST' || head.path !== '/') return false;
  if (fieldValues(head.fields, 'x-amz-target').length > 0) return false;
  const parameters = readParameters(head, body);
  return (
    typeof parameters !== 'string' &&
    parameters.get('Action') === 'GetCallerIdentity' &&
    [...parameters.keys()].every((name) => PARAMETERS.has(name))
  );
}
