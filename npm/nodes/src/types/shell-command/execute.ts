import { isUtf8 } from "node:buffer";
import { constants } from "node:os";

import { NodeError } from "../../contract/error.js";
import { warnOfLostDigitsIn } from "../../data/lost-digits.js";
import { lastLines } from "../../library/last-line.js";
import { executable, type NodeWork } from "../../library/work.js";
import { type ProgramEnd, runProgram } from "../../machine/program.js";
import { demandPrograms } from "../../machine/program-access.js";
import { commandOf, commandPort, environmentOf, folderOf, type Parameters, stdinOf } from "./call.js";
import { shellCommand } from "./definition.js";
import { parsed } from "./parsed.js";
import { startFailure } from "./start-failure.js";

type Work = NodeWork<Parameters>;

/** Characters of standard error that a message quotes. */
const LONGEST_EXCERPT = 300;

/**
 * Runs a program without a shell and gives what it wrote. How it ended is told, and no failure, unless `failOn` says so.
 * Whatever it starts ends with it at the time limit and when the node is cancelled.
 *
 * Fails with INVALID_PARAMETERS (arguments, environment or folder that cannot be given), EXECUTION_FAILED (it may not or cannot
 * be started, or ended with another code than 0 where that is an error), TIMEOUT (the same of the time limit), CANCELLED,
 * MEMORY_LIMIT_EXCEEDED (more than 50 MiB of output) or DESERIALIZATION_FAILED (`parse: json` of what is no JSON).
 */
export const shellCommandNode = executable<Parameters>(shellCommand, run, {
  fromPorts: ["program", { parameter: "program", textIn: (input) => textIn(commandPort(input).program) }],
});

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

async function run(work: Work): Promise<object> {
  demandPrograms(work);
  const { parameters } = work;
  const { program, args } = commandOf(work);
  const call = {
    program,
    args,
    cwd: await folderOf(work),
    env: environmentOf(work),
    stdin: stdinOf(work),
    capture: parameters.captureOutput,
    timeLimit: work.explicitTimeout ?? parameters.timeout,
    signal: work.signal,
    ...(work.progress && { onOutput: lastLines(work.progress) }),
  };
  const started = performance.now();
  let end: ProgramEnd;
  try {
    end = await runProgram(call);
  } catch (error) {
    throw startFailure(error, program, call.cwd);
  }
  const exitCode = exitCodeOf(end);
  const output = {
    stdout: end.stdout.toString("utf8"),
    stderr: end.stderr.toString("utf8"),
    exitCode,
    command: [program, ...args].join(" "),
    duration: Math.round(performance.now() - started),
    success: exitCode === 0 && !end.timedOut,
    timedOut: end.timedOut,
    signal: end.signal,
  };
  warnOf(work, end, exitCode, call.timeLimit);
  if (parameters.failOn === "nonzero" && !output.success) throw failureOf(program, output, call.timeLimit);
  if (parameters.parse !== undefined && parameters.failOn === undefined && !output.success) {
    const end = output.timedOut ? "was ended at its time limit" : `ended with ${exitCode}`;
    work.warn(
      "partial-output",
      `The program ${end}: \`result\` is what it had written by then; \`failOn: nonzero\` fails instead`,
    );
  }
  if (parameters.parse === undefined) return output;
  const result = parsed(output, parameters.parse);
  if (parameters.parse === "json") {
    warnOfLostDigitsIn(output.stdout, "Standard output", (rule, message) => work.warn(rule, message));
  }
  return { result, ...output };
}

/** As shells tell it: for a signal 128 and its number. */
function exitCodeOf({ code, signal }: ProgramEnd): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function warnOf(work: Work, end: ProgramEnd, exitCode: number, timeLimit: number): void {
  for (const stream of ["stdout", "stderr"] as const) {
    if (isUtf8(end[stream])) continue;
    work.warn("not-utf-8", `\`${stream}\` is not UTF-8 text: bytes that are not valid became \ufffd in the output`);
  }
  if (end.timedOut && end.wasOver) {
    work.warn(
      "output-held-open",
      `The program ended with ${exitCode}, but something it had started held its output open until the time limit of ` +
        `${timeLimit} ms, and was ended; redirect the output of what goes on in the background`,
    );
  }
  const { failOn, parse } = work.parameters;
  if (exitCode !== 0 && failOn === undefined && (parse === undefined || work.errorsHandled)) {
    const unseen = work.errorsHandled ? ", so that neither retries nor an `error` edge see it" : "";
    work.warn(
      "exit-code-ignored",
      `The program ended with ${exitCode}, which is no error${unseen}; ` +
        "`failOn: nonzero` makes it one, `failOn: never` says that it is meant",
    );
  }
}

interface Output {
  stderr: string;
  exitCode: number;
  signal: string | null;
  timedOut: boolean;
}

function failureOf(program: string, { stderr, exitCode, signal, timedOut }: Output, timeLimit: number): NodeError {
  const text = stderr.trim();
  const excerpt = text.length <= LONGEST_EXCERPT ? text : `…${text.slice(1 - LONGEST_EXCERPT)}`;
  const said = excerpt === "" ? "" : `: ${excerpt}`;
  if (timedOut) return new NodeError("TIMEOUT", `${program} was ended after ${timeLimit} ms${said}`);
  const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
  return new NodeError("EXECUTION_FAILED", `${program} ${how}${said}`, {
    advice: [`Look at what ${program} says, in standard error and in its documentation.`],
  });
}
