import { describe, expect, it } from "vitest";

import { createMemoryExecutions, type MemoryExecutions, type StoredExecution } from "../src/exports/index.js";
import { append, begin, bytes } from "./execution-behaviour.js";
import { testExecutionStore } from "./execution-stores.js";

testExecutionStore("memory", async () => {
  const store = createMemoryExecutions();
  return {
    store,
    another: async () => createMemoryExecutions({ shared: store }),
    crash: async (crashed) => (crashed as MemoryExecutions).abandon(),
  };
});

describe("the memory store alone", () => {
  it("keeps what it was given apart from what callers hold", async () => {
    const store = createMemoryExecutions();
    const head = bytes(3);
    await store.write([begin("e", { head, tags: ["a"] }), append("e", 1, 1)]);
    head.fill(9);
    const row = (await store.get("e")) as StoredExecution;
    (row.tags as string[]).push("b");
    (await store.records("e"))[0]?.journal.fill(9);
    expect(await store.begun("e")).toMatchObject({ head: bytes(3) });
    expect(await store.get("e")).toMatchObject({ tags: ["a"] });
    expect((await store.records("e"))[0]?.journal).toEqual(bytes(2, 1));
  });

  it("refuses an abandoned owner once another has claimed", async () => {
    const store = createMemoryExecutions();
    const other = createMemoryExecutions({ shared: store });
    await store.write([begin("e")]);
    store.abandon();
    expect(await store.write([append("e", 1, 1)])).toEqual([]);
    expect(await other.claim("e")).toMatchObject({ epoch: 2, sequence: 1 });
    expect(await store.write([append("e", 1, 2)])).toEqual([{ id: "e", reason: "stale" }]);
  });

  it("shares nothing unless told to", async () => {
    const store = createMemoryExecutions();
    await store.write([begin("e")]);
    expect(await createMemoryExecutions().get("e")).toBeUndefined();
  });
});
