import { formatPlace, type Place, valuesAt, withoutPlace } from '../request/place.ts';
import type { RequestHead } from '../request/request-head.ts';
import { isStub, type Stubs } from '../request/stub.ts';
import { type InjectionRefused, refuse } from './injector.ts';

/** What is done about values of the client's own. */
export interface ClientValuePolicy {
  /** Where the real value goes. */
  readonly place: Place;
  /** Where the service takes a credential as well. A stub there is removed: it would spoil the real one. */
  readonly otherPlaces: readonly Place[];
  readonly stubs: Stubs;
  /** Whether anything but a stub in any of the places is refused. */
  readonly requireStub: boolean;
}

/** Why a request is refused for what the client put in a credential's place, or undefined. */
export function clientValueRefusal(
  head: RequestHead,
  policy: ClientValuePolicy,
): InjectionRefused | undefined {
  if (!policy.requireStub) return undefined;
  for (const place of [policy.place, ...policy.otherPlaces]) {
    if (valuesAt(head, place).some((value) => !isStub(value, policy.stubs))) {
      return refuse(
        'stub-required',
        `${formatPlace(place)} carries something other than the stub of this session`,
      );
    }
  }
  return undefined;
}

/** The head without anything of the client's in the credential's place, and without stubs in the other places. */
export function withoutClientValues(head: RequestHead, policy: ClientValuePolicy): RequestHead {
  let bare = withoutPlace(head, policy.place);
  for (const place of policy.otherPlaces) {
    const values = valuesAt(bare, place);
    if (values.length > 0 && values.every((value) => isStub(value, policy.stubs)))
      bare = withoutPlace(bare, place);
  }
  return bare;
}
