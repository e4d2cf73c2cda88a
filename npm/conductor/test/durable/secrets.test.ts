/** Secrets in executions that are kept: what a store is given names them, and a run that goes on has them again. */
import { createConductor } from "@atomiton/conductor/desktop";
import { createMemoryExecutions, type MemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { gate } from "./gate.js";
import { writingsOf, writtenIn } from "./written.js";

const TOKEN = 't0k"én/+&42 x';

type Config = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: executables of every shape.
type Bodies = Record<string, (params: any) => unknown>;

function conductorOn(store: MemoryExecutions, bodies: Bodies, config: Config = {}) {
  const executable = (type: string) => {
    const execute = bodies[type];
    return execute && { effects: type === "write" ? ("writes" as const) : ("none" as const), execute };
  };
  return createConductor({
    transport: "local",
    store,
    nodeExecutorFactory: { getNodeExecutable: executable },
    secrets: (name: string) => (name === "TOKEN" ? TOKEN : undefined),
    ...config,
  } as never);
}

const asks = (id: string, type = "leak") => leaf(id, { type, parameters: { auth: "Bearer ${{ secrets.TOKEN }}" } });

/** Everything in which a node can hide a secret. */
const hidingPlaces = (auth: string) => {
  const secret = auth.slice(7);
  const basic = Buffer.from(`user:${secret}:more`).toString("base64");
  return {
    plain: secret,
    inside: `<${auth}> and ${auth}`,
    url: `https://example.com/?key=${encodeURIComponent(secret)}&q=1`,
    form: new URLSearchParams({ key: secret }).toString(),
    json: JSON.stringify({ auth }),
    basic: `Basic ${basic}`,
    unpadded: basic.replace(/=+$/, ""),
    base64url: Buffer.from(`ab${secret}`).toString("base64url"),
    lower: encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
    [secret]: { [`x-${secret}`]: [secret] },
    bytes: Buffer.from(`bytes ${secret} bytes`),
    view: new TextEncoder().encode(secret),
    map: new Map([[secret, new Set([secret])]]),
    error: Object.assign(new Error(`refused ${secret}`), { header: auth }),
    tagged: { $type: "secret", value: [secret] },
    date: new Date(0),
    none: undefined,
  };
};

/** A flow whose execution is interrupted between its first node and its last, and what the last one gets. */
async function interrupted(body: (auth: string) => unknown, later: Config = {}) {
  const store = createMemoryExecutions();
  const stop = gate();
  const seen: unknown[] = [];
  const bodies = {
    leak: ({ auth }: { auth: string }) => body(auth),
    wait: () => stop.reach(),
    see: ({ input }: { input: { default: unknown } }) => seen.push(input.default),
  };
  const flow = group(
    "f",
    [asks("a"), leaf("w", { type: "wait" }), leaf("b", { type: "see" })],
    [edge("a", "b"), edge("w", "b", { targetHandle: "w" } as never)],
  );
  const first = conductorOn(store, bodies);
  void first.node.run(flow as never, { executionId: "one" });
  await stop.reached;
  await first.shutdown();
  const text = await writtenIn(store);
  store.abandon();
  const shared = createMemoryExecutions({ shared: store });
  const second = conductorOn(shared, { ...bodies, wait: () => 1 }, later);
  return { second, seen, text, shared, recovery: await second.recover() };
}

describe("a secret in what a node returns", () => {
  it("is not in the store, in none of its writings, and comes back when the run goes on", async () => {
    const { seen, text, recovery } = await interrupted(hidingPlaces);
    for (const writing of writingsOf(TOKEN)) expect(text.includes(writing), writing).toBe(false);
    expect(text).toContain("TOKEN");
    const result = await recovery.resumed[0]?.result;
    expect(result?.error).toBeUndefined();
    expect(seen).toEqual([hidingPlaces(`Bearer ${TOKEN}`)]);
  });

  it("is the new one where it was changed since, in every writing of it", async () => {
    const renewed = "another-one, longer than that";
    const { seen, recovery } = await interrupted(hidingPlaces, { secrets: () => renewed });
    await recovery.resumed[0]?.result;
    expect(seen).toEqual([hidingPlaces(`Bearer ${renewed}`)]);
  });

  it.each([
    ["is missing", { secrets: () => undefined }, "`secrets.TOKEN` cannot be read: no secret has this name"],
    ["cannot be asked for", { secrets: undefined }, "`secrets.TOKEN` cannot be read: the conductor has no secrets"],
  ])("blocks an execution where it %s, until it is there again", async (_, later, reason) => {
    const { recovery, shared, second, seen } = await interrupted(hidingPlaces, later);
    expect(recovery.blocked).toEqual([{ executionId: "one", reason: expect.stringContaining(reason) }]);
    expect(await shared.get("one")).toMatchObject({ status: "blocked", reason: expect.stringContaining(reason) });
    await second.shutdown();
    const see = ({ input }: { input: { default: unknown } }) => seen.push(input.default);
    const third = conductorOn(createMemoryExecutions({ shared }), { leak: () => 0, wait: () => 1, see });
    expect((await third.executions.resume("one")).error).toBeUndefined();
    expect(seen).toEqual([hidingPlaces(`Bearer ${TOKEN}`)]);
  });

  it("is shown by its name where an execution is looked back at", async () => {
    const { second, recovery } = await interrupted((auth) => ({ ...hidingPlaces(auth), pin: 1 }));
    await recovery.resumed[0]?.result;
    const value = (await second.executions.value("one", "a")) as Record<string, unknown>;
    expect(value).toMatchObject({
      plain: "${{ secrets.TOKEN }}",
      inside: "<Bearer ${{ secrets.TOKEN }}> and Bearer ${{ secrets.TOKEN }}",
      tagged: { $type: "secret", value: ["${{ secrets.TOKEN }}"] },
    });
    expect(Buffer.from(String(value.basic).slice(6), "base64").toString()).toBe("user:${{ secrets.TOKEN }}:more");
    // The answer to who runs it once more is what it gave.
    const again = await second.node.run(group("f", []) as never, { executionId: "one" });
    expect(again.outputs?.a).toEqual({ ...hidingPlaces(`Bearer ${TOKEN}`), pin: 1 });
  });

  it("is found as a number", async () => {
    const pin = 987654321;
    const bodies = {
      leak: ({ auth }: { auth: string }) => ({ pin: Number(auth.slice(7)), big: BigInt(auth.slice(7)) }),
    };
    const store = createMemoryExecutions();
    const conductor = conductorOn(store, bodies, { secrets: () => String(pin) });
    const flow = group("f", [asks("a")]);
    await conductor.node.run(flow as never, { executionId: "one" });
    expect(await writtenIn(store)).not.toContain(String(pin));
    expect(await conductor.executions.value("one", "a")).toEqual({
      pin: "${{ secrets.TOKEN }}",
      big: "${{ secrets.TOKEN }}",
    });
    const again = await conductor.node.run(flow as never, { executionId: "one" });
    expect(again.data).toEqual({ pin, big: BigInt(pin) });
  });
});

describe("a secret that a run was given", () => {
  const everywhere = (config: Config = {}, secret = TOKEN) => {
    const store = createMemoryExecutions();
    const bodies: Bodies = {
      leak: (params) => {
        params.variables.seen = params.auth;
        params.warn("leak", `warned of ${params.auth}`);
        params.progress(50, `with ${params.auth}`);
        return { auth: params.auth };
      },
      fail: ({ auth }) => {
        throw Object.assign(new Error(`refused ${auth}`, { cause: new Error(auth) }), { auth });
      },
      echo: ({ input }) => input,
      sub: ({ input, auth, runFlow }) => runFlow("inner", { input: { ...input, auth }, variables: {} }),
      see: ({ input }) => input,
    };
    const conductor = conductorOn(store, bodies, { secrets: () => secret, ...config });
    return { store, conductor };
  };
  const failing = { ...asks("fails", "fail"), policy: { continueOnError: true } };
  const loop = {
    id: "loop",
    type: "loop",
    parameters: { loopType: "forEach", array: ["x ${{ secrets.TOKEN }}", "y"] },
    nodes: [leaf("round", { type: "echo" })],
  } as Definition;

  it("is in no input, variable, item, error or warning that is kept, nor in those of flows inside", async () => {
    const { store, conductor } = everywhere();
    await conductor.storage.saveFlow(
      group("inner", [leaf("in", { type: "echo" }), asks("own")], [edge("in", "own")]) as never,
    );
    const flow = group(
      "f",
      [asks("a"), failing, loop, asks("sub", "sub"), leaf("after", { type: "echo" })],
      [edge("a", "loop"), edge("loop", "sub"), edge("sub", "after")],
    );
    const result = await conductor.node.run(
      flow as never,
      {
        executionId: "one",
        input: { planted: `in ${TOKEN}` },
        variables: { planted: TOKEN },
      } as never,
    );
    expect(result.error).toBeUndefined();
    const ids = (await conductor.executions.list()).executions.map(({ id }) => id);
    expect(ids).toHaveLength(2);
    const text = await writtenIn(store);
    const trace = JSON.stringify([await conductor.executions.trace("one"), result.trace, result.warnings]);
    for (const writing of writingsOf(TOKEN)) {
      expect(text.includes(writing), writing).toBe(false);
      expect(trace.includes(writing), writing).toBe(false);
    }
    // What the caller gets is what the flow gave.
    expect(JSON.stringify(result.outputs)).toContain(JSON.stringify(TOKEN).slice(1, -1));
    expect((await conductor.node.run(flow as never, { executionId: "one" })).outputs).toEqual(result.outputs);
  });

  it("of a flow inside is not in what the flow around keeps of it", async () => {
    const { store, conductor } = everywhere();
    await conductor.storage.saveFlow(group("inner", [asks("own")]) as never);
    const flow = group("f", [leaf("sub", { type: "sub" }), leaf("after", { type: "echo" })], [edge("sub", "after")]);
    await conductor.node.run(flow as never, { executionId: "one" });
    const text = await writtenIn(store);
    for (const writing of writingsOf(TOKEN)) expect(text.includes(writing), writing).toBe(false);
  });

  it("is told where it is too short to be found", async () => {
    const { conductor } = everywhere({}, "abc");
    const result = await conductor.node.run(group("f", [asks("a")]) as never, { executionId: "one" });
    expect(result.warnings).toContainEqual(
      expect.objectContaining({ rule: "short-secret", nodeId: "a", message: expect.stringContaining("`TOKEN`") }),
    );
  });
});
