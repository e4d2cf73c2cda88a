import { NodeError } from "../../contract/error.js";
import { Engine } from "./engine.js";
import { Session, type Stop } from "./session.js";
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
  const session = new Session(engine, source, () => stopped);
  session.start();
  const ready = { ...task, source };
  return ready.kind === "items" ? runOverItems(session, ready, around, isOver) : [evaluate(session, ready)];
}

async function runOverItems(
  session: Session,
  { source, work, batches }: Extract<Task, { kind: "items" }>,
  around: Surroundings,
  isOver: () => boolean,
): Promise<string[]> {
  const { engine } = session;
  const named = engine.boolean(work.named);
  const options = engine.object(
    work.initial === undefined ? { named } : { named, initial: session.text(work.initial) },
  );
  const whole = work.whole && batches[0] ? session.text(batches[0].text) : engine.undefined;
  const [kind, tag] = [session.text(work.kind), session.text(source.tag)];
  const runner = session.call(session.harness("items"), session.function, kind, tag, options, whole);
  const step = engine.property(runner, "step");
  const answers: string[] = [];
  let [position, answered] = [0, 0];
  for (const { text, count } of batches) {
    if (position > 0) {
      await around.pause();
      if (isOver()) session.check();
    }
    const batch = session.text(work.whole ? "" : text);
    const answer = session.callForText(step, batch, engine.number(position));
    engine.free(batch);
    answered += answer.length;
    if (answered > Math.max(MOST_ANSWERS, source.memoryBytes)) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `${source.name} answered more than can be held`);
    }
    answers.push(answer);
    position += count;
  }
  return work.kind === "reduce" ? [session.callForText(engine.property(runner, "finish"))] : answers;
}

function evaluate(session: Session, { source, values, tables }: Extract<Task, { kind: "values" }>): string {
  const { engine } = session;
  const list = JSON.stringify(tables.map(({ path }) => path));
  const paths = session.attempt(() => engine.evaluate(`(${list})`, "paths"));
  const fetch = engine.function((table) => tables[table]?.records ?? "[]");
  const [tag, text] = [session.text(source.tag), session.text(values)];
  return session.callForText(session.harness("evaluate"), session.function, tag, text, paths, fetch);
}
