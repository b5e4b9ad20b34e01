import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor } from '@swc/core/Visitor.js';

/**
 * The arrows of the house, checked. Each package names the packages that it may import; what is not named is forbidden.
 * A package that is not in this table may import nothing until it has a place.
 */
const MAY_IMPORT = {
  errors: [],
  allowlist: ['errors'],
  credentials: ['allowlist', 'errors'],
  proxy: ['credentials', 'allowlist', 'errors'],
  policy: ['credentials', 'allowlist', 'errors'],
  cluster: ['credentials', 'allowlist', 'errors'],
  sessions: ['cluster', 'policy', 'credentials', 'allowlist', 'errors'],
};

/** No I/O, no clock, no process: what they do depends on their arguments alone. */
const PURE = ['errors', 'allowlist', 'policy'];

const TEST = '[.]test[.]ts$';

const packages = readdirSync('packages');

/** The files that `exports` of the packages lead to: `packages/proxy/src/config/index.ts`, … */
const entries = packages.flatMap((name) => {
  const manifest = JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8'));
  return Object.values(manifest.exports).map(
    (file) => `^packages/${name}/${escaped(file.replace('./', ''))}$`,
  );
});

const arrows = packages.map((name) => {
  const allowed = [name, ...(MAY_IMPORT[name] ?? [])].map((other) => `^packages/${other}/`);
  // Sessions run the proxy as an image; all they share with it is the schema of its configuration.
  if (name === 'sessions') allowed.push('^packages/proxy/src/config/index[.]ts$');
  return {
    name: `arrow-of-${name}`,
    comment: `What packages/${name} may import stands in MAY_IMPORT.`,
    severity: 'error',
    from: { path: `^packages/${name}/` },
    to: { path: '^packages/', pathNot: allowed },
  };
});

/** swc's visitor, which dependency-cruiser walks with, does not know `using` yet; without this it stops at the first. */
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visit(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

function escaped(path) {
  return path.replaceAll('.', '[.]');
}

export default {
  forbidden: [
    ...arrows,
    {
      name: 'packages-know-no-app',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'no-app-imports-another',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-deep-imports',
      comment: 'Another package is reached through its exports alone.',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^$1/$2/', ...entries] },
    },
    {
      name: 'no-deep-imports-in-tests',
      comment: 'What crosses packages is tested through their exports, or as a program.',
      severity: 'error',
      from: { path: '^(test|containers)/' },
      to: { path: '^(packages|apps)/', pathNot: entries },
    },
    {
      name: 'packages-by-name',
      comment: 'Another package is imported as @paude/NAME, not by a path.',
      severity: 'error',
      from: { path: '^(packages|apps|test)(/[^/]+)/' },
      to: {
        path: '^packages/',
        pathNot: '^$1$2/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased-workspace'],
      },
    },
    {
      name: 'no-tests-in-production',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: TEST },
      to: { path: [TEST, '^test/'] },
    },
    {
      name: 'pure-packages-do-no-io',
      severity: 'error',
      from: { path: `^packages/(${PURE.join('|')})/`, pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-apps-have-a-process',
      severity: 'error',
      from: { path: '^packages/', pathNot: TEST },
      to: { path: '^(node:)?process$' },
    },
    {
      name: 'no-cycles',
      comment: 'Not even of types: a type that two files need has a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-unlisted-dependencies',
      comment: 'A workspace names in its package.json what it imports.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['/dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
