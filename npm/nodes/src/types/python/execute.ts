import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { setField } from "../../data/rows.js";
import { answered, handlesOf } from "../../library/answer-handles.js";
import { lastLines } from "../../library/last-line.js";
import { executable, type NodeWork } from "../../library/work.js";
import { demandPrograms } from "../../machine/program-access.js";
import { python as pythonType } from "./definition.js";
import { pythonFailure } from "./failure.js";
import { interpreterOf } from "./interpreter.js";
import type { Printed } from "./printed.js";
import type { PythonAnswer } from "./process.js";
import { callPython } from "./processes.js";
import { valuesOf } from "./values.js";

interface Parameters {
  code: string;
  outputs?: string[];
  requirements: string[];
  python?: string;
  memoryLimit: number;
  maxBytes: number;
  timeout: number;
}

type Work = NodeWork<Parameters>;

/** Names of packages, without versions and without what an option of pip could be. */
const PACKAGE = /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/;

/**
 * Runs Python over `inputs`, by handle and without what nodes put around their data, `data` and `variables`, in the process of
 * its run. With `outputs` each handle carries the value of its name.
 *
 * Fails with INVALID_PARAMETERS (syntax, parameters), TYPE_MISMATCH (input or output that is no data, `outputs` without a dict
 * of them), EXECUTION_FAILED (it raised, its process ended, a requirement is missing, programs may not run here), TIMEOUT,
 * MEMORY_LIMIT_EXCEEDED or CANCELLED.
 */
export const pythonNode = executable<Parameters>(pythonType, async (work) => {
  demandPrograms(work);
  const { parameters, input, variables, signal, runEnd } = work;
  const { code, memoryLimit, maxBytes } = parameters;
  const handles = handlesOf(parameters.outputs);
  const requirements = packagesOf(parameters.requirements);
  const answer = await callPython(runEnd, await interpreterOf(parameters.python), {
    ...valuesOf(input, variables, memoryLimit),
    code,
    requirements,
    memory: memoryLimit,
    maxBytes,
    timeLimit: work.explicitTimeout ?? parameters.timeout,
    signal,
    onOutput: work.progress && lastLines(work.progress),
  });
  const { end } = answer;
  if (end.error !== undefined) throw pythonFailure(end.error, answer, memoryLimit);
  warnOf(work, answer);
  const printed = { stdout: answer.stdout.text, stderr: answer.stderr.text };
  return answered(whole(answer) ?? undefined, handles, work.warn.bind(work), printed);
});

function packagesOf(requirements: readonly string[]): readonly string[] {
  const strange = requirements.find((name) => !PACKAGE.test(name));
  if (strange === undefined) return requirements;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`requirements\` are names of packages such as \`pandas\`, without versions; found ${foundText(strange)}`,
  );
}

/** The value with its long lists in place. */
function whole({ value, lists }: PythonAnswer): unknown {
  let found = value;
  for (const { name, items } of lists) {
    if (name === null) found = items;
    else setField(found as Record<string, unknown>, name, items);
  }
  return found;
}

function warnOf(work: Work, { end, stdout, stderr }: PythonAnswer): void {
  for (const [rule, message] of end.warnings ?? []) work.warn(rule, message);
  if (!end.limited && work.isGiven("memoryLimit")) {
    work.warn("limit-not-kept", "`memoryLimit` is not kept on this system, which knows no such limit for a process");
  }
  for (const [name, { lost }] of Object.entries({ stdout, stderr }) as [string, Printed][]) {
    if (lost > 0) work.warn("output-cut", `\`${name}\` is without the last ${lost} bytes that the code printed`);
  }
}
