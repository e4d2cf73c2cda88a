/** What all stores do alike with flows and their versions. It needs neither a runner nor Node, so that it can run in a page too. */
import type { FlowStorage } from "../src/executions/flows/versions.js";
import { begin, checking, type ExecutionBench, finish, type StoreBench } from "./execution-behaviour.js";

/** A flow of one node. */
export function flow(id: string, code = "return 1", more: object = {}) {
  return { id, name: `Flow ${id}`, version: "1.0.0", type: "group", nodes: [{ id: "a", code }], edges: [], ...more };
}

const flowsOf = ({ store }: Pick<StoreBench, "store">): FlowStorage => store.flows as FlowStorage;

/** Checks the behaviour. */
export function flowBehaviour({ it, expect, open }: ExecutionBench): void {
  const check = checking({ it, open });
  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: { code: string; message: string; context: object }) => error,
    );

  check("gives back what was saved, with the times of an engine", async (bench) => {
    const flows = flowsOf(bench);
    const saved = await flows.save("team/a", flow("a", "return 'ä\u{1F600}\0'", { metadata: { tags: ["x"] } }));
    expect(saved).toEqual({
      version: 1,
      savedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const loaded = await flows.load<ReturnType<typeof flow> & { metadata: Record<string, unknown> }>("team/a");
    expect(loaded).toMatchObject(flow("a", "return 'ä\u{1F600}\0'", { metadata: { tags: ["x"] } }));
    expect(loaded.metadata).toMatchObject({ created: saved.savedAt, updated: saved.savedAt });
    expect(await flows.exists("team/a")).toBe(true);
    expect(await flows.exists("team")).toBe(false);
    expect(await failureOf(flows.load("team"))).toMatchObject({ code: "NOT_FOUND", context: { key: "team" } });
    expect(await failureOf(flows.delete("team"))).toMatchObject({ code: "NOT_FOUND" });
  });

  check("takes what is no flow, and refuses what JSON has no word for", async (bench) => {
    const flows = flowsOf(bench);
    await flows.save("list", [1, null, "text"]);
    expect(await flows.load("list")).toEqual([1, null, "text"]);
    expect(await flows.save("list", [1, null, "text"])).toMatchObject({ version: 1 });
    expect(await flows.save("list", [1, [null, "text"]])).toMatchObject({ version: 2 });
    expect(await failureOf(flows.save("list", { f: () => 1 }))).toMatchObject({
      code: "SERIALIZATION_ERROR",
      context: { key: "list", path: "f" },
    });
  });

  check("lists what is there by the beginning of keys, last updated first, with outlines", async (bench) => {
    const flows = flowsOf(bench);
    for (const key of ["team/a", "team/b", "tea", "%_"]) await flows.save(key, flow(key, key));
    expect((await flows.list()).map(({ key }) => key).sort()).toEqual(["%_", "tea", "team/a", "team/b"]);
    expect((await flows.list("team/")).map(({ key }) => key).sort()).toEqual(["team/a", "team/b"]);
    expect(await flows.list("%")).toMatchObject([{ key: "%_", name: "Flow %_", outline: { nodeCount: 1, id: "%_" } }]);
    expect(await flows.list("nothing")).toEqual([]);
  });

  check("makes a version of every save, and none of a save without changes", async (bench) => {
    const flows = flowsOf(bench);
    const first = await flows.save("a", flow("a", "return 1", { savedAt: "2026-01-01T00:00:00.000Z" }));
    const again = await flows.save("a", { ...flow("a"), savedAt: "2026-01-02T00:00:00.000Z", updatedAt: "now" });
    expect(again).toEqual(first);
    expect(await flows.load("a")).toMatchObject({ savedAt: "2026-01-02T00:00:00.000Z" });
    const { edges, nodes, ...rest } = flow("a");
    expect(await flows.save("a", { edges, nodes, ...rest })).toMatchObject({ version: 1 });
    expect(await flows.save("a", flow("a", "return 2"))).toMatchObject({ version: 2 });
    expect(await flows.save("a", flow("a", "return 3", { metadata: { tags: ["x"] } }))).toMatchObject({ version: 3 });
    const { versions, ...page } = await flows.history("a");
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(versions[2]).toEqual(first);
    expect(page).toEqual({});
  });

  check("loads every version, and restores one as a new one", async (bench) => {
    const flows = flowsOf(bench);
    for (const code of ["return 1", "return 2", "return 3"]) await flows.save("a", flow("a", code));
    expect(await flows.load("a", 1)).toMatchObject({ nodes: [{ code: "return 1" }] });
    expect(await flows.find("a", 2)).toMatchObject({ version: 2, value: { nodes: [{ code: "return 2" }] } });
    expect(await flows.find("a")).toMatchObject({ version: 3, value: { nodes: [{ code: "return 3" }] } });
    expect(await failureOf(flows.load("a", 4))).toMatchObject({ code: "NOT_FOUND", message: "Version 4 not found: a" });
    const restored = await flows.restore("a", 1);
    expect(restored.version).toBe(4);
    expect(await flows.load("a")).toMatchObject({ nodes: [{ code: "return 1" }] });
    const { versions } = await flows.history("a");
    expect(versions.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect(versions[3]?.hash).toBe(restored.hash);
    expect(await flows.restore("a", 1)).toEqual(restored);
    expect(await failureOf(flows.restore("a", 9))).toMatchObject({ code: "NOT_FOUND" });
  });

  check("refuses a save on top of another version than the current one, and names both", async (bench) => {
    const flows = flowsOf(bench);
    expect(await flows.save("a", flow("a", "mine"), { ifVersion: 0 })).toMatchObject({ version: 1 });
    expect(await flows.save("a", flow("a", "next"), { ifVersion: 1 })).toMatchObject({ version: 2 });
    const before = await flows.find("a");
    for (const ifVersion of [0, 1, 3]) {
      const failure = await failureOf(flows.save("a", flow("a", "late"), { ifVersion }));
      expect(failure).toMatchObject({ code: "VERSION_CONFLICT", context: { key: "a", operation: "save" } });
      expect(failure?.message).toContain(ifVersion === 0 ? "as a new one" : `version ${ifVersion}`);
      expect(failure?.message).toContain("version is 2 now");
      expect(failure?.message).toContain("ifVersion: 2");
    }
    expect(await flows.find("a")).toEqual(before);
    expect(await failureOf(flows.restore("a", 1, { ifVersion: 1 }))).toMatchObject({ code: "VERSION_CONFLICT" });
    expect((await failureOf(flows.save("b", flow("b"), { ifVersion: 1 })))?.message).toContain("ifVersion: 0");
    expect(await flows.exists("b")).toBe(false);
    expect(await failureOf(flows.history("b"))).toMatchObject({ code: "NOT_FOUND" });
  });

  check("takes a save again whose answer was lost", async (bench) => {
    const flows = flowsOf(bench);
    await flows.save("a", flow("a", "1"));
    const saved = await flows.save("a", flow("a", "2"), { ifVersion: 1 });
    expect(await flows.save("a", flow("a", "2"), { ifVersion: 1 })).toEqual(saved);
    await flows.save("a", flow("a", "3"));
    expect(await failureOf(flows.save("a", flow("a", "2"), { ifVersion: 1 }))).toMatchObject({
      code: "VERSION_CONFLICT",
    });
  });

  check("lets one of many win that save on top of the same version", async (bench) => {
    const both = [flowsOf(bench), flowsOf({ store: await bench.another() })] as const;
    for (let version = 0; version < 5; version++) {
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          (both[index % 2] as FlowStorage).save("a", flow("a", `${version} by ${index}`), { ifVersion: version }).then(
            () => index,
            (error: { code: string }) => error.code,
          ),
        ),
      );
      const won = outcomes.filter((outcome) => typeof outcome === "number");
      expect(won.length).toBe(1);
      expect(outcomes.filter((outcome) => outcome === "VERSION_CONFLICT").length).toBe(5);
      expect(await both[0].find("a")).toMatchObject({
        version: version + 1,
        value: { nodes: [{ code: `${version} by ${won[0]}` }] },
      });
    }
  });

  check("keeps all of saves that name no version", async (bench) => {
    const both = [flowsOf(bench), flowsOf({ store: await bench.another() })] as const;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => (both[index % 2] as FlowStorage).save("a", flow("a", `${index}`))),
    );
    const { versions } = await both[1].history("a");
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index));
    expect(new Set(versions.map(({ hash }) => hash)).size).toBe(20);
  });

  check("keeps the history of a deleted flow, from which it is restored", async (bench) => {
    const flows = flowsOf(bench);
    await flows.save("a", flow("a", "1"));
    await flows.save("a", flow("a", "2"));
    await flows.delete("a");
    expect(await flows.exists("a")).toBe(false);
    expect(await flows.list()).toEqual([]);
    expect(await flows.find("a")).toBeUndefined();
    expect(await failureOf(flows.load("a"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await failureOf(flows.delete("a"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await flows.load("a", 2)).toMatchObject({ nodes: [{ code: "2" }] });
    expect(await flows.history("a")).toMatchObject({
      versions: [{ version: 2 }, { version: 1 }],
      deletedAt: expect.stringMatching(/Z$/),
    });
    expect(await failureOf(flows.save("a", flow("a"), { ifVersion: 2 }))).toMatchObject({ code: "VERSION_CONFLICT" });
    expect(await flows.restore("a", 1, { ifVersion: 0 })).toMatchObject({ version: 3 });
    expect(await flows.load("a")).toMatchObject({ nodes: [{ code: "1" }] });
    expect(await flows.history("a")).not.toHaveProperty("deletedAt");
    expect((await flows.list()).map(({ key }) => key)).toEqual(["a"]);
  });

  check("gives histories in pages", async (bench) => {
    const flows = flowsOf(bench);
    for (let index = 1; index <= 5; index++) await flows.save("a", flow("a", `${index}`));
    const numbers = async (options: object) => {
      const { versions, next } = await flows.history("a", options);
      return [versions.map(({ version }) => version), next];
    };
    expect(await numbers({ limit: 2 })).toEqual([[5, 4], 4]);
    expect(await numbers({ limit: 2, before: 4 })).toEqual([[3, 2], 2]);
    expect(await numbers({ limit: 2, before: 2 })).toEqual([[1], undefined]);
    expect(await numbers({ before: 1 })).toEqual([[], undefined]);
  });

  check("prunes versions that are superseded, and deleted flows", async (bench) => {
    const flows = flowsOf(bench);
    for (let index = 1; index <= 5; index++) await flows.save("a", flow("a", `${index}`));
    await flows.save("b", flow("b", "1"));
    await flows.save("gone", flow("gone", "1"));
    await flows.delete("gone");
    expect(await flows.prune({})).toBe(0);
    expect(await flows.prune({ deletedBefore: 0 })).toBe(0);
    expect(await flows.prune({ keepVersions: 2 })).toBe(3);
    expect((await flows.history("a")).versions.map(({ version }) => version)).toEqual([5, 4]);
    expect(await failureOf(flows.load("a", 1))).toMatchObject({ code: "NOT_FOUND" });
    expect(await flows.load("gone", 1)).toBeDefined();
    expect(await flows.prune({ deletedBefore: Date.now() + 1000 })).toBe(1);
    expect(await failureOf(flows.history("gone"))).toMatchObject({ code: "NOT_FOUND" });
    expect(await flows.load("b")).toMatchObject({ nodes: [{ code: "1" }] });
    expect(await flows.save("a", flow("a", "6"))).toMatchObject({ version: 6 });
  });

  check("prunes more than one step of versions", async (bench) => {
    const flows = flowsOf(bench);
    for (let index = 0; index < 230; index++) await flows.save("a", flow("a", `${index}`));
    expect(await flows.prune({ keepVersions: 1 })).toBe(229);
    expect((await flows.history("a")).versions.map(({ version }) => version)).toEqual([230]);
  });

  check("shares documents with executions, and deletes none that the other needs", async (bench) => {
    const { store } = bench;
    const flows = flowsOf(bench);
    await flows.save("a", flow("a", "1"));
    const document = JSON.stringify(await flows.load("a"));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(document));
    const documentHash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await store.write([begin("one", { document, documentHash }), finish("one")]);
    await store.write([begin("two", { document, documentHash }), finish("two")]);
    await store.delete(["one"]);
    expect(await flows.load("a")).toMatchObject({ nodes: [{ code: "1" }] });
    await flows.delete("a");
    await flows.prune({ deletedBefore: Date.now() + 1000 });
    expect(await store.begun("two")).toMatchObject({ document });
    await flows.save("a", JSON.parse(document));
    await store.delete(["two"]);
    expect(await flows.load("a")).toMatchObject({ nodes: [{ code: "1" }] });
  });

  check("is there for other owners, after a crash too", async (bench) => {
    const other = await bench.another();
    await flowsOf(bench).save("a", flow("a"));
    await bench.crash(bench.store);
    expect(await flowsOf({ store: other }).find("a")).toMatchObject({ version: 1 });
    expect(await flowsOf({ store: other }).save("a", flow("a", "2"), { ifVersion: 1 })).toMatchObject({ version: 2 });
  });

  check("says what keys and options may be", async (bench) => {
    const flows = flowsOf(bench);
    for (const key of ["a\0b", "\ud800", "ä".repeat(1001), 7 as unknown as string]) {
      expect(await failureOf(flows.save(key, flow("a")))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
      expect(await flows.exists(key)).toBe(false);
      expect(await failureOf(flows.load(key))).toMatchObject({ code: "NOT_FOUND" });
    }
    expect(await flows.save("ä".repeat(1000), flow("a"))).toMatchObject({ version: 1 });
    for (const ifVersion of [-1, 1.5, "1"] as number[]) {
      const failure = await failureOf(flows.save("a", flow("a"), { ifVersion }));
      expect(failure).toMatchObject({ code: "UNSUPPORTED_OPERATION", message: expect.stringContaining("`ifVersion`") });
    }
    expect(await failureOf(flows.load("a", 0))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await failureOf(flows.history("a", { limit: 0 }))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await failureOf(flows.prune({ keepVersions: 0 }))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  });

  check("is refused once the store is closed", async ({ store }) => {
    await store.close();
    for (const call of [store.flows?.save("a", flow("a")), store.flows?.list(), store.flows?.load("a")]) {
      expect(await failureOf(call as Promise<unknown>)).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    }
  });
}
