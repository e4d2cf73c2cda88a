/** What all stores do alike with entries in collections. It needs neither a runner nor Node, so that it can run in a page too. */
import type { EntryChange, EntryStorage } from "../src/executions/entries.js";
import type { ExecutionStore } from "../src/executions/store.js";
import { checking, type ExecutionBench } from "./execution-behaviour.js";

/** A change that keeps a content, whose hash is made of it. */
export function kept(id: string, content: string, ifHash?: string): EntryChange {
  return { id, entry: { hash: `hash of ${content}`, content }, ...(ifHash !== undefined && { ifHash }) };
}

/** Declares every behaviour with `it`. */
export function entryBehaviour({ it, expect, open }: ExecutionBench): void {
  const check = checking({ it, open });
  const of = (store: ExecutionStore, collection = "states") => store.entries?.(collection) as EntryStorage;
  const contents = async (entries: EntryStorage) => {
    const ids = (await entries.ids()).sort();
    return Promise.all(ids.map(async (id) => [id, (await entries.get(id))?.content]));
  };

  check("keeps texts of any content by any id, for other owners as well", async ({ store, another }) => {
    const entries = of(store);
    expect([await entries.ids(), await entries.get("a")]).toEqual([[], undefined]);
    const odd = 'a"quoted"\n\u0001ä𝄞\\u0000 {"json": [1]}';
    const long = "x".repeat(3 << 20);
    expect(await entries.write([kept("a/b ä", odd), kept("b", long), kept("", "")])).toEqual([]);
    const others = of(await another());
    expect(await contents(others)).toEqual([
      ["", ""],
      ["a/b ä", odd],
      ["b", long],
    ]);
    expect(await others.get("a/b ä")).toEqual({ hash: `hash of ${odd}`, content: odd });
  });

  check("replaces and deletes what a change names, and refuses it where another entry is there", async ({ store }) => {
    const entries = of(store);
    expect(await entries.write([kept("a", "1", ""), kept("b", "1", "")])).toEqual([]);
    const changes = [
      kept("a", "2", "hash of 1"),
      kept("b", "2", ""),
      kept("c", "2", "hash of 1"),
      kept("d", "2"),
      { id: "e", ifHash: "hash of 1" },
    ];
    expect(await entries.write(changes)).toEqual(["b", "c"]);
    expect(await contents(entries)).toEqual([
      ["a", "2"],
      ["b", "1"],
      ["d", "2"],
    ]);
    const removals = [
      { id: "a", ifHash: "hash of 1" },
      { id: "b", ifHash: "" },
      { id: "d", ifHash: "hash of 2" },
    ];
    expect(await entries.write(removals)).toEqual(["a", "b"]);
    expect(await entries.write([{ id: "a" }, kept("b", "3")])).toEqual([]);
    expect(await contents(entries)).toEqual([["b", "3"]]);
  });

  check("does not refuse a change that is written already", async ({ store }) => {
    const entries = of(store);
    for (const before of ["", "hash of 0"]) {
      await entries.write([kept("a", "1")]);
      expect(await entries.write([kept("a", "1", before)])).toEqual([]);
    }
    expect(await contents(entries)).toEqual([["a", "1"]]);
    await entries.write([{ id: "a" }]);
    expect(await entries.write([{ id: "a", ifHash: "hash of 1" }])).toEqual([]);
  });

  check("makes changes of the same entry in their order", async ({ store }) => {
    const entries = of(store);
    const changes = [
      kept("a", "1", ""),
      kept("a", "2", "hash of 1"),
      { id: "a", ifHash: "hash of 2" },
      kept("a", "3", ""),
    ];
    expect(await entries.write(changes)).toEqual([]);
    expect(await contents(entries)).toEqual([["a", "3"]]);
  });

  check("lets exactly one of two owners replace an entry", async ({ store, another }) => {
    const both = [of(store), of(await another())];
    let before = "";
    for (let round = 0; round < 10; round++) {
      const refused = await Promise.all(
        both.map((entries, owner) => entries.write([kept("a", `${round} ${owner}`, before)])),
      );
      expect(refused.flat()).toEqual(["a"]);
      const winner = refused.findIndex((ids) => ids.length === 0);
      expect(await both[0]?.get("a")).toMatchObject({ content: `${round} ${winner}` });
      before = `hash of ${round} ${winner}`;
    }
    const removals = await Promise.all(both.map((entries) => entries.write([{ id: "a", ifHash: before }])));
    expect(removals).toEqual([[], []]);
    expect(await both[1]?.ids()).toEqual([]);
  });

  check("does not mix entries with executions, and keeps them when those are deleted", async ({ store }) => {
    await of(store).write([kept("e", "1")]);
    expect([await store.get("e"), (await store.list()).executions, await store.prune({ keepPerFlow: 0 })]).toEqual([
      undefined,
      [],
      0,
    ]);
    await store.vacuum();
    expect(await contents(of(store))).toEqual([["e", "1"]]);
  });

  check("refuses ids that some store could not keep, and writes nothing then", async ({ store }) => {
    const entries = of(store);
    for (const id of ["a\0", "\ud800", "ä".repeat(1001), 7 as unknown as string]) {
      const error = await entries.write([kept("fine", "1"), kept(id, "1")]).catch((reason) => reason);
      expect(error).toMatchObject({ code: "SERIALIZATION_ERROR" });
      expect(await entries.get(id)).toBeUndefined();
    }
    expect(await entries.ids()).toEqual([]);
    expect(await entries.write([kept("ä".repeat(1000), "1")])).toEqual([]);
    expect(await entries.write([])).toEqual([]);
  });

  check("keeps collections apart, and lists what is in one", async ({ store }) => {
    const [users, secrets] = [of(store, "users"), of(store, "secrets")];
    expect(await users.list()).toEqual([]);
    await users.write([kept("a", "1"), kept("b", "2")]);
    await secrets.write([kept("a", "3", "")]);
    const listed = (await users.list()).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(listed).toEqual([
      { id: "a", hash: "hash of 1", content: "1" },
      { id: "b", hash: "hash of 2", content: "2" },
    ]);
    await users.write([{ id: "a" }]);
    expect([await users.ids(), await secrets.ids(), await of(store, "user").ids()]).toEqual([["b"], ["a"], []]);
    for (const name of ["", "Users", "a b", "x".repeat(41), "a\0"]) {
      expect(() => store.entries?.(name)).toThrow(expect.objectContaining({ code: "UNSUPPORTED_OPERATION" }));
    }
  });

  check("survives a crash of its owner, and is closed with the store", async ({ store, another, crash }) => {
    const second = await another();
    await of(store).write([kept("a", "1")]);
    await crash(store);
    expect(await of(second).write([kept("a", "2", "hash of 1")])).toEqual([]);
    await second.close();
    await expect(of(second).ids()).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  });
}
