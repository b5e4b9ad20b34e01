import { importSquid, importedAllowlist } from '@paude/policy';
import { lint } from '@paude/allowlist';
// hostile inputs
const t0 = performance.now();
const time = (name: string, f: () => unknown) => { const t = performance.now(); let r: string; try { const x = f() as {entries: unknown[]; notes: unknown[]}; r = `${x.entries.length} entries ${x.notes.length} notes`; } catch (e) { r = String(e).slice(0, 150); } console.log(name, r, `${(performance.now()-t).toFixed(0)} ms`); };
time('many lines', () => importSquid(Array.from({length: 3000}, (_, i) => `acl a${i} dstdomain d${i}.test\nhttp_access ${i%2?'allow':'deny'} a${i}`).join('\n')));
time('many multi denies', () => importSquid(Array.from({length: 60}, (_, i) => `acl a${i} dstdomain .d${i}.test\nacl b${i} dstdom_regex ^x${i}[a-z]+\\.d\nhttp_access deny a${i} b${i}`).join('\n')+'\nhttp_access allow all'));
time('many regex', () => importSquid(Array.from({length: 3000}, (_, i) => `acl a dstdom_regex ^x${i}[a-z]+\\.(d|e)${i}\\.test$`).join('\n')+'\nacl l dstdomain .test\nhttp_access deny a\nhttp_access allow l'));
time('many regex x regex', () => importSquid(Array.from({length: 1500}, (_, i) => `acl a dstdom_regex ^x${i}[a-z]+\\.(d|e)${i}\\.test$\nacl b dstdom_regex ^x[0-9][a-z]+\\.(d|e)${i}\\.test$`).join('\n')+'\nhttp_access allow a !b'));
time('many ports', () => importSquid(Array.from({length: 20000}, (_, i) => `acl p port ${i*3+1}`).join('\n')+'\nhttp_access allow p'));
time('port lines', () => importSquid(Array.from({length: 2000}, (_, i) => `acl p${i} port ${i*3+1}\nacl d${i} dstdomain d${i}.test\nhttp_access deny p${i} d${i}`).join('\n')+'\nhttp_access allow all'));
time('dst', () => importSquid(Array.from({length: 20000}, (_, i) => `acl p dst 11.${i>>8&255}.${i&255}.1`).join('\n')+'\nhttp_access allow p'));
time('long line', () => importSquid('acl a dstdomain ' + 'x'.repeat(5e6)));
time('backslashes', () => importSquid('acl a dstdomain a.test \\\n'.repeat(200000)));
time('hundred thousand', () => importSquid('acl w dstdomain "l"\nhttp_access allow w', { include: () => Array.from({length: 100000}, (_, i) => `.d${i}.test`).join('\n') }));
console.log(lint(importedAllowlist(importSquid('acl r dstdom_regex ^a1?\\.test$|^b1?\\.x\\.test$\nhttp_access allow r'))).map(f=>f.code+f.message));
