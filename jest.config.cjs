/** unit: no I/O, beside the source. integration: one library on real services. e2e: whole processes, as users run them. */
const shared = {
  testEnvironment: 'node',
  rootDir: __dirname,
  transform: { '^.+\\.(t|j|mj)s$': ['@swc/jest'] },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^@app/([^/]+)$': '<rootDir>/libs/$1/src', '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Nest 12 ships ES modules only; jest on Node 20 can load them just transpiled.
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFiles: ['reflect-metadata'],
};
const withServices = {
  globalSetup: '<rootDir>/libs/testing/src/jest/global-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/jest/global-teardown.ts',
};

module.exports = {
  projects: [
    { ...shared, displayName: 'unit', testRegex: '/src/.*\\.spec\\.ts$' },
    { ...shared, ...withServices, displayName: 'integration', testRegex: '\\.int-spec\\.ts$' },
    { ...shared, ...withServices, displayName: 'e2e', testRegex: '\\.e2e-spec\\.ts$' },
  ],
  testTimeout: 30_000,
};
