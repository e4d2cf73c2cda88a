import { describe, expect, it } from "vitest";
import { chain, conductorWith, type Definition, edge, group, leaf, nested, type Params } from "./flows";

const seven = ["nodeId", "executionId", "variables", "input", "parentContext", "slowMo", "debug"].sort();

const extras = ["signal", "attempt", "idempotencyKey", "progress", "warn", "log"] as const;

/** Runs a node and keeps what each executable received, by node id. */
async function received(definition: Definition, context: Record<string, unknown> = {}) {
  const params: Record<string, Params> = {};
  const conductor = conductorWith((each) => {
    params[(context.as as string) ?? each.nodeId] = each;
    return `out:${each.nodeId}`;
  });
  const result = await conductor.node.run(definition, context);
  return { params, result };
}

const only = async (definition: Definition, context: Record<string, unknown> = {}) =>
  (await received(definition, { ...context, as: "it" })).params.it as Params;

describe("the object that an executable receives", () => {
  it("has seven keys of its own, then the parameters", async () => {
    const params = await only(leaf("a", { parameters: { url: "x", method: "GET" } }));
    const keys = Object.keys(params);
    expect(keys.slice(0, 7).sort()).toEqual(seven);
    expect(keys.slice(7)).toEqual(["url", "method"]);
    expect(Reflect.ownKeys(params)).toEqual(keys);
  });

  it("has exactly the seven when there are no parameters", async () => {
    for (const params of [
      await only(leaf("a")),
      await only(leaf("a", { parameters: {} })),
      await only(group("root", [leaf("a")])),
    ]) {
      expect(Object.keys(params).sort()).toEqual(seven);
    }
  });

  it("holds what the caller gave", async () => {
    const context = {
      executionId: "exec_1",
      variables: { v: 1 },
      input: { i: 1 },
      parentContext: { nodeId: "up" },
    };
    const params = await only(leaf("a"), context);
    expect(params).toMatchObject({ nodeId: "a", executionId: "exec_1" });
    expect(params.variables).toBe(context.variables);
    expect(params.input).toBe(context.input);
    expect(params.parentContext).toBe(context.parentContext);
  });

  it("lets parameters win over the context", async () => {
    const parameters = { input: "mine", nodeId: "mine", variables: "mine", slowMo: 7 };
    const params = await only(leaf("a", { parameters }), { input: { i: 1 } });
    expect(params).toMatchObject(parameters);
    expect(Object.keys(params).sort()).toEqual(seven);
  });

  it("passes parameter values on as they are", async () => {
    const headers = { accept: "*/*" };
    expect((await only(leaf("a", { parameters: { headers } }))).headers).toBe(headers);
  });

  it("can be copied without its extras", async () => {
    const params = await only(leaf("a", { parameters: { p: 1 } }));
    expect(Object.keys({ ...params }).sort()).toEqual([...seven, "p"].sort());
    expect(() => JSON.stringify(params)).not.toThrow();
  });
});

describe("the extras of an executable", () => {
  it("are getters behind the object, not keys of it", async () => {
    const params = await only(leaf("a"));
    for (const name of extras) {
      expect(Object.hasOwn(params, name), name).toBe(false);
      expect(name in params, name).toBe(true);
      let owner: object | null = Object.getPrototypeOf(params);
      while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
      expect(typeof Object.getOwnPropertyDescriptor(owner, name)?.get, name).toBe("function");
    }
  });

  it("stay out of sight after use", async () => {
    const params = await only(leaf("a"));
    for (const name of extras) void params[name];
    expect(Object.keys(params).sort()).toEqual(seven);
  });

  it.each(extras)("give way to a parameter named %s", async (name) => {
    const params = await only(leaf("a", { parameters: { [name]: "mine" } }));
    expect(params[name]).toBe("mine");
    expect(Object.hasOwn(params, name)).toBe(true);
  });

  it("are a signal, a number, a key and two functions", async () => {
    const params = await only(leaf("a"));
    expect(params.signal).toBeInstanceOf(AbortSignal);
    expect(params.signal).toBe(params.signal);
    expect(params.signal.aborted).toBe(false);
    expect(typeof params.attempt).toBe("number");
    expect(params.idempotencyKey).toMatch(/\S/);
    expect(typeof params.progress).toBe("function");
    expect(typeof params.log).toBe("function");
  });

  it("can be taken out of the object", async () => {
    const conductor = conductorWith(({ progress, log, signal, attempt }) => {
      progress(50, "half way");
      log("a word");
      return [signal.aborted, typeof attempt];
    });
    expect((await conductor.node.run(leaf("a"))).data).toEqual([false, "number"]);
  });

  it("do not abort the signal of a node that has finished", async () => {
    const { params } = await received(chain(2));
    expect(params.n1?.signal.aborted).toBe(false);
  });
});

describe("the key for effects that must happen once", () => {
  it("differs from node to node and from run to run", async () => {
    const first = await received(nested(), { executionId: "exec_1" });
    const second = await received(nested(), { executionId: "exec_2" });
    const keys = [first, second].flatMap(({ params }) =>
      Object.values(params).map(({ idempotencyKey }) => idempotencyKey),
    );
    expect(new Set(keys).size).toBe(8);
  });

  it("is found again when the same run is repeated", async () => {
    const keys = async () =>
      Object.entries((await received(nested(), { executionId: "exec_1" })).params).map(([id, { idempotencyKey }]) => [
        id,
        idempotencyKey,
      ]);
    expect(await keys()).toEqual(await keys());
  });
});

describe("the context of a child", () => {
  it("has an execution id of its own", async () => {
    const { params, result } = await received(nested(), { executionId: "exec_1" });
    const ids = Object.values(params).map(({ executionId }) => executionId);
    expect(ids).toHaveLength(4);
    expect(new Set([...ids, result.context.executionId]).size).toBe(5);
    for (const id of ids) expect(id).toMatch(/\S/);
  });

  it("has an execution id that follows from the run's", async () => {
    const ids = async (executionId: string) =>
      Object.entries((await received(nested(), { executionId })).params).map(([id, { executionId }]) => [
        id,
        executionId,
      ]);
    expect(await ids("exec_1")).toEqual(await ids("exec_1"));
    const shared = new Map((await ids("exec_1")) as [string, string][]);
    for (const [id, executionId] of await ids("exec_2")) {
      expect(executionId).not.toBe(shared.get(id as string));
    }
  });

  it("shares the variables of the run", async () => {
    const variables = { v: 1 };
    const { params } = await received(nested(), { variables });
    for (const each of Object.values(params)) expect(each.variables).toBe(variables);
  });

  it("shares one empty set of variables when the caller gave none", async () => {
    const { params, result } = await received(nested());
    for (const each of Object.values(params)) expect(each.variables).toBe(result.context.variables);
  });

  it("lets nodes write variables for later ones", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(({ nodeId, variables }) => {
      seen.push(variables.last);
      variables.last = nodeId;
    });
    await conductor.node.run(chain(3));
    expect(seen).toEqual([undefined, "n1", "n2"]);
  });

  it("shares slow motion and debug settings", async () => {
    const debug = { simulateLongRunning: { nodeId: "nobody", delayMs: 1 } };
    const { params } = await received(chain(2), { slowMo: 0, debug });
    for (const each of Object.values(params)) expect(each).toMatchObject({ slowMo: 0, debug });
  });

  it("leads up to the context of its group, and from there to the run's", async () => {
    const { params, result } = await received(nested(), { executionId: "exec_1" });
    expect(params.a?.parentContext).toEqual(result.context);
    expect(params.a?.parentContext).toBe(params.z?.parentContext);
    const inner = params.c1?.parentContext;
    expect(inner.nodeId).toBe("inner");
    expect(Object.keys(inner).sort()).toEqual(seven);
    expect(inner.input).toEqual({ default: "out:a" });
    expect(params.c2?.parentContext).toBe(inner);
    expect(inner.parentContext).toBe(params.a?.parentContext);
    expect(inner.executionId).not.toBe("exec_1");
  });

  it("does not depend on whether an edge leads to it", async () => {
    const { params } = await received(group("root", [leaf("a"), leaf("b")], [edge("a", "b")]));
    expect(Object.keys(params.a as Params)).toEqual(Object.keys(params.b as Params));
  });
});
