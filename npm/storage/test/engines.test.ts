/** What the engines of Node do alike; IndexedDB is checked for the same in a browser. */
import { describe, expect, it } from "vitest";

import { createFileSystemEngine, createMemoryEngine, type StorageEngine, StorageError } from "../src/exports/index.js";
import { engineBehaviour } from "./engine-behaviour.js";
import { temporaryFolder } from "./folder.js";

const engines: [string, () => Promise<StorageEngine>][] = [
  ["memory", async () => createMemoryEngine()],
  ["file system", async () => createFileSystemEngine({ baseDir: await temporaryFolder() })],
];

describe.each(engines)("the %s engine", (_, create) => {
  engineBehaviour({ it, expect, create, StorageError });
});

describe("the memory engine alone", () => {
  it("begins with the given data as it is", async () => {
    const flow = { id: "f", name: "My flow", version: "1.2.0", type: "group", nodes: [], edges: [] };
    const engine = createMemoryEngine({ initialData: { a: flow, b: [1] } });
    expect(await engine.load("a")).toEqual(flow);
    expect((await engine.list("b"))[0]).toMatchObject({ key: "b", size: 3 });
    expect(await createMemoryEngine({ initialData: new Map([["m", 1]]) }).load("m")).toBe(1);
    expect(engine.getInfo()).toMatchObject({ type: "memory", platform: "desktop", connected: true });
  });

  it("lists by the beginning of keys", async () => {
    const engine = createMemoryEngine({ initialData: { "my-a": 1, "my-b": 2, other: 3 } });
    expect((await engine.list("my-")).map(({ key }) => key).sort()).toEqual(["my-a", "my-b"]);
  });
});
