import { queryValues, withoutQuery, withQuery } from './query.ts';
import { fieldValues, type RequestHead, withField, withoutField } from './request-head.ts';

/** Where in a request a service looks for a credential. */
export type Place =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string };

/** The field that almost every service takes a credential in. */
export const AUTHORIZATION: Place = { kind: 'header', name: 'authorization' };

/** A place in words: `header x-api-key`, `query parameter key`. */
export function formatPlace(place: Place): string {
  return place.kind === 'header' ? `header ${place.name}` : `query parameter ${place.name}`;
}

/** Everything that a client put there; empty values are none. */
export function valuesAt(head: RequestHead, place: Place): string[] {
  const values =
    place.kind === 'header' ? fieldValues(head.fields, place.name) : queryValues(head.path, place.name);
  return values.filter((value) => value.trim() !== '');
}

/** The head with nothing there. */
export function withoutPlace(head: RequestHead, place: Place): RequestHead {
  return place.kind === 'header'
    ? { ...head, fields: withoutField(head.fields, place.name) }
    : { ...head, path: withoutQuery(head.path, place.name) };
}

/** The head with this value there, and nothing of what the client put there. */
export function withValueAt(head: RequestHead, place: Place, value: string): RequestHead {
  return place.kind === 'header'
    ? { ...head, fields: withField(head.fields, place.name, value) }
    : { ...head, path: withQuery(head.path, place.name, value) };
}
