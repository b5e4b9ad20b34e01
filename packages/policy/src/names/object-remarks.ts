import type { Intent } from '../model/intent.ts';
import type { Remarks } from './diagnose.ts';
import type { Plan } from './plan.ts';

/** Says that names are held by the addresses that they resolve to, if there are names. */
export function remarkAddresses({ allows, remarks }: Plan): void {
  if (!allows.some(({ pattern }) => pattern.kind !== 'any' && pattern.kind !== 'address')) return;
  remarks.add({
    what: 'addresses-not-names',
    effect: 'widened',
    severity: 'info',
    message:
      'a name is held by the addresses that it resolves to, so whatever else is served there passes as well',
    remedy: 'Let only the proxy out, which decides on the name of each connection',
  });
}

/** Says that an object without a selector of pods holds every pod of its namespace. */
export function remarkNamespace({ form }: Intent, remarks: Remarks): void {
  if (form === 'namespace') return;
  remarks.add({
    what: 'whole-namespace',
    effect: 'narrowed',
    message: 'it holds every pod of the namespace, not only these',
    remedy: 'Give what it is for a namespace of its own',
  });
}

/** Says that names which resolve into private ranges are not stopped, where the kind cannot deny. */
export function remarkPrivate({ allows, remarks }: Plan): void {
  if (allows.length === 0) return;
  remarks.add({
    what: 'private-addresses',
    effect: 'widened',
    message:
      'an allowed name that resolves to a private or a metadata address passes: this kind cannot deny ranges',
    remedy: 'Let only the proxy out, which checks every address that it dials',
  });
}
