/** Files of executions from which something was left out: nothing of it is in them, and what is left can be looked at. */
import { createConductor, type NodeDefinition, openReplay } from "@atomiton/conductor/desktop";
import { createMemoryExecutions, type MemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";

const EMAIL = "ada@example.com";
const TOKEN = "tok-7f3a-99";
const PIN = 42;

// biome-ignore lint/suspicious/noExplicitAny: executables of every shape.
type Bodies = Record<string, (params: any) => unknown>;

const person = () => ({ email: EMAIL, name: "Ada", pins: [{ pin: PIN }, { pin: 43 }], token: TOKEN });

const BODIES: Bodies = {
  read: person,
  large: () => ({ rows: Array.from({ length: 3_000 }, (_, id) => ({ id, email: EMAIL, note: `to <${EMAIL}>` })) }),
  shapes: () => ({
    bytes: Buffer.from(`mail ${EMAIL} now`),
    byMail: new Map([[EMAIL, { token: TOKEN }]]),
    all: new Set([EMAIL]),
    keyed: { [EMAIL]: 1, [`${EMAIL}!`]: 2 },
    json: JSON.stringify({ mail: EMAIL }),
    at: new Date(0),
    left: undefined,
    failure: Object.assign(new Error(`no ${EMAIL}`, { cause: { token: TOKEN } }), { email: EMAIL }),
  }),
  say: ({ input, progress, warn, log, variables }) => {
    variables.last = input.default;
    progress(10, `charging ${EMAIL}`);
    warn("odd", `odd ${TOKEN}`);
    log.warn(`said ${EMAIL}`, { mail: EMAIL });
    return `Dear ${input.default.email}`;
  },
  ask: ({ ask, signal }) => {
    return ask({ message: `Is ${EMAIL} right?`, data: { email: EMAIL } }, () => undefined, signal);
  },
  see: ({ input }) => input,
  pick: ({ input }) => input.default.name,
  fail: () => {
    throw Object.assign(new Error(`refused ${EMAIL}`), { token: TOKEN });
  },
};

function office(store: MemoryExecutions = createMemoryExecutions(), bodies: Bodies = BODIES, config: object = {}) {
  const calls: string[] = [];
  const conductor = createConductor({
    transport: "local",
    store,
    maxRetries: 0,
    nodeExecutorFactory: {
      getNodeExecutable: (type: string) => ({
        effects: "reads",
        // biome-ignore lint/suspicious/noExplicitAny: an executable.
        execute: (params: any) => {
          calls.push(params.nodeId);
          return bodies[type]?.(params) ?? null;
        },
      }),
    },
    logLevel: "error",
    ...config,
  } as never);
  return { conductor, calls, store, executions: conductor.executions };
}

const loop = {
  id: "loop",
  type: "loop",
  parameters: { loopType: "forEach", array: "${{ nodes.read.pins }}", concurrency: 1 },
  nodes: [leaf("round", { type: "see" })],
  edges: [],
} as Definition;

const flow = {
  ...group(
    "flow",
    [
      leaf("read", { type: "read", parameters: { token: TOKEN, url: `https://x/?mail=${EMAIL}` } }),
      leaf("large", { type: "large" }),
      leaf("shapes", { type: "shapes" }),
      leaf("say", { type: "say", name: `Greets ${EMAIL}` }),
      leaf("ask", { type: "ask" }),
      loop,
      { ...leaf("fail", { type: "fail" }), policy: { continueOnError: true } },
      leaf("last", { type: "fail" }),
    ],
    // What fails comes last.
    [edge("read", "say"), edge("read", "loop"), edge("say", "last"), { ...edge("loop", "last"), targetHandle: "loop" }],
  ),
  variables: { token: { defaultValue: TOKEN }, about: `of ${EMAIL}` },
} as Definition;

/** Runs the flow, with an answer that has what is planted, and exports it. */
async function recorded() {
  const made = office();
  const { conductor, executions } = made;
  conductor.node.onProgress(() => {});
  executions.onQuestion(({ id }) => void executions.answer(id, { email: EMAIL, token: TOKEN }));
  const result = await conductor.node.run(
    flow as NodeDefinition,
    {
      executionId: "one",
      input: { email: EMAIL, deep: { token: TOKEN } },
      variables: { token: TOKEN },
    } as never,
  );
  expect(result.error?.nodeId).toBe("last");
  return made;
}

const textOf = (file: Uint8Array) => Buffer.from(file).toString("utf8");
const base64Of = (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, "").slice(1, -2);

function demandWithout(file: Uint8Array, ...planted: string[]): void {
  const all = textOf(file);
  // What is left of a short text in base64 is found in any file.
  for (const text of planted.flatMap((each) => (each.length > 4 ? [each, base64Of(each)] : [each]))) {
    const at = all.indexOf(text);
    // What is around it says where it was left.
    expect(at === -1 ? "" : all.slice(Math.max(at - 200, 0), at + 100), text).toBe("");
  }
}

describe("an export without what is at some paths", () => {
  it("has nothing of it in any part of the file, and all else", async () => {
    const { executions } = await recorded();
    const whole = textOf(await executions.export("one"));
    for (const text of [EMAIL, TOKEN]) expect(whole.split(text).length).toBeGreaterThan(10);
    const file = await executions.export("one", { redact: ["**.email", "**.token", "**.pin"] });
    demandWithout(file, EMAIL, TOKEN);
    expect(textOf(file)).not.toMatch(/"pin":4[23]/);
    expect(textOf(file)).toContain('"name":"Ada"');

    const [before, after] = [await executions.replay("one"), await openReplay(file)];
    expect(before.leftOut).toBeUndefined();
    expect(after.leftOut).toEqual({ redact: ["**.email", "**.token", "**.pin"] });
    expect(after.length).toBe(before.length);
    for (let step = 0; step <= after.length; step++) {
      const states = (replay: typeof after) => replay.at(step).nodes.map(({ path, state }) => [path, state]);
      expect(states(after), `step ${step}`).toEqual(states(before));
    }
    expect(after.value("read")).toEqual({
      email: "[redacted]",
      name: "Ada",
      pins: [{ pin: "[redacted]" }, { pin: "[redacted]" }],
      token: "[redacted]",
    });
    expect(after.value("say")).toBe("Dear [redacted]");
    expect(after.value("loop")).toMatchObject({ results: [{ item: { pin: "[redacted]" } }, {}] });
    const shapes = after.value("shapes") as Record<string, unknown>;
    expect(shapes.at).toEqual(new Date(0));
    expect(shapes.keyed).toEqual({ "[redacted]": 1, "[redacted]!": 2 });
    expect(shapes.bytes).toBe("[redacted]");
    expect(after.error("last")?.message).toBe("refused [redacted]");
  });

  it("leaves secrets references, and takes out what is at a path together with them", async () => {
    const secret = "s3cr3t-value";
    const bodies = {
      read: ({ key }: { key: string }) => ({ auth: `Bearer ${key}`, both: `${EMAIL} ${key}`, email: EMAIL }),
    };
    const { conductor, executions } = office(createMemoryExecutions(), bodies, { secrets: () => secret });
    const reads = leaf("read", { type: "read", parameters: { key: "${{ secrets.TOKEN_OF_SHOP }}" } });
    await conductor.node.run(group("f", [reads]) as NodeDefinition, { executionId: "one" });
    const file = await executions.export("one", { redact: ["**.email"] });
    demandWithout(file, secret, EMAIL);
    expect((await openReplay(file)).at(2).value("read")).toEqual({
      auth: "Bearer ${{ secrets.TOKEN_OF_SHOP }}",
      both: "[redacted]",
      email: "[redacted]",
    });
    const other = await executions.export("one", { redact: ["auth"] });
    demandWithout(other, secret, "Bearer");
    // The name of a secret is no part of a value.
    expect((await openReplay(other)).at(2).value("read")).toMatchObject({
      both: `${EMAIL} \${{ secrets.TOKEN_OF_SHOP }}`,
    });
  });

  it("is refused for a path at which nothing is, and for options that it does not know", async () => {
    const { executions } = await recorded();
    const refusal = (options: unknown) => expect(executions.export("one", options as object)).rejects;
    await refusal({ redact: ["**.email", "**.emial"] }).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/names `\*\*\.emial`, and no value of the execution has anything there/),
    });
    await refusal({ redact: ["a..b"] }).toThrow(/list of paths/);
    await refusal({ redact: "email" }).toThrow(/list of paths/);
    await refusal({ redcat: ["email"] }).toThrow(/knows no `redcat`/);
    await refusal({ redact: ["**.email"], withoutValues: true }).toThrow(/without values there is nothing/);
    await refusal({ withoutValues: "yes" }).toThrow(/true or false/);
  });

  it("is imported, and forked where nothing is needed that was left out", async () => {
    const { conductor, executions } = office();
    const chain = group(
      "chain",
      [
        leaf("read", { type: "read", parameters: { url: `https://x/?mail=${EMAIL}` } }),
        leaf("pick", { type: "pick" }),
        leaf("last", { type: "fail" }),
      ],
      [edge("read", "pick"), edge("pick", "last")],
    );
    await conductor.node.run(chain as NodeDefinition, { executionId: "one" });
    const other = office();
    expect(
      await other.executions.import(await executions.export("one", { redact: ["**.email"] }), { id: "came" }),
    ).toBe("came");
    expect(await other.executions.get("came")).toMatchObject({
      status: "failed",
      reason: "`**.email` was left out when it was exported",
    });
    expect(await other.executions.value("came", "read")).toMatchObject({ email: "[redacted]", name: "Ada" });
    const refusal = (changes: object) => expect(other.executions.fork("came", changes)).rejects;
    await refusal({ from: "pick" }).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("Of the output of `read`, `email` was not kept"),
    });
    await refusal({ from: "read" }).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining(
        "Of the parameters of `read` something was left out when the execution was exported",
      ),
    });
    const { executionId } = await other.executions.fork("came");
    await other.executions.result(executionId);
    expect(other.calls).toEqual(["last"]);
    // Its flow lacks the same.
    await expect(other.executions.fork(executionId, { from: "read" })).rejects.toThrow("Of the parameters of `read`");
    const again = await other.executions.export(executionId, { redact: ["**.name"] });
    expect((await openReplay(again)).leftOut).toEqual({ redact: ["**.email", "**.name"] });
    const whole = await other.executions.fork("came", { from: "read", flow: chain as NodeDefinition });
    await other.executions.result(whole.executionId);
    expect(other.calls).toEqual(["last", "read", "pick", "last"]);
  });

  it("is imported, and its fork goes on after a crash with what it did not need", async () => {
    const { conductor, executions } = office();
    const chain = group(
      "chain",
      [
        leaf("read", { type: "read", parameters: { url: `https://x/?mail=${EMAIL}` } }),
        leaf("large", { type: "large" }),
        leaf("pick", { type: "pick" }),
        leaf("last", { type: "fail" }),
      ],
      [edge("read", "pick"), edge("pick", "last")],
    );
    await conductor.node.run(chain as NodeDefinition, { executionId: "one" });
    const file = await executions.export("one", { redact: ["**.email"] });
    for (const isInherited of [true, false]) {
      // It crashes while its node runs, with what it took over on disk, or before.
      const held = new Promise(() => {});
      const store = createMemoryExecutions();
      const crashing = office(store, { ...BODIES, fail: () => held });
      await crashing.executions.import(file, { id: "came" });
      const { executionId } = await crashing.executions.fork("came");
      if (isInherited) {
        await expect.poll(() => crashing.calls).toEqual(["last"]);
        await expect.poll(async () => (await store.records(executionId)).length).toBeGreaterThan(1);
      }
      store.abandon();
      const next = office(createMemoryExecutions({ shared: store }), { ...BODIES, fail: ({ input }) => input.default });
      const { blocked, resumed } = await next.conductor.recover();
      expect(blocked).toEqual([]);
      const result = await resumed[0]?.result;
      expect(result).toMatchObject({ success: true, data: "Ada" });
      expect(next.calls).toEqual(["last"]);
      // More is missing in a file of it that is redacted.
      const other = office();
      await other.executions.import(await next.executions.export(executionId, { redact: ["**.name"] }), {
        id: "again",
      });
      await expect(other.executions.fork("again", { from: "pick" })).rejects.toThrow("was not kept");
    }
  });

  it("of a fork, whose records have what it took over", async () => {
    const { executions } = await recorded();
    const { executionId } = await executions.fork("one");
    await executions.result(executionId);
    const whole = await executions.export(executionId);
    expect(textOf(whole)).toContain(EMAIL);
    const file = await executions.export(executionId, { redact: ["**.email", "**.token"] });
    demandWithout(file, EMAIL, TOKEN);
    expect((await openReplay(file)).status).toBe("failed");
    demandWithout(await executions.export(executionId, { withoutValues: true }), EMAIL, TOKEN, "Ada");
  });
});

describe("an export without values", () => {
  it("has what happened when, and nothing that was given", async () => {
    const { executions } = await recorded();
    const file = await executions.export("one", { withoutValues: true });
    demandWithout(file, EMAIL, TOKEN, "Ada", "Greets", "charging", "refused", "https://x");
    const [before, after] = [await executions.replay("one"), await openReplay(file)];
    expect(after.leftOut).toEqual({ values: true });
    expect(after.length).toBe(before.length);
    for (let step = 0; step <= after.length; step++) {
      const told = (replay: typeof after) => {
        const { time, kind, progress, changed, nodes } = replay.at(step);
        return { time, kind, progress, changed, nodes: nodes.map(({ name: _, ...node }) => node) };
      };
      expect(told(after), `step ${step}`).toEqual(told(before));
    }
    expect(after.value("read")).toBe("[redacted]");
    expect(after.error("last")).toMatchObject({ code: before.error("last")?.code, message: "[redacted]" });
  });

  it("can be looked at in another store, and neither forked nor begun again", async () => {
    const { executions } = await recorded();
    const other = office();
    await other.executions.import(await executions.export("one", { withoutValues: true }));
    expect((await other.executions.get("one")).reason).toBe("All values were left out when it was exported");
    expect((await other.executions.trace("one")).nodes.length).toBeGreaterThan(5);
    for (const changes of [{}, { from: "read" }, { flow: flow as NodeDefinition, input: {} }]) {
      await expect(other.executions.fork("one", changes)).rejects.toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("The execution was exported without its values"),
      });
    }
    expect(other.calls).toEqual([]);
  });

  it("of one that is not over cannot go on", async () => {
    const { conductor, executions } = office();
    const asked = new Promise((resolve) => executions.onQuestion(resolve));
    void conductor.node.run(group("f", [leaf("ask", { type: "ask" })]) as NodeDefinition, { executionId: "open" });
    await asked;
    await expect.poll(async () => (await executions.get("open")).status).toBe("waiting");
    const other = office();
    await other.executions.import(await executions.export("open", { withoutValues: true }));
    expect(await other.executions.get("open")).toMatchObject({
      status: "paused",
      reason: expect.stringContaining("its values were left out: it can be looked at, and not go on"),
    });
    await expect(other.executions.resume("open")).rejects.toThrow("exported without its values");
    expect(other.calls).toEqual([]);
    expect((await other.executions.get("open")).status).toBe("blocked");
    await conductor.shutdown();
  });
});
