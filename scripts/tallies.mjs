/** What test runners say about their tests, in one form. */

/**
 * How many tests passed and failed, why each failed, and a line for each that was left out.
 *
 * @typedef {{ passed: number, failed: number, failures: string[], skipped: string[] }} Tally
 */

/** Lines of what a failed test said that are repeated at the end of all tests. */
const TOLD_LINES = 12;

/**
 * Reads the output of `cargo test`: a summary for each test binary, and a line for each ignored test.
 *
 * @param {string} output
 * @returns {Tally}
 */
export function readCargo(output) {
  const tally = { passed: 0, failed: 0, failures: [], skipped: [] };
  for (const [, passed, failed] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    tally.passed += Number(passed);
    tally.failed += Number(failed);
  }
  for (const [, name, reason] of output.matchAll(/^test (.+?) \.\.\. ignored(?:, (.*))?$/gm)) {
    tally.skipped.push(`${name}: ${reason ?? "ignored"}`);
  }
  for (const [, name, said] of output.matchAll(/^---- (.+) stdout ----\n([\s\S]*?)(?=^---- |^failures:$)/gm)) {
    tally.failures.push(failure(name, said));
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
  const failures = [
    ...broken.map(({ name: file = "a file", message = "" }) => failure(`${name}: ${file}`, message)),
    ...testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages = [] }) => failure(`${name}: ${fullName}`, failureMessages.join("\n"))),
  ];
  return { passed: numPassedTests, failed: numFailedTests + broken.length, failures, skipped };
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
  // What a test said is YAML, as far in as its line is, from `error:` to `code:` or `...`.
  const failures = [...output.matchAll(/^( *)not ok \d+ - (.*)\n\1 {2}---\n([\s\S]*?)^\1 {2}\.\.\.$/gm)]
    // Of a suite its tests say more.
    .filter(([, , , said]) => !said.includes("failureType: 'subtestsFailed'"))
    .map(([, , test, said]) => failure(`${name}: ${test}`, said.slice(Math.max(0, said.search(/^ *error:/m)))));
  return { passed: count("pass"), failed: count("fail") + count("cancelled"), failures, skipped };
}

/** A failed test and the beginning of what it said. */
function failure(name, said) {
  const lines = said.trim().split("\n");
  const rest = lines.length > TOLD_LINES ? [`… ${lines.length - TOLD_LINES} more lines`] : [];
  return [name, ...[...lines.slice(0, TOLD_LINES), ...rest].map((line) => `    ${line}`)].join("\n");
}
