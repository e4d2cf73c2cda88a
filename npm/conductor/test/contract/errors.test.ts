import { describe, expect, it } from "vitest";
import { byId, chain, conductorOver, conductorWith, group, leaf, nested, type Params, turns, watch } from "./flows";

const throwing = (value: unknown) =>
  conductorWith(() => {
    throw value;
  });

const returning = (value: unknown) => conductorOver({ getNodeExecutable: () => ({ execute: () => value }) });

const brokenProxy = () =>
  new Proxy(() => undefined, {
    get() {
      throw new Error("trap");
    },
    getPrototypeOf() {
      throw new Error("trap");
    },
    has() {
      throw new Error("trap");
    },
    ownKeys() {
      throw new Error("trap");
    },
    getOwnPropertyDescriptor() {
      throw new Error("trap");
    },
  });

describe("the error of a failed node", () => {
  it("says what, where, when and in which run", async () => {
    const boom = new Error("boom");
    const before = Date.now();
    const { error } = await throwing(boom).node.run(leaf("a"), { executionId: "exec_1" });
    expect(error).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "boom",
      nodeId: "a",
      executionId: "exec_1",
      stack: boom.stack,
    });
    expect(error?.timestamp).toBeInstanceOf(Date);
    expect(error?.timestamp.getTime()).toBeGreaterThanOrEqual(before);
    expect(error?.cause).toBe(boom);
  });

  it("names the failing leaf and the run when the leaf is deep inside a flow", async () => {
    const conductor = conductorWith(
      byId({
        c2: () => {
          throw new Error("deep");
        },
      }),
    );
    const { error } = await conductor.node.run(nested(), { executionId: "exec_1" });
    expect(error).toMatchObject({ message: "deep", nodeId: "c2", executionId: "exec_1" });
  });

  it("does not take over a code that the thrown error happens to have", async () => {
    const { error } = await throwing(Object.assign(new Error("no file"), { code: "ENOENT" })).node.run(leaf("a"));
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", message: "no file" });
  });

  it("comes with advice on recovery", async () => {
    const { error } = await throwing(new Error("boom")).node.run(leaf("a"));
    expect(error?.recovery).toMatchObject({ retryable: true });
    expect(error?.recovery?.suggestions?.length).toBeGreaterThan(0);
  });

  it("comes with the advice that the thrown error brings itself", async () => {
    const advice = ["Correct the path."];
    const own = Object.assign(new Error("no file"), { [Symbol.for("@atomiton/error-advice")]: advice });
    const { error } = await throwing(own).node.run(leaf("a"));
    expect(error?.recovery).toMatchObject({ retryable: true, suggestions: advice });
    const wrong = Object.assign(new Error("no file"), { [Symbol.for("@atomiton/error-advice")]: [1] });
    expect((await throwing(wrong).node.run(leaf("a"))).error?.recovery?.suggestions?.[0]).toContain("Look at");
  });

  it("advises against a retry where a retry cannot help", async () => {
    const conductor = conductorOver({ getNodeExecutable: () => undefined });
    const { error } = await conductor.node.run(leaf("a"));
    expect(error?.recovery).toMatchObject({ retryable: false });
  });

  it("is shown on its node in the store", async () => {
    const conductor = conductorWith(
      byId({
        n2: () => {
          throw new Error("boom");
        },
      }),
    );
    const { error } = await conductor.node.run(chain(3));
    expect(error).toMatchObject({ message: "boom", nodeId: "n2" });
    expect(conductor.node.store.getState().nodes.get("n2")).toMatchObject({
      state: "error",
      error: "boom",
    });
  });
});

describe("a thrown value that is no error", () => {
  it.each([
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["a string", "plain words", "plain words"],
    ["a number", 404, "404"],
    ["a big integer", 10n, "10"],
    ["a symbol", Symbol("mark"), "Symbol(mark)"],
    ["an object", { a: 1 }, "[object Object]"],
    ["an object with a text of its own", { toString: () => "my text" }, "my text"],
  ])("is reported by its text: %s", async (_name, value, message) => {
    const { success, error } = await throwing(value).node.run(leaf("a"));
    expect(success).toBe(false);
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", message, nodeId: "a" });
    expect(error?.stack).toBeUndefined();
  });

  it.each([
    ["an object without prototype", () => Object.create(null)],
    ["a proxy that breaks whatever touches it", brokenProxy],
    [
      "an object whose text throws",
      () => ({
        toString() {
          throw new Error("no text");
        },
      }),
    ],
    [
      "an error whose message throws",
      () =>
        Object.defineProperty(new Error("x"), "message", {
          get() {
            throw new Error("no message");
          },
        }),
    ],
    [
      "an error whose stack throws",
      () =>
        Object.defineProperty(new Error("x"), "stack", {
          get() {
            throw new Error("no stack");
          },
        }),
    ],
    ["an error without a message", () => new Error("")],
  ])("fails the node and nothing else: %s", async (_name, make) => {
    const { success, error } = await throwing(make()).node.run(leaf("a"));
    expect(success).toBe(false);
    expect(error?.code).toBe("EXECUTION_FAILED");
    expect(typeof error?.message).toBe("string");
  });

  it("is kept as the cause", async () => {
    const value = { reason: "custom" };
    expect((await throwing(value).node.run(leaf("a"))).error?.cause).toBe(value);
  });

  it("may be an error with a cause that leads back to itself", async () => {
    const loop = new Error("loop");
    loop.cause = loop;
    expect((await throwing(loop).node.run(leaf("a"))).error).toMatchObject({ message: "loop" });
  });
});

describe("an executable that answers in an odd way", () => {
  it("may throw before it returns", async () => {
    const conductor = conductorOver({
      getNodeExecutable: () => ({
        execute() {
          throw new Error("at once");
        },
      }),
    });
    expect((await conductor.node.run(leaf("a"))).error).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "at once",
    });
  });

  it("may return something that can be awaited", async () => {
    const result = await returning({ then: (resolve: (value: number) => void) => resolve(5) }).node.run(leaf("a"));
    expect(result.data).toBe(5);
  });

  it("may return a thenable that rejects", async () => {
    const result = await returning({
      then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error("later")),
    }).node.run(leaf("a"));
    expect(result.error).toMatchObject({ message: "later" });
  });

  it("is believed only once when a thenable answers twice", async () => {
    const result = await returning({
      then(resolve: (value: number) => void, reject: (reason: unknown) => void) {
        resolve(1);
        resolve(2);
        reject(new Error("third"));
        throw new Error("fourth");
      },
    }).node.run(leaf("a"));
    expect(result).toMatchObject({ success: true, data: 1 });
  });

  it("fails when looking for its `then` throws", async () => {
    const answer = Object.defineProperty({}, "then", {
      get() {
        throw new Error("no then");
      },
    });
    const result = await returning(answer).node.run(leaf("a"));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", message: "no then" });
  });

  it("may return any value, which arrives untouched", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const value of [null, 0, "", false, 10n, Symbol("s"), () => 1, cyclic, brokenValue()]) {
      const result = await conductorOver({
        getNodeExecutable: () => ({ execute: () => [value] }),
      }).node.run(leaf("a"));
      expect(result.success).toBe(true);
      expect(result.data[0] === value).toBe(true);
    }
  });

  it("may never answer without holding up another run", async () => {
    const conductor = conductorWith(byId({ stuck: () => new Promise(() => undefined), free: () => "done" }));
    const stuck = watch(conductor.node.run(leaf("stuck")));
    expect((await conductor.node.run(leaf("free"))).data).toBe("done");
    await turns();
    expect(stuck.settled).toBe(false);
  });

  it("may change what it received without harm to the next node", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(
      byId({
        n1: (params) => {
          for (const key of Object.keys(params)) delete params[key];
          Object.setPrototypeOf(params, null);
          return 1;
        },
        n2: (params: Params) => {
          seen.push(params.nodeId, params.input);
          return 2;
        },
      }),
    );
    expect(await conductor.node.run(chain(2))).toMatchObject({ success: true, data: 2 });
    expect(seen).toEqual(["n2", { default: 1 }]);
  });

  it("may freeze what it received", async () => {
    const conductor = conductorWith((params) => {
      Object.freeze(params);
      return params.signal.aborted;
    });
    expect(await conductor.node.run(leaf("a"))).toMatchObject({ success: true, data: false });
  });

  it("may have no `execute` at all", async () => {
    const conductor = conductorOver({ getNodeExecutable: () => ({}) as never });
    const result = await conductor.node.run(group("root", [leaf("a")]));
    expect(result).toMatchObject({ success: false, error: { nodeId: "a" } });
  });
});

function brokenValue(): unknown {
  return new Proxy(
    {},
    {
      get() {
        throw new Error("trap");
      },
    },
  );
}
