import { Document, isMap, isNode, isSeq, type Node } from 'yaml';
import type { EmittedObject } from '../model/object.ts';
import { commentText } from './comment-text.ts';
import { orderedObject } from './ordered-object.ts';

/** How manifests are written. */
export interface RenderOptions {
  /** A comment above everything. @default none */
  readonly head?: string | undefined;
}

/** Objects as YAML documents, in their order, with their comments. The same objects give the same text. */
export function renderYaml(objects: readonly EmittedObject[], options: RenderOptions = {}): string {
  const documents = objects.map((object) => yamlDocument(orderedObject(object.object), object.comments));
  const head = options.head === undefined ? '' : `${commentLines(options.head)}\n\n`;
  return `${head}${documents.join('---\n')}`;
}

/** One document, with comments by the JSON Pointer of what they stand above. */
export function yamlDocument(value: unknown, comments: ReadonlyMap<string, string> = new Map()): string {
  // `compat`: kubectl reads YAML 1.1, in which `on` is true and 1_000 a number.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  for (const [pointer, text] of comments) {
    const comment = commentText(text)
      .split('\n')
      .map((line) => ` ${line}`)
      .join('\n');
    if (pointer === '') document.commentBefore = comment;
    else {
      const node = nodeAt(document.contents, pointer);
      if (node !== undefined) node.commentBefore = comment;
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The node that a comment stands above: the key of an entry of a mapping, an item of a list. */
function nodeAt(contents: unknown, pointer: string): Node | undefined {
  let node: unknown = contents;
  let target: unknown;
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === key);
      target = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      target = node.items[Number(key)];
      node = target;
    } else return undefined;
  }
  return isNode(target) ? target : undefined;
}

/** Text as comment lines. */
export function commentLines(text: string): string {
  return commentText(text)
    .split('\n')
    .map((line) => (line === '' ? '#' : `# ${line}`))
    .join('\n');
}
