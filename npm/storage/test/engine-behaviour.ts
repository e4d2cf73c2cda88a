/** What all engines do alike. It needs neither a runner nor Node, so that it can run in a page too. */
import type { ExpectStatic } from "vitest";

import type { StorageEngine, StorageError as StorageErrorClass } from "../src/exports/browser.js";

/** What the behaviour is checked with, and on. */
export interface Bench {
  it: (behaviour: string, check: () => Promise<void>) => void;
  expect: ExpectStatic;
  /** A new and empty engine. */
  create: () => Promise<StorageEngine>;
  StorageError: typeof StorageErrorClass;
}

const flow = { id: "f", name: "My flow", version: "1.2.0", type: "group", nodes: [], edges: [] };

/** Declares every behaviour with `it`. */
export function engineBehaviour({ it, expect, create, StorageError }: Bench): void {
  it("gives back what was saved, as an object of the caller's own", async () => {
    const engine = await create();
    const data = { list: [1, "two", null, true, { three: 3 }] };
    await engine.save("a", data);
    const loaded = await engine.load<typeof data>("a");
    expect(loaded).toEqual(data);
    loaded.list.length = 0;
    expect(await engine.load("a")).toEqual(data);
  });

  it("saves the data as it was when save was called", async () => {
    const engine = await create();
    const data = { x: 1 };
    const saved = engine.save("a", data);
    data.x = 2;
    await saved;
    expect(await engine.load("a")).toEqual({ x: 1 });
  });

  it("stamps flows with the times of their saves and leaves the given object alone", async () => {
    const engine = await create();
    const given = structuredClone(flow);
    const from = new Date().toISOString();
    await engine.save("f", given, { metadata: { author: "me" } });
    expect(given).toEqual(flow);
    const first = await engine.load<{ metadata: Record<string, string> }>("f");
    expect(first.metadata).toMatchObject({ author: "me" });
    expect(first.metadata.created).toBe(first.metadata.updated);
    expect((first.metadata.created as string) >= from).toBe(true);
    await engine.save("f", flow);
    const second = await engine.load<{ metadata: Record<string, string> }>("f");
    expect(second.metadata.created).toBe(first.metadata.created);
    expect((second.metadata.updated as string) >= (first.metadata.updated as string)).toBe(true);
    const created = "2020-01-01T00:00:00.000Z";
    await engine.save("f", { ...flow, metadata: { created, icon: "bolt" } });
    expect((await engine.load<{ metadata: object }>("f")).metadata).toMatchObject({ created, icon: "bolt" });
  });

  it("stamps nothing that is not a flow", async () => {
    const engine = await create();
    for (const data of [{ id: "f", name: "x" }, { id: 1, name: "x", version: "1" }, [flow], "text", null]) {
      await engine.save("a", data, { metadata: { author: "me" } });
      expect(await engine.load("a")).toEqual(data);
    }
  });

  it("lists what is stored, last updated first", async () => {
    const engine = await create();
    const at = (updated: string) => ({ ...flow, description: "does it", metadata: { updated } });
    await engine.save("old", at(""), { metadata: { updated: "2020-01-01T00:00:00.000Z" } });
    await engine.save("new", at(""), {
      metadata: { updated: "2024-01-01T00:00:00.000Z", created: "2019-05-05T00:00:00Z" },
    });
    await engine.save("team/between", at(""), { metadata: { updated: "2022-01-01T00:00:00.000Z" } });
    const items = await engine.list();
    expect(items.map(({ key }) => key)).toEqual(["new", "team/between", "old"]);
    expect(items[0]).toMatchObject({
      key: "new",
      name: "My flow",
      created: "2019-05-05T00:00:00.000Z",
      updated: "2024-01-01T00:00:00.000Z",
      metadata: { version: "1.2.0", description: "does it" },
    });
    expect(items[0]?.size).toBeGreaterThan(50);
    expect((await engine.list("team/")).map(({ key }) => key)).toEqual(["team/between"]);
    expect(await engine.list("nobody")).toEqual([]);
  });

  it("loses no field of a flow, and lists its description and tags", async () => {
    const engine = await create();
    const whole = {
      ...flow,
      description: "does it",
      tags: ["x"],
      metadata: { tags: ["a", "b"], icon: "bolt" },
      variables: { v: 1 },
    };
    await engine.save("f", whole);
    const { metadata, ...rest } = await engine.load<typeof whole>("f");
    expect({ ...rest, metadata: { tags: metadata.tags, icon: metadata.icon } }).toEqual(whole);
    expect((await engine.list())[0]?.metadata).toMatchObject({
      description: "does it",
      tags: ["a", "b"],
      icon: "bolt",
    });
  });

  it("names what has no name after its key", async () => {
    const engine = await create();
    const before = new Date(Date.now() - 2000).toISOString();
    await engine.save("team/numbers", [1, 2]);
    const [item] = await engine.list();
    expect(item).toMatchObject({ key: "team/numbers", name: "numbers", metadata: {} });
    expect((item?.updated as string) > before && (item?.created as string) > before).toBe(true);
  });

  it("tells what exists, and deletes it", async () => {
    const engine = await create();
    await engine.save("a", 1);
    expect([await engine.exists("a"), await engine.exists("b")]).toEqual([true, false]);
    await engine.delete("a");
    expect(await engine.exists("a")).toBe(false);
    expect(await engine.list()).toEqual([]);
  });

  it("answers a load or a delete of nothing with NOT_FOUND", async () => {
    const engine = await create();
    for (const operation of ["load", "delete"] as const) {
      const error = await failureOf(engine[operation]("no/such"));
      expect(error).toBeInstanceOf(StorageError);
      expect(error).toMatchObject({
        name: "StorageError",
        message: "Data not found: no/such",
        code: "NOT_FOUND",
        context: { key: "no/such", operation },
      });
    }
  });

  it("takes dates and undefined as JSON does", async () => {
    const engine = await create();
    await engine.save("a", { at: new Date(0), gone: undefined, list: [undefined, -0] });
    expect(await engine.load("a")).toEqual({ at: "1970-01-01T00:00:00.000Z", list: [null, 0] });
  });

  it("writes out an object that stands in several places", async () => {
    const engine = await create();
    const shared = { deep: [{ x: 1 }] };
    await engine.save("a", { one: shared, two: [shared, { three: shared }] });
    const plain = { deep: [{ x: 1 }] };
    expect(await engine.load("a")).toEqual({ one: plain, two: [plain, { three: plain }] });
    let tall: unknown = shared;
    for (let level = 0; level < 254; level++) tall = [shared, tall];
    expect(await failureOf(engine.save("a", tall))).toMatchObject({ message: expect.stringContaining("256 levels") });
  });

  it("refuses what no file can hold, naming its place", async () => {
    const engine = await create();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle];
    const deep = JSON.parse("[".repeat(300) + "]".repeat(300));
    let wide: unknown = "x";
    for (let level = 0; level < 60; level++) wide = [wide, wide];
    const refused: [unknown, string, string][] = [
      [{ nodes: [{ run: () => 1 }] }, "nodes[0].run", "function"],
      [{ a: { "b c": 1n } }, 'a["b c"]', "bigint"],
      [{ a: Symbol("s") }, "a", "symbol"],
      [cycle, "self[0]", "contains itself"],
      [{ n: [1, Number.NaN] }, "n[1]", "NaN"],
      [{ n: Number.POSITIVE_INFINITY }, "n", "Infinity"],
      [{ m: new Map([[1, 2]]) }, "m", "Map"],
      [{ m: new Set([1]) }, "m", "Set"],
      [{ bytes: new Uint8Array(2) }, "bytes", "Uint8Array"],
      [{ query: new URLSearchParams("a=1") }, "query", "URLSearchParams"],
      [{ headers: new Headers() }, "headers", "Headers"],
      [{ file: new Blob(["x"]) }, "file", "Blob"],
      [{ weak: new WeakMap() }, "weak", "WeakMap"],
      [{ shared: sharedBuffer() }, "shared", "SharedArrayBuffer"],
      [{ big: Object(1n) }, "big", "BigInt"],
      [{ some: (function* () {})() }, "some", "Generator"],
      [{ why: new Error("secret") }, "why", "Error"],
      [JSON.parse('{"a": {"__proto__": {"x": 1}}}'), "a.__proto__", "not allowed"],
      [{ constructor: 1 }, "constructor", "not allowed"],
      [{ half: "\ud800" }, "half", "surrogate"],
      [deep, "[0]", "256 levels"],
      [wide, "[0]", "bytes"],
      [[[], [wide]], "[1][0]", "bytes"],
      [{ long: "x".repeat(9 * 1024 * 1024) }, "long", "bytes"],
      [undefined, "", "undefined"],
      [
        {
          get broken() {
            throw new Error("own fault");
          },
        },
        "",
        "own fault",
      ],
    ];
    await engine.save("a", "before");
    for (const [data, path, reason] of refused) {
      const error = (await failureOf(engine.save("a", data))) as StorageError;
      expect(error.code).toBe("SERIALIZATION_ERROR");
      expect(error.message).toMatch(/^Failed to save data: a: /);
      expect(error.message).toContain(reason);
      expect(error.message).not.toContain("secret");
      if (path !== "") expect(error.context.path).toContain(path);
    }
    expect(await engine.load("a")).toBe("before");
  });

  it("takes the fields of an instance", async () => {
    const engine = await create();
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
    }
    await engine.save("a", [new Point(1, 2), Object.assign(Object.create(null), { z: 3 })]);
    expect(await engine.load("a")).toEqual([{ x: 1, y: 2 }, { z: 3 }]);
  });

  it("refuses options of another kind, and takes null for none", async () => {
    const engine = await create();
    for (const metadata of ["abc", 5, ["a"]]) {
      expect(await failureOf(engine.save("f", flow, { metadata: metadata as never }))).toMatchObject({
        code: "SERIALIZATION_ERROR",
        message: "Failed to save data: f: the metadata must be an object",
      });
    }
    expect(await engine.exists("f")).toBe(false);
    for (const prefix of [5, null, {}]) {
      expect(await failureOf(engine.list(prefix as never))).toMatchObject({
        name: "StorageError",
        code: "UNSUPPORTED_OPERATION",
        context: { operation: "list" },
      });
    }
    await engine.save("f", flow, null as never);
    await engine.save("f", flow, { metadata: null as never });
    expect(await engine.load("f")).toMatchObject(flow);
  });

  it("refuses a key that is not text", async () => {
    const engine = await create();
    expect(await failureOf(engine.save(7 as never, 1))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await failureOf(engine.load(undefined as never))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("has methods that need no object before them", async () => {
    const { save, load, list, exists, delete: remove } = await create();
    await save("a", 1);
    expect([await load("a"), (await list()).length, await exists("a")]).toEqual([1, 1, true]);
    await remove("a");
  });

  it("keeps the saves of one key in the order of the calls", async () => {
    const engine = await create();
    await Promise.all(Array.from({ length: 20 }, (_, turn) => engine.save("a", { turn })));
    expect(await engine.load("a")).toEqual({ turn: 19 });
    await Promise.all([engine.delete("a"), engine.save("a", "again"), engine.save("b", 1), engine.delete("b")]);
    expect((await engine.list()).map(({ key }) => key)).toEqual(["a"]);
    expect(await engine.load("a")).toBe("again");
  });

  it("keeps a value of its own under each key, whatever the text", async () => {
    const engine = await create();
    const keys = [
      "a",
      "A b",
      "a/b",
      "a/b/c",
      "ü",
      "u\u0308",
      "文/流",
      "😀",
      "%41",
      "a:b?*",
      "__proto__",
      "constructor",
      "..",
      ".",
    ];
    for (const key of keys) await engine.save(key, { of: key });
    for (const key of keys) expect(await engine.load(key)).toEqual({ of: key });
    expect((await engine.list()).map(({ key }) => key).sort()).toEqual([...keys].sort());
    for (const key of keys) await engine.delete(key);
    expect(await engine.list()).toEqual([]);
  });
}

/** Pages that are not isolated have no constructor for one. */
function sharedBuffer(): ArrayBufferLike {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("expected a failure");
    },
    (error: unknown) => error,
  );
}
