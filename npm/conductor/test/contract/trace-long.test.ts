import { expect, it } from "vitest";
import { plainResult } from "../../src/desktop/cloneable-result";
import { byId, chain, conductorWith } from "./flows";

const NODES = 12_000;

const traceOfMany = async () => {
  const conductor = conductorWith(
    byId({
      n11000: ({ progress }) => progress(40, "nearly there"),
    }),
  );
  const result = await conductor.node.run(chain(NODES));
  return { result, trace: result.trace as NonNullable<typeof result.trace> };
};

it("a long trace tells the same as a short one, where it is read", async () => {
  const { trace } = await traceOfMany();
  const { trace: short } = await conductorWith().node.run(chain(1));
  const perNode = (short?.events.length ?? 0) - 2;
  expect(trace.events.length).toBe(trace.nodes.reduce((count, { events }) => count + events.length, 2));
  expect(trace.events.length).toBeGreaterThan(100_000);
  expect(trace.events[0]?.data.totalNodes).toBe(NODES);
  expect(trace.events.at(-1)?.data).toMatchObject({ nodesCompleted: NODES, nodesErrored: 0 });
  const withoutTime = (events: { type: string; data: object }[] = []) =>
    events.map(({ type, data }) => ({ type, ...data, progress: undefined }));
  expect(withoutTime(trace.events.slice(1, perNode + 1))).toEqual(withoutTime(short?.events.slice(1, -1)));
  const said = trace.events.find(({ data }) => data.message === "nearly there");
  expect(said?.data).toMatchObject({ nodeId: "n11000" });
  const all = said?.data.allNodes as { id: string; state: string }[];
  expect(all.filter(({ state }) => state === "completed").length).toBe(10_999);
  expect(trace.nodes[0]).toMatchObject({ nodeId: "n1", state: "completed", progress: 100 });
  expect(trace.nodes[0]?.events).toEqual(trace.events.slice(1, perNode + 1));
  expect(trace.nodes.length).toBe(NODES);
});

it("a long trace crosses to another process as plain data", async () => {
  const { result, trace } = await traceOfMany();
  const sent = structuredClone(plainResult(result as never));
  expect(sent.trace?.events.length).toBe(trace.events.length);
  expect(sent.trace?.events.at(-2)).toEqual(JSON.parse(JSON.stringify(trace.events.at(-2))));
  expect(sent.trace?.nodes.at(-1)).toMatchObject({ nodeId: `n${NODES}`, state: "completed" });
});
