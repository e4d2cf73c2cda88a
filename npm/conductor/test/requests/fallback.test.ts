/** What a request answers instead when its flow fails. */
import { describe, expect, it, vi } from "vitest";
import { chain, group, leaf, listenToConsole } from "../contract/flows.js";
import { httpServer, json } from "../transports/servers.js";
import { conductorOf } from "./stored.js";

/** A conductor with the flows `f`, `g` and `spare`; `f` and `g` answer with their inputs until they are to fail. */
async function breakable(answer: (input: unknown) => unknown = (input) => ({ seen: input })) {
  const switches = { fails: false };
  const conductor = await conductorOf({
    flows: [chain(1, "f"), chain(1, "g"), group("spare", [leaf("spare-node")])],
    body: ({ nodeId, input }) => {
      if (nodeId === "spare-node") return { spare: input };
      if (switches.fails) throw new Error("service unavailable");
      return answer(input);
    },
  });
  return { conductor, switches };
}

const failed = { code: "EXECUTION_FAILED", message: "service unavailable", nodeId: "n1" };

describe("a fallback value", () => {
  it("that is an object is the outputs", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options: { fallback: { rows: [], note: "none" } } });
    expect(result).toMatchObject({ success: true, outputs: { rows: [], note: "none" } });
    expect(Object.keys(result.outputs ?? {})).toEqual(["rows", "note"]);
  });

  it.each([["text"], [7], [0], [""], [false], [null]])(
    "that is no object is the result among the outputs: %j",
    async (fallback) => {
      const { conductor, switches } = await breakable();
      switches.fails = true;
      const result = await conductor.execute({ flowId: "f", options: { fallback } });
      expect(result).toMatchObject({ success: true, outputs: { result: fallback } });
    },
  );

  it("tells that it is one, and what it stands in for", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const { error, metadata } = await conductor.execute({ flowId: "f", options: { fallback: 7 } });
    expect(error).toBeUndefined();
    expect(metadata).toMatchObject({ flowId: "f", fallbackUsed: "value", attempts: 1, error: failed });
  });

  it("is left alone by a flow that succeeds", async () => {
    const { conductor } = await breakable();
    const result = await conductor.execute({ flowId: "f", inputs: { a: 1 }, options: { fallback: 7 } });
    expect(result.outputs).toEqual({ n1: { seen: { a: 1 } } });
    expect(result.metadata).not.toHaveProperty("fallbackUsed");
    expect(result.metadata).not.toHaveProperty("error");
  });

  it("comes after all attempts", async () => {
    const body = vi.fn(() => {
      throw new Error("boom");
    });
    const conductor = await conductorOf({ flows: [chain(1, "f")], body, retryDelay: 1 });
    const result = await conductor.execute({ flowId: "f", options: { retries: 2, fallback: 7 } });
    expect(body).toHaveBeenCalledTimes(3);
    expect(result.metadata).toMatchObject({ attempts: 3, fallbackUsed: "value" });
  });

  it("helps when time runs out", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")], body: () => new Promise(() => undefined) });
    const result = await conductor.execute({ flowId: "f", options: { timeout: 5, fallback: 7 } });
    expect(result).toMatchObject({ success: true, outputs: { result: 7 }, metadata: { error: { code: "TIMEOUT" } } });
  });

  it("that is undefined is none", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options: { fallback: undefined } });
    expect(result).toMatchObject({ success: false, error: "service unavailable" });
  });
});

describe("cached data", () => {
  const options = { fallback: "cached-data" };

  it("is the last good outputs", async () => {
    let version = 0;
    const { conductor, switches } = await breakable(() => ++version);
    await conductor.execute({ flowId: "f", inputs: { id: 1 } });
    const good = await conductor.execute({ flowId: "f", inputs: { id: 1 } });
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", inputs: { id: 1 }, options });
    expect(result).toMatchObject({ success: true, outputs: { n1: 2 }, data: 2 });
    expect(result.outputs).toEqual(good.outputs);
    expect(result.error).toBeUndefined();
    expect(result.metadata).toMatchObject({ fallbackUsed: "cached-data", error: failed });
  });

  it("is not that of other variables", async () => {
    const { conductor, switches } = await breakable();
    const asked = (tenant: string) => conductor.execute({ flowId: "f", context: { variables: { tenant } }, options });
    await asked("a");
    switches.fails = true;
    expect(await asked("b")).toMatchObject({ success: false, error: "service unavailable" });
    expect(await asked("a")).toMatchObject({ success: true, metadata: { fallbackUsed: "cached-data" } });
  });

  describe("belongs to one session with one side", () => {
    /** A conductor at a server that answers the first request only. */
    async function loggedIn() {
      let answers = 1;
      const server = await httpServer(({ path }, response) => {
        if (!path.endsWith("/execute")) return json(response, { token: "t" });
        if (answers-- > 0) return json(response, { success: true, outputs: { of: "ada" }, data: 1 });
        return json(response, { success: false, error: "refused" });
      });
      const conductor = await conductorOf();
      conductor.configureTransport("http", { apiUrl: server.url });
      const login = (username: string) => conductor.auth.login({ username, password: "p" });
      await login("ada");
      return { conductor, login, apiUrl: server.url, asked: () => conductor.execute({ flowId: "f", options }) };
    }

    it("and is there as long as that", async () => {
      const { asked } = await loggedIn();
      expect((await asked()).outputs).toEqual({ of: "ada" });
      expect((await asked()).outputs).toEqual({ of: "ada" });
    });

    it.each<[string, (at: Awaited<ReturnType<typeof loggedIn>>) => unknown]>([
      ["logout", ({ conductor }) => conductor.auth.logout()],
      ["login", ({ login }) => login("bob")],
      ["switch", ({ conductor, apiUrl }) => conductor.configureTransport("http", { apiUrl })],
    ])("and is gone after a %s", async (_name, change) => {
      const at = await loggedIn();
      expect((await at.asked()).outputs).toEqual({ of: "ada" });
      await change(at);
      expect(await at.asked()).toMatchObject({ success: false, error: "refused" });
    });

    it("and is not kept for the next one when it arrives late", async () => {
      const at = await loggedIn();
      const late = at.asked();
      at.conductor.configureTransport("http", { apiUrl: at.apiUrl });
      expect((await late).outputs).toEqual({ of: "ada" });
      expect(await at.asked()).toMatchObject({ success: false, error: "refused" });
    });
  });

  it("goes by the inputs, in whatever order their keys are", async () => {
    const { conductor, switches } = await breakable(() => "kept");
    await conductor.execute({ flowId: "f", inputs: { a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } }, options });
    switches.fails = true;
    const inputs = { b: { f: null, c: [1, { e: 3, d: 2 }] }, a: 1 };
    expect((await conductor.execute({ flowId: "f", inputs, options })).data).toBe("kept");
  });

  it.each<[string, Record<string, unknown> | undefined]>([
    ["another value", { a: 2 }],
    ["a text in place of a number", { a: "1" }],
    ["one more", { a: 1, b: undefined, c: 2 }],
    ["none", undefined],
    ["a list in place of an object", { a: [1] }],
  ])("is not that of other inputs: %s", async (_name, inputs) => {
    const { conductor, switches } = await breakable();
    await conductor.execute({ flowId: "f", inputs: { a: 1 }, options });
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", ...(inputs && { inputs }), options });
    expect(result).toMatchObject({ success: false, error: "service unavailable" });
    expect(result.metadata).not.toHaveProperty("fallbackUsed");
  });

  it("tells lists from one another by their order", async () => {
    const { conductor, switches } = await breakable();
    await conductor.execute({ flowId: "f", inputs: { list: [1, 2] }, options });
    switches.fails = true;
    expect((await conductor.execute({ flowId: "f", inputs: { list: [2, 1] }, options })).success).toBe(false);
  });

  it("is not that of another flow", async () => {
    const { conductor, switches } = await breakable();
    await conductor.execute({ flowId: "f", inputs: { a: 1 }, options });
    switches.fails = true;
    expect((await conductor.execute({ flowId: "g", inputs: { a: 1 }, options })).success).toBe(false);
  });

  it("is that of the same flow under any of its three names", async () => {
    const { conductor, switches } = await breakable(() => "kept");
    await conductor.execute({ blueprintId: "f", options });
    switches.fails = true;
    expect((await conductor.execute({ flowId: "f", options })).data).toBe("kept");
  });

  it("does not change with the result that somebody got", async () => {
    const { conductor, switches } = await breakable(() => "kept");
    const good = await conductor.execute({ flowId: "f", options });
    if (good.outputs) good.outputs.n1 = "spoiled";
    switches.fails = true;
    const first = await conductor.execute({ flowId: "f", options });
    if (first.outputs) first.outputs.n1 = "spoiled";
    expect((await conductor.execute({ flowId: "f", options })).outputs).toEqual({ n1: "kept" });
  });

  it("that is not there leaves the failure as it is", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options });
    expect(result).toMatchObject({ success: false, error: "service unavailable", metadata: { error: failed } });
    expect(result.outputs).toBeUndefined();
  });

  it("copes with inputs that lead back to themselves", async () => {
    const { conductor } = await breakable(() => "done");
    const inputs: Record<string, unknown> = { a: 1 };
    inputs.self = inputs;
    expect((await conductor.execute({ flowId: "f", inputs, options })).success).toBe(true);
  });
});

describe("another flow as fallback", () => {
  it("is run with the same inputs", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({
      flowId: "f",
      inputs: { a: 1 },
      options: { fallback: { flowId: "spare" } },
    });
    expect(result).toMatchObject({
      success: true,
      outputs: { "spare-node": { spare: { a: 1 } } },
      data: { spare: { a: 1 } },
      metadata: { flowId: "f", fallbackUsed: "flow", error: failed },
    });
    expect(result.error).toBeUndefined();
  });

  it("that fails as well ends in a failure", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options: { fallback: { flowId: "g" } } });
    expect(result).toMatchObject({ success: false, error: "service unavailable" });
    expect(result.outputs).toBeUndefined();
  });

  it("that is the same flow ends in a failure, not in a circle", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options: { fallback: { flowId: "f" } } });
    expect(result.success).toBe(false);
  });

  it("that does not exist leaves the failure as it is", async () => {
    const { conductor, switches } = await breakable();
    switches.fails = true;
    const result = await conductor.execute({ flowId: "f", options: { fallback: { flowId: "nobody" } } });
    expect(result).toMatchObject({ success: false, metadata: { error: failed } });
  });
});

describe("a request that was cancelled", () => {
  it.each([["cached-data"], [{ flowId: "spare" }], [{ result: 1 }], [7]])("uses no fallback: %j", async (fallback) => {
    let held = false;
    const conductor = await conductorOf({
      flows: [chain(1, "f"), group("spare", [leaf("spare-node")])],
      body: () => (held ? new Promise(() => undefined) : "done"),
    });
    await conductor.execute({ flowId: "f", options: { fallback } });
    held = true;
    const run = conductor.execute({ flowId: "f", options: { fallback }, context: { executionId: "exec_1" as never } });
    await vi.waitFor(async () => expect((await conductor.node.active()).length).toBe(1));
    await conductor.node.cancel("exec_1");
    const result = await run;
    expect(result).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    expect(result.metadata).not.toHaveProperty("fallbackUsed");
    expect(result.outputs).toBeUndefined();
  });
});

describe("the console", () => {
  it("never shows what inputs, outputs and fallbacks hold", async () => {
    const printed = listenToConsole();
    const { conductor, switches } = await breakable(() => "s3cret-output");
    await conductor.execute({ flowId: "f", inputs: { key: "s3cret-input" } });
    switches.fails = true;
    await conductor.execute({ flowId: "f", inputs: { key: "s3cret-input" }, options: { fallback: "cached-data" } });
    await conductor.execute({ flowId: "f", options: { fallback: "s3cret-fallback" } });
    expect(printed.all().join("\n")).not.toContain("s3cret");
    printed.restore();
  });
});
