/** The import rules of docs/architecture.md. */
const outside = (folders) => `^(?!${folders.map((folder) => `${folder}/`).join('|')})(apps|libs|migrations|load)/`;

const TESTS = '(\\.spec|\\.int-spec|\\.e2e-spec|\\.contract)\\.ts$|^(apps|libs)/[^/]+/test/';

/** A package that only some folders may import; tests start the real services themselves. */
const owned = (name, packages, owners) => ({
  name,
  comment: `Only ${owners.join(', ')} may import ${packages.join(', ')}.`,
  severity: 'error',
  from: { path: outside([...owners, 'libs/testing']), pathNot: TESTS },
  to: { path: packages.map((pack) => `node_modules/${pack}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'apps-are-islands',
      comment: 'Only standalone composes other apps.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: ['^apps/standalone/', TESTS] },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'libraries-through-their-index',
      severity: 'error',
      from: { path: '^(apps|migrations|load)/' },
      to: { path: '^libs/[^/]+/src/(?!index\\.ts$)' },
    },
    {
      name: 'libraries-through-their-index-from-libraries',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/(?!index\\.ts$)', pathNot: '^libs/$1/' },
    },
    {
      name: 'tests-stay-in-tests',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: ['^libs/testing/', TESTS] },
      to: { path: ['^libs/testing/', TESTS] },
    },
    {
      name: 'events-are-pure',
      severity: 'error',
      from: { path: '^libs/events/', pathNot: TESTS },
      to: { path: ['^libs/(?!events/)', 'node_modules/'] },
    },
    {
      name: 'analytics-reads-through-persistence',
      severity: 'error',
      from: { path: '^libs/analytics/', pathNot: TESTS },
      to: { path: ['^libs/(?!analytics/|persistence/)', 'node_modules/'] },
    },
    owned('kafkajs-only-in-messaging', ['kafkajs'], ['libs/messaging']),
    owned('database-only-in-persistence', ['typeorm', 'pg'], ['libs/persistence', 'migrations']),
    owned('duckdb-only-in-archive', ['@duckdb'], ['libs/archive']),
    owned('s3-only-in-archive', ['@aws-sdk'], ['libs/archive']),
    {
      name: 'archive-writes-through-persistence',
      severity: 'error',
      from: { path: '^libs/archive/', pathNot: TESTS },
      to: { path: ['^libs/(?!archive/|persistence/|events/|config/)'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'The scripts beside end-to-end tests run what was built, which need not be there yet.',
      severity: 'error',
      from: { pathNot: '/test/.*\\.cjs$' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: ['^libs/testing/', TESTS] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
