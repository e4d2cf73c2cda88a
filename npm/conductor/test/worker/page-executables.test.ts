/** Executables of the page, which a run in a worker calls there. */
import { expect, test } from "vitest";
import { chain, executables, fields, gate, inWorkers, node } from "./workers.js";

// biome-ignore lint/suspicious/noExplicitAny: tests look into parameters of every shape.
type Params = any;

test("they get what they get in the page, and their parameters may be anything", async () => {
  let seen: Params;
  const look = (params: Params) => {
    seen = params;
    return 1;
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ look }) });
  const variables = { v: 1 };
  const say = () => "hello";
  const inner = { ...chain("inner", node("n", "look", { say })) };
  await conductor.node.run(chain("flow", fields("a", { x: 1 }), inner), { executionId: "run", variables, slowMo: 0 });
  expect(Object.keys(seen).sort()).toEqual(
    ["debug", "executionId", "input", "nodeId", "parentContext", "say", "slowMo", "variables"].sort(),
  );
  expect(seen.say).toBe(say);
  expect(seen.variables).toBe(variables);
  expect(seen.executionId).toBe("run/inner/n");
  expect(seen.idempotencyKey).toBe("run/inner/n");
  expect(seen.input).toMatchObject({ default: { result: { x: 1 } } });
  expect(seen.parentContext).toMatchObject({ nodeId: "inner", executionId: "run/inner" });
  expect(seen.parentContext.parentContext).toMatchObject({ nodeId: "flow", executionId: "run" });
  expect(seen.attempt).toBe(1);
});

test("the input of the node that is run is the caller's own", async () => {
  let input: unknown;
  const look = (params: Params) => {
    ({ input } = params);
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ look }) });
  const given = { x: 1 };
  await conductor.node.run(node("n", "look"), { input: given });
  expect(input).toBe(given);
});

test("their errors keep what they are, and where they came from", async () => {
  const code = Symbol.for("@atomiton/error-code");
  const thrown = Object.assign(new TypeError("no such row"), { [code]: "INVALID_PARAMETERS", extra: () => 1 });
  const fail = () => {
    throw thrown;
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ fail, odd: () => Promise.reject("odd") }) });
  const { error } = await conductor.node.run(chain("flow", node("f", "fail")));
  expect(error).toMatchObject({ code: "INVALID_PARAMETERS", message: "no such row", nodeId: "f", stack: thrown.stack });
  expect(error?.cause).toBe(thrown);
  expect(error?.recovery?.retryable).toBe(false);
  expect((await conductor.node.run(node("o", "odd"))).error).toMatchObject({ message: "odd", cause: "odd" });
});

test("they are tried again as the worker says", async () => {
  const attempts: number[] = [];
  const flaky = ({ attempt }: Params) => {
    attempts.push(attempt);
    if (attempt < 3) throw new Error("not yet");
    return "done";
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ flaky }), maxRetries: 2, retryDelay: 1 });
  expect(await conductor.node.run(node("f", "flaky"))).toMatchObject({ success: true, data: "done" });
  expect(attempts).toEqual([1, 2, 3]);
});

test("their signal fires when their node has no more time", async () => {
  const aborted = gate<string>();
  const wait = ({ signal }: Params) =>
    new Promise(() => signal.addEventListener("abort", () => aborted.open(signal.reason.name)));
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ wait }) });
  const { error } = await conductor.node.run(chain("flow", node("w", "wait", { timeout: 5 })));
  expect(error).toMatchObject({ code: "TIMEOUT", message: "Execution timed out after 5ms", nodeId: "w" });
  expect(await aborted.passed).toBe("TimeoutError");
});

test("their signal fires at once when the run is cancelled", async () => {
  const begun = gate();
  let signal: AbortSignal | undefined;
  const wait = (params: Params) => {
    ({ signal } = params);
    begun.open();
    return new Promise(() => {});
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ wait }) });
  const run = conductor.node.run(node("w", "wait"), { executionId: "run" });
  await begun.passed;
  await conductor.node.cancel("run");
  expect(signal?.aborted).toBe(true);
  expect((await run).error?.code).toBe("CANCELLED");
});

test("they route, and edges of other handles carry nothing", async () => {
  const decide = () =>
    Object.defineProperty({ is: true }, Symbol.for("@atomiton/routed"), { value: ["yes"], enumerable: false });
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ decide, yes: () => 1, no: () => 2 }) });
  const flow = {
    ...chain("flow", node("d", "decide"), node("y", "yes"), node("n", "no")),
    edges: [
      { id: "1", source: "d", target: "y", sourceHandle: "yes" },
      { id: "2", source: "d", target: "n", sourceHandle: "no" },
    ],
  };
  const { executedNodes } = await conductor.node.run(flow as never);
  expect(executedNodes).toEqual(["flow", "d", "y"]);
});

test("they end the run, and what they leave over is told of where it is lost", async () => {
  const marked = (handles: string[], name: string, value: unknown) => {
    const output = Object.defineProperty({ is: true }, Symbol.for("@atomiton/routed"), { value: handles });
    return Object.defineProperty(output, Symbol.for(`@atomiton/${name}`), { value });
  };
  const { conductor } = inWorkers({
    nodeExecutorFactory: executables({
      end: () => marked([], "ends-run", true),
      pass: () => marked(["default"], "left-over", 1),
      next: () => 1,
    }),
  });
  const beside = { id: "flow", type: "group", nodes: [node("e", "end"), node("n", "next")] };
  expect(await conductor.node.run(beside as never)).toMatchObject({ success: true, executedNodes: ["flow", "e"] });
  const flow = {
    ...chain("flow", node("p", "pass"), node("n", "next")),
    edges: [{ id: "1", source: "p", target: "n", sourceHandle: "some" }],
  };
  expect((await conductor.node.run(flow as never)).warnings).toMatchObject([
    { rule: "unconnected-default", nodeId: "p" },
  ]);
});

test("what they return for each handle comes by the edges that leave it", async () => {
  const split = () => {
    const carried = new Map<string, unknown>([
      ["odd", [1, 3]],
      ["even", [2]],
    ]);
    const output = { result: { odd: [1, 3], even: [2] } };
    Object.defineProperty(output, Symbol.for("@atomiton/routed"), { value: [...carried.keys()] });
    return Object.defineProperty(output, Symbol.for("@atomiton/carried"), { value: carried });
  };
  const { conductor } = inWorkers({
    nodeExecutorFactory: executables({ split }),
    own: executables({ see: ({ input }: Params) => input }),
  });
  const flow = {
    ...chain("flow", node("s", "split"), node("o", "see"), node("e", "see")),
    edges: [
      { id: "1", source: "s", target: "o", sourceHandle: "odd" },
      { id: "2", source: "s", target: "e", sourceHandle: "even", targetHandle: "rows" },
    ],
  };
  const { outputs } = await conductor.node.run(flow as never);
  expect(outputs).toMatchObject({ o: { default: [1, 3] }, e: { rows: [2] } });
  const wrong = () => {
    const output = Object.defineProperty({}, Symbol.for("@atomiton/routed"), { value: ["a"] });
    return Object.defineProperty(output, Symbol.for("@atomiton/carried"), { value: new Map([["a", () => 1]]) });
  };
  const refusing = inWorkers({ nodeExecutorFactory: executables({ wrong }) });
  const { error } = await refusing.conductor.node.run(chain("flow", node("w", "wrong")));
  expect(error).toMatchObject({ code: "SERIALIZATION_FAILED", nodeId: "w" });
  expect(error?.message).toContain("carried.a is a function");
});

test("variables that they set reach nodes of the worker, and the other way round", async () => {
  const seen: unknown[] = [];
  const set = ({ variables }: Params) => {
    variables.fromPage = "page";
    variables.only = () => "here";
  };
  const look = ({ variables }: Params) => seen.push(variables.fromWorker, typeof variables.only);
  const answer = ({ variables }: Params) => {
    seen.push(variables.fromPage, typeof variables.only);
    variables.fromWorker = "worker";
  };
  const { conductor } = inWorkers({
    nodeExecutorFactory: executables({ set, look }),
    own: executables({ answer }),
  });
  const variables: Record<string, unknown> = {};
  await conductor.node.run(chain("flow", node("s", "set"), node("a", "answer"), node("l", "look")), { variables });
  expect(seen).toEqual(["page", "undefined", "worker", "function"]);
  expect(variables).toMatchObject({ fromPage: "page", fromWorker: "worker" });
});

test("they may start runs of their own, which are stopped with them", async () => {
  const begun = gate();
  let inner: ReturnType<typeof conductor.node.run> | undefined;
  const outer = ({ parentContext }: Params) => {
    inner = conductor.node.run(node("inner", "wait"), { parentContext });
    return inner;
  };
  const wait = () => {
    begun.open();
    return new Promise(() => {});
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ outer, wait }) });
  const run = conductor.node.run(chain("flow", node("o", "outer")), { executionId: "run" });
  await begun.passed;
  await conductor.node.cancel("run");
  expect((await run).error?.code).toBe("CANCELLED");
  expect((await inner)?.error?.code).toBe("CANCELLED");
});

test("they tell the items of a loop", async () => {
  const factory = {
    getNodeExecutable: (type: string) =>
      type === "loop"
        ? { execute: () => undefined, items: (_: Params, known: number) => ({ items: [known], more: known < 2 }) }
        : executables({ item: ({ parentContext }: Params) => parentContext.input.item }).getNodeExecutable(type),
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: factory });
  const loop = { ...chain("l", node("i", "item")), type: "loop", parameters: { count: 1, each: () => 1 } };
  const { data, error } = await conductor.node.run(loop as never);
  expect(error).toBeUndefined();
  expect(data).toMatchObject({ results: [0, 1, 2] });
});

test("what nodes warn of is in the result, from the worker and from the page", async () => {
  const warn = ({ warn }: Params) => warn("odd", "this is odd");
  const { conductor } = inWorkers({
    nodeExecutorFactory: executables({ here: warn }),
    own: executables({ there: warn }),
  });
  const { warnings } = await conductor.node.run(chain("flow", node("a", "here"), node("b", "there")));
  expect(warnings).toEqual([
    { rule: "odd", message: "this is odd", nodeId: "a" },
    { rule: "odd", message: "this is odd", nodeId: "b" },
  ]);
  expect((await conductor.node.run(chain("flow", fields("a", { x: 1 })))).warnings).toBeUndefined();
});
