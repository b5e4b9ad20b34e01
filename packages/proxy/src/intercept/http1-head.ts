import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '@paude/credentials';
import type { Target } from '../engine/target.ts';
import { endToEndFields, fieldValues } from '../forward/fields.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { namesTarget, originForm, shownAuthority } from './authority.ts';
import { asFields } from './sides.ts';

/** The head of a request inside of a tunnel, and why it must not go on. */
export interface ReadHead {
  readonly head: RequestHead;
  readonly fault?: { readonly reason: ReasonCode; readonly detail: string };
}

/** Reads the head of an HTTP/1.1 request that came through a tunnel to `target`. */
export function readHttp1Head(request: IncomingMessage, target: Target): ReadHead {
  const { method = '', rawHeaders, url = '' } = request;
  const form = originForm(url, method, target);
  const head: RequestHead = {
    method,
    host: target.host,
    port: target.port,
    path: form.kind === 'path' ? form.path : '/',
    fields: asFields(endToEndFields(rawHeaders)),
  };
  const [host] = fieldValues(rawHeaders, 'host');
  // HTTP/1.0 may do without; the tunnel says where the request goes.
  if (host !== undefined && !namesTarget(host, target)) {
    return { head, fault: { reason: 'authority-mismatch', detail: `Host names ${shownAuthority(host)}` } };
  }
  if (form.kind === 'mismatch') return { head, fault: { reason: 'authority-mismatch', detail: form.detail } };
  if (form.kind === 'bad') return { head, fault: { reason: 'bad-request', detail: form.detail } };
  return { head };
}
