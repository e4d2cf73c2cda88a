/** What test runners say about their tests, in one form. */

/**
 * How many tests passed and failed, and a line for each that was left out.
 *
 * @typedef {{ passed: number, failed: number, skipped: string[] }} Tally
 */

/**
 * Reads the output of `cargo test`: a summary for each test binary, and a line for each ignored test.
 *
 * @param {string} output
 * @returns {Tally}
 */
export function readCargo(output) {
  const tally = { passed: 0, failed: 0, skipped: [] };
  for (const [, passed, failed] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    tally.passed += Number(passed);
    tally.failed += Number(failed);
  }
  for (const [, name, reason] of output.matchAll(/^test (.+?) \.\.\. ignored(?:, (.*))?$/gm)) {
    tally.skipped.push(`${name}: ${reason ?? "ignored"}`);
  }
  return tally;
}

/**
 * Reads the JSON report of vitest. A file that did not load counts as one failed test.
 *
 * @param {string} report
 * @param {string} name whose tests they are
 * @returns {Tally}
 */
export function readVitest(report, name) {
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = JSON.parse(report);
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  const skipped = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ fullName, status }) => `${name}: ${fullName}: ${status}`);
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped };
}

/**
 * Reads what `node --test` writes as TAP.
 *
 * @param {string} output
 * @param {string} name whose tests they are
 * @returns {Tally}
 */
export function readNodeTest(output, name) {
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const skipped = [...output.matchAll(/^\s*ok \d+ - (.*) # (SKIP|TODO)(.*)$/gm)].map(
    ([, test, , reason]) => `${name}: ${test}:${reason || " skipped"}`,
  );
  return { passed: count("pass"), failed: count("fail") + count("cancelled"), skipped };
}
