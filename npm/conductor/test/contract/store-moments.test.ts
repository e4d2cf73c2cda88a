import { describe, expect, it } from "vitest";
import { chain, conductorWith, type GraphState, group, leaf, type Params } from "./flows";

/** Tells its progress in many small steps, each with a word about it. */
const reporting =
  (calls: number) =>
  async ({ progress }: Params) => {
    await undefined;
    for (let call = 1; call <= calls; call++) progress((call / calls) * 100, `call ${call}`);
  };

describe("a subscriber that reads all nodes at each change", () => {
  it("sees 100,000 calls of progress() one by one", async () => {
    const conductor = conductorWith(reporting(100_000));
    const messages = new Set<unknown>();
    conductor.node.store.subscribe((state) => messages.add(state.nodes.get("a")?.message));
    await conductor.node.run(group("root", [leaf("a")]));
    for (const call of [1, 50_000, 100_000]) expect(messages).toContain(`call ${call}`);
    expect(messages.size).toBeGreaterThan(100_000);
  });
});

describe("states that a subscriber keeps", () => {
  const kept = async (calls: number, flow = chain(3)) => {
    const states: GraphState[] = [];
    const conductor = conductorWith(reporting(calls));
    conductor.node.store.subscribe((state) => states.push(state));
    await conductor.node.run(flow);
    return states;
  };
  const told = (states: GraphState[]) =>
    states.map(({ nodes }) => [...nodes.values()].map(({ state, progress, message }) => [state, progress, message]));

  it("are as they were, in whichever order they are read", async () => {
    const inOrder = told(await kept(10));
    expect(inOrder.length).toBeGreaterThan(30);
    expect(told((await kept(10)).reverse()).reverse()).toEqual(inOrder);
    const states = await kept(10);
    const middle = states.slice(7, 20);
    told(middle);
    told(states.slice(25));
    expect(told(states)).toEqual(inOrder);
    expect(inOrder).toContainEqual([
      ["executing", 40, "call 4"],
      ["pending", 0, undefined],
      ["pending", 0, undefined],
    ]);
  });

  it("share what did not change between them", async () => {
    const states = await kept(10);
    const read = states.map(({ nodes }) => nodes);
    for (let at = 1; at < read.length; at++) {
      const changed = [...(read[at] ?? [])].filter(([id, node]) => read[at - 1]?.get(id) !== node);
      expect(changed.length).toBeLessThanOrEqual(1);
    }
  });

  it("can all be read afterwards without looking at all changes for each", async () => {
    const states = await kept(20_000, group("root", [group("inner", [leaf("a")])]));
    const inner = states.map(({ nodes }) => nodes.get("inner")?.nodes?.[0]?.message);
    expect(inner).toContain("call 1");
    expect(inner).toContain("call 20000");
  });
});
