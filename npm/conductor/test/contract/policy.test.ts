import { createNodeDefinition, getNodeDefinition } from "@atomiton/nodes/definitions";
import { afterEach, describe, expect, it, vi } from "vitest";
import { validateFlow } from "../../src/exports/node";
import { conductorWith, type Definition, edge, group, leaf, listenToConsole, pass, stopClock, watch } from "./flows";

afterEach(() => vi.useRealTimers());

const fails = () => {
  throw new Error("boom");
};

/** How often the leaf of a flow was tried. */
const triesOf = async (flow: Definition, config = {}): Promise<number> => {
  let tries = 0;
  const conductor = conductorWith(() => {
    tries++;
    fails();
  }, config);
  stopClock();
  const run = watch(conductor.node.run(flow));
  await pass(60_000);
  expect(run.value?.success).toBe(false);
  vi.useRealTimers();
  return tries;
};

describe("what editors write under the parameters of every node", () => {
  const made = (nodes: object[] = []) =>
    createNodeDefinition({ id: "n", type: "test", ...(nodes.length > 0 && { nodes: nodes as never }) }) as Definition;

  it("asks for no retry: a node that fails runs once", async () => {
    expect(made().parameters).toEqual({ enabled: true, timeout: 30000, retries: 1 });
    expect(await triesOf(made())).toBe(1);
  });

  it("asks for no retry of groups either, however deeply they lie in each other", async () => {
    expect(await triesOf(made([made()]))).toBe(1);
    expect(await triesOf(made([made([made()])]))).toBe(1);
  });

  it("leaves the retries of the conductor as they are", async () => {
    expect(await triesOf(made(), { maxRetries: 2, retryDelay: 1 })).toBe(3);
    const request = { ...made(), type: "http-request", parameters: { retries: 0, timeout: 30000 } };
    expect(await triesOf(request, { maxRetries: 2, retryDelay: 1 })).toBe(3);
  });

  it("is what the library itself gives", async () => {
    expect(getNodeDefinition("transform")?.parameters).toMatchObject({ retries: 1, timeout: 30000 });
    expect(getNodeDefinition("http-request")?.parameters).toMatchObject({ retries: 0, timeout: 30000 });
    expect(await triesOf({ ...(getNodeDefinition("http-request") as Definition) })).toBe(1);
  });

  it("gives no deadline: a group of four nodes of 9 seconds each ends well", async () => {
    stopClock();
    const conductor = conductorWith(() => new Promise((resolve) => setTimeout(resolve, 9000)));
    const nodes = ["a", "b", "c", "d"].map((id) => createNodeDefinition({ id, type: "test" }));
    const run = watch(conductor.node.run(createNodeDefinition({ id: "g", type: "group", nodes }) as Definition));
    await pass(36_100);
    expect(run.value).toMatchObject({ success: true });
  });

  it("is a deadline where the type keeps it", async () => {
    stopClock();
    const conductor = conductorWith(() => new Promise(() => {}));
    const run = watch(conductor.node.run(leaf("a", { type: "shell-command", parameters: { timeout: 30000 } })));
    await pass(30_000);
    expect(run.value?.error).toMatchObject({ code: "TIMEOUT", message: "Execution timed out after 30000ms" });
  });

  it.each([
    [{ retries: 2, retryDelay: 1 }, "test", 3],
    [{ retries: 1, retryDelay: 1 }, "http-request", 2],
    [{ retries: 1, timeout: 30000 }, "constructor", 1],
  ])("counts where it is something else: %j", async (parameters, type, tries) => {
    expect(await triesOf(leaf("a", { type, parameters }))).toBe(tries);
  });
});

describe("the policy of a node", () => {
  it("asks for retries, also those that editors write", async () => {
    expect(await triesOf(leaf("a", { policy: { retries: 1, retryDelay: "10ms" } }))).toBe(2);
    expect(await triesOf(group("g", [leaf("a")], [], { policy: { retries: 1, retryDelay: 0 } }))).toBe(2);
  });

  it("goes before its parameters, key by key", async () => {
    const parameters = { retries: 5, retryDelay: 1 };
    expect(await triesOf(leaf("a", { parameters, policy: { retries: 2 } }))).toBe(3);
    expect(await triesOf(leaf("a", { parameters, policy: { retries: null } }))).toBe(6);
  });

  it.each([
    [30_000, 30_000],
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
  ])("limits the time: %j", async (timeout, ms) => {
    stopClock();
    const run = watch(conductorWith(() => new Promise(() => {})).node.run(leaf("a", { policy: { timeout } })));
    await pass(ms - 1);
    expect(run.settled).toBe(false);
    await pass(1);
    expect(run.value?.error).toMatchObject({ code: "TIMEOUT", message: `Execution timed out after ${ms}ms` });
  });

  it("waits as long as it says before it tries again", async () => {
    stopClock();
    const tries: number[] = [];
    const conductor = conductorWith(() => {
      tries.push(Date.now());
      fails();
    });
    const began = Date.now();
    watch(conductor.node.run(leaf("a", { policy: { retries: 2, retryDelay: "1s" } })));
    await pass(10_000);
    expect(tries.map((time) => time - began)).toEqual([0, 1000, 3000]);
  });

  it("is not handed to the executable", async () => {
    let keys: string[] = [];
    const conductor = conductorWith((params) => {
      keys = Object.keys(params);
    });
    await conductor.node.run(leaf("a", { policy: { retries: 1, timeout: "1m" } }));
    expect(keys).not.toContain("policy");
    expect(keys).not.toContain("retries");
    expect(keys).not.toContain("timeout");
  });

  const wrong: [object, string, string, RegExp][] = [
    [{ policy: 5 }, "/policy", "TYPE_MISMATCH", /Expected an object, found a number/],
    [{ policy: { retires: 1 } }, "/policy/retires", "VALIDATION_FAILED", /no `retires`\. Did you mean `retries`\?/],
    [{ policy: { retries: "2" } }, "/policy/retries", "TYPE_MISMATCH", /whole number, found a string/],
    [{ policy: { retries: 1.5 } }, "/policy/retries", "VALIDATION_FAILED", /whole number/],
    [{ policy: { retries: -1 } }, "/policy/retries", "VALIDATION_FAILED", /at least 0/],
    [{ policy: { timeout: "soon" } }, "/policy/timeout", "VALIDATION_FAILED", /such as `250ms`.*found "soon"/],
    [{ policy: { timeout: 0 } }, "/policy/timeout", "VALIDATION_FAILED", /duration/],
    [{ policy: { timeout: true } }, "/policy/timeout", "TYPE_MISMATCH", /found a boolean/],
    [{ policy: { retryDelay: "1 s" } }, "/policy/retryDelay", "VALIDATION_FAILED", /duration/],
  ];
  it.each(wrong)("is refused where it makes no sense: %j", async (given, path, code, message) => {
    const flow = group("root", [leaf("a", given)]);
    const problem = { path: `/nodes/0${path}`, code, nodeId: "a", message: expect.stringMatching(message) };
    expect(validateFlow(flow, { schemas: {} })).toMatchObject([problem]);
    const { error } = await conductorWith().node.run(flow);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("comes back from storage", async () => {
    const conductor = conductorWith();
    const flow = { ...group("root", [leaf("a", { policy: { retries: 2, timeout: "10s" } })]), name: "Root" };
    const { id } = await conductor.storage.saveFlow(flow as never);
    expect((await conductor.storage.loadFlow(id)).nodes[0]?.policy).toEqual({ retries: 2, timeout: "10s" });
  });
});

describe("what a policy asks for where it has no effect", () => {
  const flow = () =>
    group("root", [leaf("a", { policy: { concurrency: 3, retries: 0 } }), leaf("b")], [edge("a", "b")], {
      policy: { concurrency: 2 },
    });

  it("is told, with its place", () => {
    const problems = validateFlow(flow(), { schemas: {} });
    expect(problems.every(({ severity, rule }) => severity === "warning" && rule === "ignored-policy")).toBe(true);
    expect(problems.map(({ path }) => path)).toEqual(["/nodes/0/policy/concurrency", "/policy/concurrency"]);
  });

  it("is told when a node is validated", async () => {
    const { valid, errors, warnings } = await conductorWith().node.validate(flow() as never);
    expect({ valid, errors }).toEqual({ valid: true, errors: [] });
    expect(warnings?.length).toBe(2);
    expect(warnings?.[0]).toMatch(/^nodes\.0\.policy\.concurrency: `concurrency` of a policy has no effect here/);
    expect(await conductorWith().node.validate(leaf("a", { policy: { retries: 1 } }) as never)).toEqual({
      valid: true,
      errors: [],
    });
  });

  it("is told by a run, once for a flow", async () => {
    const printed = listenToConsole();
    const conductor = conductorWith();
    const definition = flow();
    for (let run = 0; run < 3; run++) expect((await conductor.node.run(definition)).success).toBe(true);
    const warnings = printed.of("warn").map(String);
    printed.restore();
    expect(warnings.length).toBe(2);
    expect(warnings[0]).toMatch(
      /Node 'a'.*`concurrency` of a policy has no effect here.*\/nodes\/0\/policy\/concurrency/,
    );
  });
});
