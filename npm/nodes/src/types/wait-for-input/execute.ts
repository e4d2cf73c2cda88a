import { unlessAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { type Issue, sentenceOf } from "../../contract/issues.js";
import { findData, type PlainObject } from "../../data/input.js";
import { linearSchema } from "../../library/linear-schema.js";
import { executable, type NodeWork } from "../../library/work.js";
import { checkedSchema, schemaProblem } from "../validate/schema.js";
import { waitForInput } from "./definition.js";

interface Parameters {
  message: string;
  form?: PlainObject;
  waitFor?: number;
  default?: unknown;
}

/** Says what is wrong with an answer, or `undefined`. */
type Check = (answer: unknown) => string | undefined;

/** Problems of an answer that are told. */
const MOST_PROBLEMS = 5;

/** Stands for the end of `waitFor`. */
const TIME_IS_UP = Symbol("time is up");

/**
 * Puts a question to people by the conductor, as `{result, answered}`.
 *
 * Fails with INVALID_PARAMETERS (a form of which a part would not be checked, a default that does not fit), TIMEOUT (no answer
 * within `waitFor`, and no default; no further try), CANCELLED, NO_EXECUTOR_FACTORY (called without a conductor).
 */
export const waitForInputNode = executable<Parameters>(waitForInput, async (work) => {
  const { ask, parameters, input, signal } = work;
  if (ask === undefined) {
    throw new NodeError(
      "NO_EXECUTOR_FACTORY",
      "Questions are put by a conductor, and this node was called without one",
    );
  }
  const { message, form, waitFor } = parameters;
  const check = await checkOf(form);
  const hasDefault = work.isGiven("default");
  demandDefault(work, hasDefault, check);
  const data = findData(input, ["data"]) ?? input;
  const over = new AbortController();
  try {
    const question = {
      message,
      ...(form !== undefined && { form }),
      ...(data !== undefined && { data }),
      ...(waitFor !== undefined && { waitFor }),
    };
    const asked = ask(question, check, over.signal);
    const first = waitFor === undefined ? asked : Promise.race([asked, timeIsUp(work, waitFor, over.signal)]);
    const answer = await unlessAborted(first, signal);
    if (answer !== TIME_IS_UP) return { result: answer ?? null, answered: true };
  } finally {
    over.abort();
  }
  if (hasDefault) return { result: parameters.default ?? null, answered: false };
  throw new NodeError(
    "TIMEOUT",
    `No answer came within ${waitFor} ms to: ${message}. Set \`default\` to the answer that then counts, or a longer \`waitFor\``,
    { retry: false },
  );
});

async function checkOf(form: PlainObject | undefined): Promise<Check> {
  if (form === undefined) return () => undefined;
  const problem = schemaProblem(form, "/form");
  if (problem !== undefined) {
    const at = problem.path.slice(1).replaceAll("/", ".");
    throw new NodeError("INVALID_PARAMETERS", `${problem.message} (at \`${at}\`)`);
  }
  const schema = await linearSchema(checkedSchema(form));
  return (answer) => {
    const { success, error } = schema.safeParse(answer);
    if (success) return undefined;
    const issues = error.issues as Issue[];
    const told = issues.slice(0, MOST_PROBLEMS).map((issue) => sentenceOf(issue, answer, "the answer"));
    if (issues.length > MOST_PROBLEMS) told.push(`and ${issues.length - MOST_PROBLEMS} more`);
    return told.join("; ");
  };
}

function demandDefault({ parameters }: NodeWork<Parameters>, hasDefault: boolean, check: Check): void {
  if (!hasDefault) return;
  if (parameters.waitFor === undefined) {
    const why = "A `default` counts only after `waitFor`; say how long the question is open";
    throw new NodeError("INVALID_PARAMETERS", why);
  }
  const problem = check(parameters.default);
  if (problem !== undefined)
    throw new NodeError("INVALID_PARAMETERS", `The \`default\` does not fit the form: ${problem}`);
}

async function timeIsUp({ sleep }: NodeWork<Parameters>, ms: number, signal: AbortSignal): Promise<typeof TIME_IS_UP> {
  try {
    await sleep(ms, signal);
  } catch {
    // The answer came first.
  }
  return TIME_IS_UP;
}
