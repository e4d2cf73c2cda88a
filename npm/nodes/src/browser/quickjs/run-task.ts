import { NodeError } from "../../contract/error.js";
import { Engine } from "./engine.js";
import { Evaluation, type Stop } from "./evaluation.js";
import type { Surroundings, Task } from "./task.js";

/** Characters that answers may have together, unless the engine's memory may be larger: they are kept until the last. */
const MOST_ANSWERS = 256 * 1024 * 1024;
const LEAST_MEMORY = 1024 * 1024;
/** ms. */
const LONGEST_RUN = 86_400_000;

/**
 * Runs a task in an engine of its own, on this thread. The answers are those of {@link Sandbox.runOverItems}; that of a
 * call with values is one text.
 *
 * The engine looks at the clock every few thousand steps. A single built-in, such as a large `fill`, can keep it from
 * doing so: whoever must be sure ends the thread.
 *
 * @throws NodeError with the codes of {@link Sandbox}
 */
export async function runTask(module: WebAssembly.Module, task: Task, around: Surroundings): Promise<string[]> {
  const source = {
    ...task.source,
    timeoutMs: Math.trunc(Math.min(Math.max(task.source.timeoutMs, 1), LONGEST_RUN)),
    memoryBytes: Math.trunc(Math.max(task.source.memoryBytes, LEAST_MEMORY)),
  };
  const deadline = performance.now() + source.timeoutMs;
  let stopped: Stop | undefined;
  const isOver = (): boolean => {
    stopped ??= around.isCancelled() ? "cancelled" : performance.now() >= deadline ? "deadline" : undefined;
    return stopped !== undefined;
  };
  const engine = await Engine.open(module, { memoryBytes: source.memoryBytes, isOver });
  const evaluation = new Evaluation(engine, source, () => stopped);
  evaluation.start();
  const ready = { ...task, source };
  return ready.kind === "items" ? runOverItems(evaluation, ready, around, isOver) : [evaluate(evaluation, ready)];
}

async function runOverItems(
  evaluation: Evaluation,
  { source, work, batches }: Extract<Task, { kind: "items" }>,
  around: Surroundings,
  isOver: () => boolean,
): Promise<string[]> {
  const { engine } = evaluation;
  const named = engine.boolean(work.named);
  const options = engine.object(
    work.initial === undefined ? { named } : { named, initial: evaluation.text(work.initial) },
  );
  const whole = work.whole && batches[0] ? evaluation.text(batches[0].text) : engine.undefined;
  const [kind, tag] = [evaluation.text(work.kind), evaluation.text(source.tag)];
  const runner = evaluation.call(evaluation.harness("items"), evaluation.function, kind, tag, options, whole);
  const step = engine.property(runner, "step");
  const answers: string[] = [];
  let [position, answered] = [0, 0];
  for (const { text, count } of batches) {
    if (position > 0) {
      await around.pause();
      if (isOver()) evaluation.check();
    }
    const batch = evaluation.text(work.whole ? "" : text);
    const answer = evaluation.callForText(step, batch, engine.number(position));
    engine.free(batch);
    answered += answer.length;
    if (answered > Math.max(MOST_ANSWERS, source.memoryBytes)) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `${source.name} answered more than can be held`);
    }
    answers.push(answer);
    position += count;
  }
  return work.kind === "reduce" ? [evaluation.callForText(engine.property(runner, "finish"))] : answers;
}

function evaluate(evaluation: Evaluation, { source, values, tables }: Extract<Task, { kind: "values" }>): string {
  const { engine } = evaluation;
  const list = JSON.stringify(tables.map(({ path }) => path));
  const paths = evaluation.attempt(() => engine.evaluate(`(${list})`, "paths"));
  const fetch = engine.function((table) => tables[table]?.records ?? "[]");
  const [tag, text] = [evaluation.text(source.tag), evaluation.text(values)];
  return evaluation.callForText(evaluation.harness("evaluate"), evaluation.function, tag, text, paths, fetch);
}
