import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backend } from "../src/engine/backend";
import { analyseFlow } from "../src/engine/flows";
import { byId, chain, conductorOver, conductorWith, type Definition, group, leaf } from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

/** Runs a definition that no typed caller would write, and tells the events that it brought. */
async function ending(definition: unknown, context: Record<string, unknown> = {}, config = {}) {
  const conductor = conductorWith(byId({}), config);
  const events: string[] = [];
  conductor.events.onStarted(() => events.push("started"));
  conductor.events.onCompleted(() => events.push("completed"));
  conductor.events.onError(() => events.push("error"));
  const result = await conductor.node.run(definition, context);
  return { result, events };
}

const refusal = (message = "unreadable") => ({
  get(): never {
    throw new Error(message);
  },
  enumerable: true,
});

/** A leaf whose property throws when it is read. */
const unreadable = (property: string): Definition =>
  Object.defineProperty(leaf("bad") as object, property, refusal()) as Definition;

describe("a node that is no object", () => {
  it.each([null, 5, "x", []])("is one without an id for those who ask for levels: %j", (node) => {
    const flow = { id: "root", type: "group", nodes: [node] } as never;
    expect(() => analyseFlow(flow)).toThrow(expect.objectContaining({ name: "FlowTextError", code: "INVALID_NODE" }));
  });
});

describe("a definition that cannot be read", () => {
  it.each(["type", "parameters", "nodes", "edges"])("fails where its `%s` throws", async (property) => {
    const bad =
      property === "edges"
        ? Object.defineProperty(group("bad", [leaf("x")]), "edges", refusal())
        : unreadable(property);
    const { result, events } = await ending(group("root", [leaf("a"), bad]));
    expect(result.success).toBe(false);
    expect(result.error?.code).toBeDefined();
    expect(events).toEqual(["started", "error"]);
  });

  it("fails where a child's id throws", async () => {
    const { result, events } = await ending(group("root", [leaf("a"), unreadable("id")]));
    expect(result.success).toBe(false);
    expect(events).toEqual(["started", "error"]);
  });

  it("fails where a parameter throws when the node starts", async () => {
    const parameters = Object.defineProperty({}, "x", refusal()) as Record<string, unknown>;
    const { result, events } = await ending(group("root", [leaf("a", { parameters })]));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "a", message: "unreadable" });
    expect(events).toEqual(["started", "error"]);
  });

  it("fails where a type throws only when it is read again", async () => {
    let reads = 0;
    const fickle = Object.defineProperty(leaf("a") as object, "type", {
      get() {
        if (++reads > 1) throw new Error("unreadable");
        return "test";
      },
    });
    const { result, events } = await ending(group("root", [fickle as Definition]));
    expect(result.error).toMatchObject({ nodeId: "a" });
    expect(events).toEqual(["started", "error"]);
  });

  it("is refused where a revoked Proxy stands for a child", async () => {
    const { proxy, revoke } = Proxy.revocable(leaf("a"), {});
    revoke();
    const { result, events } = await ending(group("root", [proxy]));
    expect(result.success).toBe(false);
    expect(events).toEqual(["started", "error"]);
  });
});

describe("a definition of the wrong shape", () => {
  it.each([
    ["null", null, "INVALID_NODE"],
    ["undefined", undefined, "INVALID_NODE"],
    ["a number", 7, "INVALID_NODE"],
    ["a string", "node", "INVALID_NODE"],
    ["an array", [], "INVALID_NODE"],
    ["an object without type", { id: "x" }, "INVALID_NODE"],
    ["a type that is no text", { id: "x", type: 7 }, "TYPE_MISMATCH"],
    ["an id that is no text", { id: 7, type: "test" }, "TYPE_MISMATCH"],
  ])("is refused with %s for a child", async (_, child, code) => {
    const { result, events } = await ending(group("root", [leaf("a"), child as Definition]), {
      debug: { simulateError: { nodeId: "zzz", errorType: "generic" } },
    });
    expect(result.error?.code).toBe(code);
    expect(events).toEqual(["started", "error"]);
  });

  it("is refused where its children have holes", async () => {
    // biome-ignore lint/suspicious/noSparseArray: that is the point
    const { result } = await ending(group("root", [leaf("a"), , leaf("b")] as Definition[]));
    expect(result.error?.code).toBe("INVALID_NODE");
  });

  it("is refused where an edge is null", async () => {
    const { result } = await ending(group("root", [leaf("a")], [null as never]));
    expect(result.success).toBe(false);
  });

  it("runs where `edges` is null and `nodes` of a leaf is text", async () => {
    const odd = { id: "a", type: "test", nodes: "abc" } as unknown as Definition;
    const { result } = await ending({ ...group("root", [odd]), edges: null });
    expect(result).toMatchObject({ success: true, data: "out:a" });
  });

  it("is refused when it contains itself", async () => {
    const self = group("root", [leaf("a")]);
    self.nodes?.push(self);
    const { result, events } = await ending(self);
    expect(result.success).toBe(false);
    expect(events).toEqual(["started", "error"]);
  });

  it("is refused when it contains itself more than once", async () => {
    const self = group("root", []);
    self.nodes?.push(self, self, self);
    const { result, events } = await ending(self);
    expect(result.success).toBe(false);
    expect(events).toEqual(["started", "error"]);
  });

  it("is refused when nodes shared between groups multiply beyond the limit", async () => {
    let inner = group("g0", [leaf("x"), leaf("y")]);
    for (let level = 1; level < 40; level++) inner = group(`g${level}`, [inner, { ...inner, id: `h${level}` }]);
    const { result, events } = await ending(inner);
    expect(result.success).toBe(false);
    expect(events).toEqual(["started", "error"]);
  });

  it("is found invalid in bounded time when values shared in it write out without end", async () => {
    let shared: unknown = ["x", "y"];
    for (let level = 0; level < 40; level++) shared = [shared, shared];
    const conductor = conductorWith() as unknown as {
      node: { validate(node: unknown): Promise<{ errors: string[] }> };
    };
    const { errors } = await conductor.node.validate(leaf("a", { parameters: { shared } }));
    expect(errors).toEqual([expect.stringContaining("more than")]);
  });

  it("runs frozen to the bottom", async () => {
    const definition = chain(3);
    for (const node of definition.nodes ?? []) Object.freeze(node);
    for (const edge of definition.edges ?? []) Object.freeze(edge);
    Object.freeze(definition.nodes);
    Object.freeze(definition.edges);
    const { result } = await ending(Object.freeze(definition));
    expect(result.success).toBe(true);
  });
});

describe("names that objects inherit", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "node and handle `%s`",
    async (name) => {
      const conductor = conductorWith(byId({ z: ({ input }) => Object.getOwnPropertyDescriptor(input, name)?.value }));
      const result = await conductor.node.run(
        group("root", [leaf(name), leaf("z")], [{ id: "e", source: name, target: "z", targetHandle: name }]),
      );
      expect(result.data).toBe(`out:${name}`);
      expect(result.executedNodes).toEqual(["root", name, "z"]);
      expect(Object.getOwnPropertyDescriptor(result.outputs, name)?.value).toBe(`out:${name}`);
      expect(conductor.node.store.getState().nodes.get(name)?.state).toBe("completed");
      expect(Object.getPrototypeOf(result.outputs)).toBe(Object.prototype);
    },
  );

  it.each(["__proto__", "constructor", "toString"])("node type `%s`", async (type) => {
    const conductor = conductorOver({ getNodeExecutable: (given) => ({ execute: () => given }) });
    const result = await conductor.node.run(leaf("a", { type }));
    expect(result.data).toBe(type);
  });

  it.each(["__proto__", "constructor"])("parameter `%s`", async (name) => {
    const conductor = conductorWith((params) => Object.getOwnPropertyDescriptor(params, name)?.value);
    const parameters = JSON.parse(`{ "${name}": { "polluted": true } }`) as Record<string, unknown>;
    const result = await conductor.node.run(leaf("a", { parameters }));
    expect(result.data).toEqual({ polluted: true });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const untouchable = () =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error("get");
      },
      ownKeys: () => {
        throw new Error("ownKeys");
      },
      getPrototypeOf: () => {
        throw new Error("getPrototypeOf");
      },
    },
  );

describe("values that cannot be looked at", () => {
  const ROUTED = Symbol.for("@atomiton/routed");

  it.each([
    ["a Proxy that refuses", untouchable],
    ["a revoked Proxy", revoked],
    ["an object whose `then` throws", () => Object.defineProperty({}, "then", refusal())],
    [
      "handles that cannot be listed",
      () => ({
        [ROUTED]: new Proxy([] as string[], {
          get: (list, key) => {
            if (key === Symbol.iterator || key === "length") throw new Error("no");
            return Reflect.get(list, key);
          },
        }),
      }),
    ],
    ["handles that are no text", () => ({ [ROUTED]: [Symbol("x"), 3, null] })],
  ])("an output: %s", async (_, make) => {
    for (const body of [() => make(), async () => [make()][0]]) {
      const conductor = conductorOver({
        getNodeExecutable: () => ({ execute: (params) => (params.nodeId === "a" ? body() : "z") }),
      });
      const run = conductor.node.run(group("root", [leaf("a"), leaf("z")], [{ id: "e", source: "a", target: "z" }]));
      const result = await run;
      expect(typeof result.success).toBe("boolean");
    }
  });

  it.each([
    ["null", () => null],
    ["undefined", () => undefined],
    ["a symbol", () => Symbol("s")],
    ["a bigint", () => 3n],
    ["a Proxy that refuses", untouchable],
    ["a revoked Proxy", revoked],
    ["an object without prototype", () => Object.create(null)],
    ["an error whose message throws", () => Object.defineProperty(new Error("x"), "message", refusal())],
    ["an error whose stack throws", () => Object.defineProperty(new Error("x"), "stack", refusal())],
  ])("thrown: %s", async (_, make) => {
    for (const body of [
      () => {
        throw make();
      },
      async () => {
        throw make();
      },
    ]) {
      const conductor = conductorOver({ getNodeExecutable: () => ({ execute: body as () => unknown }) });
      const result = await conductor.node.run(group("root", [leaf("a")]));
      expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "a" });
    }
  });

  it("an input handed on by a disabled node", async () => {
    const { result } = await ending(group("root", [leaf("a", { parameters: { enabled: false } })]), {
      input: untouchable(),
    });
    expect(typeof result.success).toBe("boolean");
  });
});

describe("settings of the wrong kind", () => {
  const odd = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -5,
    "fast",
    "",
    null,
    {},
    [],
    10n,
    Symbol("x"),
    true,
  ];

  it.each(odd.map((value) => [typeof value === "symbol" ? "a symbol" : `${typeof value} ${String(value)}`, value]))(
    "%s for slowMo, timeout, retries, concurrency and delays",
    async (_, value) => {
      for (const context of [
        { slowMo: value === true ? 0 : value },
        { debug: value },
        { debug: { simulateError: value, simulateLongRunning: value } },
        { debug: { simulateLongRunning: { nodeId: "a", delayMs: value === true ? 0 : value } } },
        { variables: value },
        { input: value },
        { parentContext: value },
      ]) {
        const { events } = await ending(group("root", [leaf("a")]), context as never, { random: () => 0 });
        expect(events.length).toBe(2);
      }
      for (const name of ["timeout", "maxRetries", "retryDelay", "concurrency", "keepOutputs"]) {
        if (name === "timeout" && value === true) continue;
        const { events } = await ending(group("root", [leaf("a")]), {}, { [name]: value });
        expect(events.length).toBe(2);
      }
      const parameters = { timeout: value, retries: value, retryDelay: value, enabled: value };
      const { events } = await ending(group("root", [leaf("a", { parameters })]));
      expect(events.length).toBe(2);
    },
  );

  it("an execution id that is no text", async () => {
    for (const executionId of [7, Symbol("id"), {}, untouchable()]) {
      const { events } = await ending(group("root", [leaf("a")]), { executionId } as never);
      expect(events[0]).toBe("started");
      expect(events.length).toBe(2);
    }
  });

  it("no context at all", async () => {
    const result = await conductorWith().node.run(leaf("a"), null as never);
    expect(result.success).toBe(true);
  });

  it("random numbers that are none, or throw", async () => {
    const debug = { simulateError: { nodeId: "random", errorType: "generic" } };
    for (const random of [() => Number.NaN, () => 9, () => -1]) {
      const { result } = await ending(chain(3), { debug }, { random });
      expect(result.error?.code).toBe("EXECUTION_FAILED");
    }
    const { events } = await ending(
      chain(3),
      { debug },
      {
        random: () => {
          throw new Error("no luck");
        },
      },
    );
    expect(events).toEqual(["started", "error"]);
  });
});
