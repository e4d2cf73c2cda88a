/** Leaves of a run whose outputs may have been made before. */
import type { Activities } from "./activity.js";
import { type Call, ExecutableParams } from "./call.js";
import { type AnyExecutable, carriedParts } from "./executables.js";
import type { Plan } from "./plan.js";
import type { RunRedact } from "./redact.js";
import type { OutputReuse, ReusedOutput } from "./reuse.js";

/** A run that takes outputs again. */
export interface ReusingRun {
  readonly plan: Plan;
  /** What happens to its nodes beyond their states. */
  readonly activity: Activities;
  /** What is shown of its values; missing where all of them are. */
  readonly redact: RunRedact | undefined;
  /** Whether it has secrets or something redacted so far. */
  readonly knowsSecrets: boolean;
  /** Whether the parameters of a node, by its place in the outline, are made of secrets. */
  readsSecrets(node: number): boolean;
  /** A text without secrets. */
  shown(text: string): string;
  warn(call: Call, rule: string, message: string): void;
}

/** Takes the output of a leaf that starts, or has it made. `node`: by place in the outline. */
export function takeOrExecute(
  run: ReusingRun,
  reuse: OutputReuse,
  call: Call,
  node: number,
  executable: AnyExecutable,
  parameters: Record<string, unknown> | undefined,
): unknown {
  const { redact } = run;
  const execute = () => executable.execute(new ExecutableParams(call, parameters));
  const taken = reuse.take({
    call,
    node: run.plan.node(node),
    executable,
    parameters,
    readsSecrets: run.readsSecrets(node) || redact?.hidesSome === true,
    isSecret: (text) => run.shown(text) !== text,
    knowsSecrets: () => run.knowsSecrets,
    hides: (value) => redact?.hides(node, carriedParts(value)) === true,
    run: execute,
  });
  return taken === undefined ? execute() : taken.then((output) => outputOf(run, call, node, output));
}

function outputOf(
  run: ReusingRun,
  call: Call,
  node: number,
  { value, isReused, warnings = [], reason }: ReusedOutput,
): unknown {
  if (call.over) return value;
  for (const { rule, message } of warnings) run.warn(call, rule, message);
  if (isReused) {
    call.isReused = true;
    run.activity.reuse(node);
  } else if (reason !== undefined) {
    run.activity.keepsNothing(node, run.shown(reason));
    // Where the owner asks for all that can be reused, what cannot is nothing to warn of.
    if (run.plan.asksForCache(node)) run.warn(call, "not-cached", `Its output is not reused: ${reason}`);
  }
  return value;
}
