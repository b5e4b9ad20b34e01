import type { EmittedObject } from '../model/object.ts';
import { orderedObject } from './ordered-object.ts';

/** Objects as one v1 List, indented by two; comments are left out. */
export function renderJson(objects: readonly EmittedObject[]): string {
  const items = objects.map(({ object }) => orderedObject(object));
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`;
}
