/**
 * `describe` for tests that need a part which a machine may lack. Without it the suite says that it did not run, and why;
 * under CI=true that is a failure.
 *
 * @param part what it is, for people. @param missing why it is not there; undefined when it is.
 */
export function describeWith(part: string, missing: string | undefined, name: string, define: () => void): void {
  describe(name, () => {
    if (missing === undefined) {
      define();
      return;
    }
    it(`NOT RUN: ${missing}`, () => {
      if (process.env['CI'] === 'true') throw new Error(`${part} is mandatory under CI=true: ${missing}`);
      process.stderr.write(`NOT RUN: ${name}: ${missing}\n`);
    });
  });
}
