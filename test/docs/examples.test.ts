import { describe, expect, it } from 'vitest';
import { examplesOf, missingLine } from './examples.ts';

const document = `# Title

\`\`\`bash
echo one
echo two
\`\`\`

\`\`\`text
one
…o
\`\`\`

Words.

<!-- example: exit 3 -->
\`\`\`sh
exit 3
\`\`\`

<!-- example: not run (no cluster here) -->
\`\`\`bash
deploy
\`\`\`

Other words.

\`\`\`text
not what deploy prints
\`\`\`

<!-- example: stays -->
\`\`\`bash
serve
\`\`\`

\`\`\`yaml
no: command
\`\`\`
`;

describe('examplesOf()', () => {
  it('finds the command blocks, what is special about them, and what they print', () => {
    const plain = {
      notRun: undefined,
      stays: false,
      needsCluster: false,
      needsPodman: false,
      exitCode: 0,
      prints: [],
    };
    expect(examplesOf(document)).toEqual([
      { ...plain, line: 3, text: 'echo one\necho two', prints: ['one', '…o'] },
      { ...plain, line: 16, text: 'exit 3', exitCode: 3 },
      { ...plain, line: 21, text: 'deploy', notRun: 'no cluster here' },
      { ...plain, line: 32, text: 'serve', stays: true },
    ]);
  });

  it('refuses an annotation that it does not know, and a block without an end', () => {
    expect(() => examplesOf('<!-- example: skip -->\n```bash\nx\n```\n')).toThrow('cannot be read: skip');
    expect(() => examplesOf('```bash\nx\n')).toThrow('does not end');
  });
});

describe('missingLine()', () => {
  it('wants whole lines in their order, with others between them', () => {
    expect(missingLine(['a', 'c'], 'a\nb\nc')).toBeUndefined();
    expect(missingLine(['c', 'a'], 'a\nb\nc')).toBe('a');
    expect(missingLine(['a'], 'ab')).toBe('a');
    expect(missingLine(['id: …', '(x)'], 'id: 17\n(x)')).toBeUndefined();
  });
});
