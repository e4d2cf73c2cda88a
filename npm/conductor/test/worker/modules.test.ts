/** WebAssembly modules that a worker has of its page. */
import { expect, test } from "vitest";
import { MODULE, type ModuleMessage } from "../../src/worker/messages.js";
import { chain, fields, gate, inWorkers, node } from "./workers.js";

/** A node that doubles the numbers it is given. */
const doubled = (id: string) => node(id, "transform", { transformFunction: "(x) => 2 * x" });
const endless = node("endless", "transform", { transformFunction: "(x) => { for (;;); }", timeout: 50 });
const numbers = { input: [1, 2, 3] as never };

/** Keeps what the page says of modules. */
function heard() {
  const messages: ModuleMessage[] = [];
  const reads = (message: ModuleMessage) => messages.push(message) > 0;
  const named = () => messages.filter(({ type }) => type === MODULE).map(({ name }) => name);
  return { reads, named };
}

test("the engine is sent when a worker starts, and what runs user code when some first runs", async () => {
  const { reads, named } = heard();
  const { conductor, workers } = inWorkers({ reads });
  await conductor.node.run(fields("a", { x: 1 }));
  expect(named()).toEqual(["engine"]);
  const results = await Promise.all(["b", "c"].map((id) => conductor.node.run(doubled(id), numbers)));
  for (const { data } of results) expect(data).toMatchObject({ result: [2, 4, 6] });
  await conductor.node.run(chain("flow", doubled("d"), doubled("e")), numbers);
  expect(named()).toEqual(["engine", "quickjs"]);
  expect(workers).toHaveLength(1);
});

test("what reads TypeScript is sent when some code in it first runs", async () => {
  const { reads, named } = heard();
  const { conductor } = inWorkers({ reads });
  const typed = node("a", "code", { code: "const a: number = 2; return a", language: "typescript" });
  for (let run = 0; run < 2; run++) expect((await conductor.node.run(typed)).data).toMatchObject({ result: 2 });
  expect(named()).toEqual(["engine", "typescript", "quickjs"]);
});

test("user code without end is stopped at its limit, and the worker goes on", async () => {
  const { conductor, workers } = inWorkers();
  const { success, error } = await conductor.node.run(endless, numbers);
  expect([success, error?.code, error?.nodeId]).toEqual([false, "TIMEOUT", "endless"]);
  expect((await conductor.node.run(doubled("next"), numbers)).data).toMatchObject({ result: [2, 4, 6] });
  expect(workers).toHaveLength(1);
});

test("a run that waits for what runs user code can be cancelled", async () => {
  const asked = gate();
  const reads = ({ name }: ModuleMessage) => {
    if (name === "quickjs") asked.open();
    return name !== "quickjs";
  };
  const { conductor, workers } = inWorkers({ reads });
  const run = conductor.node.run(doubled("waiting"), { ...numbers, executionId: "waiting" });
  await asked.passed;
  await conductor.node.cancel("waiting");
  expect((await run).error?.code).toBe("CANCELLED");
  expect((await conductor.node.run(fields("next", {}))).success).toBe(true);
  expect(workers).toHaveLength(1);
});

test("a worker that cannot be sent the engine fails what waits for it, in words that say which workers can", async () => {
  const { conductor, workers } = inWorkers({ reads: ({ type }) => type !== MODULE });
  const [{ error }, problem] = await Promise.all([
    conductor.node.run(fields("a", {})),
    conductor.node.validate(fields("a", {})).catch((thrown) => thrown),
  ]);
  expect(error?.code).toBe("NO_TRANSPORT");
  expect(error?.message).toMatch(/the engine cannot be sent .* dedicated worker/);
  expect(problem).toMatchObject({ code: "NO_TRANSPORT" });
  expect(workers.map(({ terminated }) => terminated)).toEqual([true]);
});

test("where only the engine can be sent, user code fails and everything else runs", async () => {
  const { conductor } = inWorkers({ reads: ({ type, name }) => type !== MODULE || name === "engine" });
  for (const id of ["first", "again"]) {
    const { error } = await conductor.node.run(doubled(id), numbers);
    expect([error?.code, error?.nodeId]).toEqual(["EXECUTION_FAILED", id]);
    expect(error?.message).toMatch(/QuickJS cannot be sent/);
  }
  expect((await conductor.node.run(fields("a", { x: 1 }))).success).toBe(true);
});
