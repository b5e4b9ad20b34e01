/** A command block of a document. */
export interface Example {
  /** Where its fence stands, counted from 1. */
  readonly line: number;
  /** What stands between the fences. */
  readonly text: string;
  /** Why it cannot be run here; such a block is not run. */
  readonly notRun: string | undefined;
  /** It starts something that goes on running until the document ends or the next such block begins. */
  readonly stays: boolean;
  /** It needs a Kubernetes cluster. */
  readonly needsCluster: boolean;
  /** It needs podman, with the images of sessions. */
  readonly needsPodman: boolean;
  /** The exit code that it is meant to end with. */
  readonly exitCode: number;
  /** Lines that it is meant to print, in this order; `…` stands for anything. */
  readonly prints: readonly string[];
}

interface Fence {
  readonly line: number;
  readonly language: string;
  readonly lines: readonly string[];
  /** What stands directly above: an annotation, perhaps. */
  readonly above: string;
  /** Whether nothing but empty lines stands between the fence before and this one. */
  readonly followsFence: boolean;
}

const SHELLS = new Set(['bash', 'sh', 'shell', 'console']);

/**
 * The command blocks of a Markdown document, those in the languages of shells. A comment above a block says what is special
 * about it: `<!-- example: not run (why) -->`, or one or more of `stays`, `cluster`, `podman` and `exit 1`, as in `<!-- example: cluster, exit 1 -->`. A `text` block right
 * behind a command block is what the command prints.
 */
export function examplesOf(markdown: string): readonly Example[] {
  const fences = [...fencesOf(markdown)];
  return fences.flatMap((fence, index) => {
    if (!SHELLS.has(fence.language)) return [];
    const next = fences[index + 1];
    const isOutput = next?.followsFence === true && next.language === 'text';
    return [
      {
        ...readAnnotation(fence),
        line: fence.line,
        text: fence.lines.join('\n'),
        prints: isOutput ? next.lines : [],
      },
    ];
  });
}

type Annotation = Pick<Example, 'notRun' | 'stays' | 'needsCluster' | 'needsPodman' | 'exitCode'>;

function readAnnotation({ above, line }: Fence): Annotation {
  const plain: Annotation = {
    notRun: undefined,
    stays: false,
    needsCluster: false,
    needsPodman: false,
    exitCode: 0,
  };
  const annotation = /^<!-- example: (.*) -->$/.exec(above)?.[1];
  if (annotation === undefined) return plain;
  const notRun = /^not run \((.+)\)$/.exec(annotation)?.[1];
  if (notRun !== undefined) return { ...plain, notRun };
  const words = annotation.split(', ');
  const exitCode = words.flatMap((word) => /^exit (\d+)$/.exec(word)?.[1] ?? [])[0];
  const others = words.filter((word) => !/^(stays|cluster|podman|exit \d+)$/.test(word));
  if (others.length > 0) throw new Error(`The annotation above line ${line} cannot be read: ${annotation}`);
  return {
    notRun: undefined,
    stays: words.includes('stays'),
    needsCluster: words.includes('cluster'),
    needsPodman: words.includes('podman'),
    exitCode: Number(exitCode ?? 0),
  };
}

function* fencesOf(markdown: string): Generator<Fence> {
  const lines = markdown.split('\n');
  let above = '';
  let followsFence = false;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const opening = /^(```+|~~~+)\s*(\S*)/.exec(line);
    if (opening === null) {
      if (line.trim() !== '') followsFence = false;
      above = line;
      continue;
    }
    const [, marks = '', language = ''] = opening;
    const end = lines.indexOf(marks, index + 1);
    if (end < 0) throw new Error(`The block that begins at line ${index + 1} does not end`);
    yield { line: index + 1, language, lines: lines.slice(index + 1, end), above, followsFence };
    index = end;
    above = '';
    followsFence = true;
  }
}

/** The first of the lines that is not in `output` behind the ones before it, or undefined when all are. */
export function missingLine(expected: readonly string[], output: string): string | undefined {
  const lines = output.split(/\r?\n/);
  let from = 0;
  for (const wanted of expected) {
    const pattern = wanted.split('…').map(escaped).join('.*');
    const found = lines.findIndex((line, index) => index >= from && new RegExp(`^${pattern}$`).test(line));
    if (found < 0) return wanted;
    from = found + 1;
  }
  return undefined;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
