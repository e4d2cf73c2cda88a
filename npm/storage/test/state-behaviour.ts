/** What all stores do alike with states that are kept by hand. It needs neither a runner nor Node, so that it can run in a page too. */
import type { StateChange, StateStorage } from "../src/executions/states.js";
import type { ExecutionStore } from "../src/executions/store.js";
import { checking, type ExecutionBench } from "./execution-behaviour.js";

/** A change that keeps a content, whose hash is made of it. */
export function kept(id: string, content: string, ifHash?: string): StateChange {
  return { id, state: { hash: `hash of ${content}`, content }, ...(ifHash !== undefined && { ifHash }) };
}

/** Declares every behaviour with `it`. */
export function stateBehaviour({ it, expect, open }: ExecutionBench): void {
  const check = checking({ it, open });
  const of = (store: ExecutionStore) => store.states as StateStorage;
  const contents = async (states: StateStorage) => {
    const ids = (await states.ids()).sort();
    return Promise.all(ids.map(async (id) => [id, (await states.get(id))?.content]));
  };

  check("keeps texts of any content by any id, for other owners as well", async ({ store, another }) => {
    const states = of(store);
    expect([await states.ids(), await states.get("a")]).toEqual([[], undefined]);
    const odd = 'a"quoted"\n\u0001ä𝄞\\u0000 {"json": [1]}';
    const long = "x".repeat(3 << 20);
    expect(await states.write([kept("a/b ä", odd), kept("b", long), kept("", "")])).toEqual([]);
    const others = of(await another());
    expect(await contents(others)).toEqual([
      ["", ""],
      ["a/b ä", odd],
      ["b", long],
    ]);
    expect(await others.get("a/b ä")).toEqual({ hash: `hash of ${odd}`, content: odd });
  });

  check("replaces and deletes what a change names, and refuses it where another state is there", async ({ store }) => {
    const states = of(store);
    expect(await states.write([kept("a", "1", ""), kept("b", "1", "")])).toEqual([]);
    const changes = [
      kept("a", "2", "hash of 1"),
      kept("b", "2", ""),
      kept("c", "2", "hash of 1"),
      kept("d", "2"),
      { id: "e", ifHash: "hash of 1" },
    ];
    expect(await states.write(changes)).toEqual(["b", "c"]);
    expect(await contents(states)).toEqual([
      ["a", "2"],
      ["b", "1"],
      ["d", "2"],
    ]);
    const removals = [
      { id: "a", ifHash: "hash of 1" },
      { id: "b", ifHash: "" },
      { id: "d", ifHash: "hash of 2" },
    ];
    expect(await states.write(removals)).toEqual(["a", "b"]);
    expect(await states.write([{ id: "a" }, kept("b", "3")])).toEqual([]);
    expect(await contents(states)).toEqual([["b", "3"]]);
  });

  check("does not refuse a change that is written already", async ({ store }) => {
    const states = of(store);
    for (const before of ["", "hash of 0"]) {
      await states.write([kept("a", "1")]);
      expect(await states.write([kept("a", "1", before)])).toEqual([]);
    }
    expect(await contents(states)).toEqual([["a", "1"]]);
    await states.write([{ id: "a" }]);
    expect(await states.write([{ id: "a", ifHash: "hash of 1" }])).toEqual([]);
  });

  check("makes changes of the same state in their order", async ({ store }) => {
    const states = of(store);
    const changes = [
      kept("a", "1", ""),
      kept("a", "2", "hash of 1"),
      { id: "a", ifHash: "hash of 2" },
      kept("a", "3", ""),
    ];
    expect(await states.write(changes)).toEqual([]);
    expect(await contents(states)).toEqual([["a", "3"]]);
  });

  check("lets exactly one of two owners replace a state", async ({ store, another }) => {
    const both = [of(store), of(await another())];
    let before = "";
    for (let round = 0; round < 10; round++) {
      const refused = await Promise.all(
        both.map((states, owner) => states.write([kept("a", `${round} ${owner}`, before)])),
      );
      expect(refused.flat()).toEqual(["a"]);
      const winner = refused.findIndex((ids) => ids.length === 0);
      expect(await both[0]?.get("a")).toMatchObject({ content: `${round} ${winner}` });
      before = `hash of ${round} ${winner}`;
    }
    const removals = await Promise.all(both.map((states) => states.write([{ id: "a", ifHash: before }])));
    expect(removals).toEqual([[], []]);
    expect(await both[1]?.ids()).toEqual([]);
  });

  check("does not mix states with executions, and keeps them when those are deleted", async ({ store }) => {
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
    const states = of(store);
    for (const id of ["a\0", "\ud800", "ä".repeat(1001), 7 as unknown as string]) {
      const error = await states.write([kept("fine", "1"), kept(id, "1")]).catch((reason) => reason);
      expect(error).toMatchObject({ code: "SERIALIZATION_ERROR" });
      expect(await states.get(id)).toBeUndefined();
    }
    expect(await states.ids()).toEqual([]);
    expect(await states.write([kept("ä".repeat(1000), "1")])).toEqual([]);
    expect(await states.write([])).toEqual([]);
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
