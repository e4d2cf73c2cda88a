/** Native tables and streams in executions that are kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getNodeExecutable, rowsBehind } from "@atomiton/nodes/executables";
import { createMemoryExecutions, type MemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { gate } from "./gate.js";
import { at, type Bodies, conductorOn, run, wait } from "./redacting.js";

const ROWS = [
  { city: "Oslo", amount: "1" },
  { city: "Bergen", amount: "2" },
  { city: "Oslo", amount: "3" },
];
const sums = [
  { city: "Oslo", total: 4 },
  { city: "Bergen", total: 2 },
];

/** A CSV file of these rows, whose path goes into a node that reads it. */
function reading(more: object = {}): { read: Definition; path: string } {
  const folder = mkdtempSync(join(tmpdir(), "tables-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "rows.csv");
  write(path, ROWS);
  return { read: leaf("r", { type: "spreadsheet", parameters: { operation: "read", path, ...more } }), path };
}

function write(path: string, rows: readonly { city: string; amount: string }[]): void {
  writeFileSync(path, `city,amount\n${rows.map(({ city, amount }) => `${city},${amount}\n`).join("")}`);
}

const summing = leaf("s", {
  type: "transform",
  parameters: {
    operation: "aggregate",
    groupBy: ["city"],
    aggregates: [{ operation: "sum", field: "amount", as: "total" }],
  },
});

/** A conductor with types of its own beside those of the library. */
function conductorWith(store: MemoryExecutions, bodies: Bodies) {
  const own = (type: string) => bodies[type] && { effects: "none" as const, execute: bodies[type] };
  const getNode = (type: string) => own(type) ?? getNodeExecutable(type);
  return conductorOn(store, {}, [], { nodeExecutorFactory: { getNodeExecutable: getNode } });
}

/** Tells what is behind what it gets, and hands that on. */
const look = (seen: unknown[]) => {
  return ({ input }: { input: { default: object } }) => {
    const behind = rowsBehind(input.default);
    seen.push(typeof behind === "object" ? "table" : behind);
  };
};

/** A flow that is left with `w` under way, and what the next process makes of it. */
async function goOn(flow: Definition, between: () => void = () => {}) {
  const store = createMemoryExecutions();
  const stop = gate();
  const first = conductorWith(store, { wait: () => stop.reach() });
  void run(first, flow);
  await stop.reached;
  await first.shutdown();
  store.abandon();
  between();
  const shared = createMemoryExecutions({ shared: store });
  const second = conductorWith(shared, { wait: () => "waited" });
  const { blocked, resumed } = await second.recover();
  expect(blocked).toEqual([]);
  return { result: await resumed[0]?.result, second };
}

describe("a table in an execution that is kept", () => {
  it("is kept with all rows, and stays one for the nodes behind it", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(createMemoryExecutions(), { look: look(seen) });
    const { read } = reading();
    const result = await run(conductor, group("f", [read, leaf("b", { type: "look" })], [edge("r", "b")]));
    expect(result.error).toBeUndefined();
    expect(seen).toEqual(["table"]);
    const kept = (await conductor.executions.value("one", "r")) as { records: unknown };
    expect(kept.records).toEqual(ROWS);
    expect(Object.keys(kept)).toEqual(Object.keys(result.outputs?.r as object));
    expect(kept).toEqual(result.outputs?.r);
  });

  it.each([
    ["of no rows", []],
    ["with text that JSON escapes", [{ city: 'a "b" \\ \u2028 ü', amount: "1" }]],
  ])("is kept as it is: %s", async (_what, rows) => {
    const conductor = conductorWith(createMemoryExecutions(), {});
    const { read, path } = reading({ quote: "'" });
    write(path, rows);
    const result = await run(conductor, group("f", [read]));
    expect(await conductor.executions.value("one", "r")).toEqual(result.outputs?.r);
    expect(result.outputs?.r).toMatchObject({ records: rows });
  });

  it("has a column that looks like a tag", async () => {
    const conductor = conductorWith(createMemoryExecutions(), {});
    const { read, path } = reading();
    writeFileSync(path, "$type,value\nDate,x\n");
    await run(conductor, group("f", [read]));
    const kept = (await conductor.executions.value("one", "r")) as { records: unknown };
    expect(kept.records).toEqual([{ $type: "Date", value: "x" }]);
  });

  it("is what another process goes on with", async () => {
    const { read, path } = reading();
    const flow = group("f", [read, wait, summing], [edge("r", "s"), at("w", "s", "after")]);
    // What was read is recorded: the file is not read again.
    const { result } = await goOn(flow, () => rmSync(path));
    expect(result?.error).toBeUndefined();
    expect(result?.outputs?.s).toMatchObject({ result: sums });
  });
});

describe("a stream in an execution that is kept", () => {
  it("stays one, and none of its rows is kept", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(createMemoryExecutions(), { look: look(seen) });
    const { read } = reading({ stream: true });
    const nodes = [read, leaf("b", { type: "look" }), summing];
    const result = await run(conductor, group("f", nodes, [edge("r", "b"), edge("r", "s")]));
    expect(result.error).toBeUndefined();
    expect(seen).toEqual(["stream"]);
    expect(result.outputs?.s).toMatchObject({ result: sums });
    expect(await conductor.executions.value("one", "r")).toMatchObject({
      records: "[rows of a stream]",
      rowCount: "[rows of a stream]",
      headers: ["city", "amount"],
    });
  });

  it("is made again by a process that goes on, through the filters before it", async () => {
    const { read } = reading({ stream: true });
    const where = [{ field: "city", operator: "eq", value: "Oslo" }];
    const filter = leaf("f", { type: "transform", parameters: { operation: "filter", where } });
    const edges = [edge("r", "f"), edge("f", "s"), at("w", "s", "after")];
    const { result, second } = await goOn(group("flow", [read, filter, wait, summing], edges));
    expect(result?.error).toBeUndefined();
    expect(result?.outputs?.s).toMatchObject({ result: [sums[0]] });
    expect((await second.executions.value("one", "s")) as object).toMatchObject({ result: [sums[0]] });
  });

  it("is said to be missing where it is the result and no node needs it", async () => {
    const { read } = reading({ stream: true });
    const flow = group("f", [read, wait], []);
    const { result } = await goOn(flow);
    expect(result?.warnings).toContainEqual(expect.objectContaining({ rule: "redacted-value", nodeId: "r" }));
  });

  it("has its rows left out wherever it is", async () => {
    const bodies = {
      put: ({ input, variables }: { input: { default: object }; variables: Record<string, unknown> }) => {
        variables["rows"] = input.default;
        return { inner: [input.default] };
      },
    };
    const conductor = conductorWith(createMemoryExecutions(), bodies);
    const { read } = reading({ stream: true });
    const result = await run(conductor, group("f", [read, leaf("p", { type: "put" })], [edge("r", "p")]));
    expect(result.error).toBeUndefined();
    const kept = (await conductor.executions.value("one", "p")) as { inner: object[] };
    expect(kept.inner[0]).toMatchObject({ records: "[rows of a stream]", headers: ["city", "amount"] });
    const file = await conductor.executions.export("one");
    const text = Buffer.from(file as Uint8Array).toString("latin1");
    expect(text).not.toContain("Bergen");
  });

  it("is refused with the place where it is a part of itself", async () => {
    const bodies = {
      knot: ({ input }: { input: { default: Record<string, unknown> } }) => {
        input.default["self"] = { again: input.default };
        return input.default;
      },
    };
    const conductor = conductorWith(createMemoryExecutions(), bodies);
    const { read } = reading();
    const result = await run(conductor, group("f", [read, leaf("k", { type: "knot" })], [edge("r", "k")]));
    expect(result.error).toMatchObject({ code: "SERIALIZATION_FAILED", nodeId: "k" });
    expect(result.error?.message).toContain('["self"]["again"] is a reference to an object that it is part of');
  });

  it("counts no rows for the sake of the records, but those that are known", async () => {
    const conductor = conductorWith(createMemoryExecutions(), {});
    const { read } = reading({ stream: true });
    const few = leaf("l", { type: "transform", parameters: { operation: "limit", limitCount: 2 } });
    await run(conductor, group("f", [read, few, summing], [edge("r", "l"), edge("r", "s")]));
    expect(await conductor.executions.value("one", "l")).toMatchObject({
      result: ROWS.slice(0, 2),
      outputCount: 2,
      inputCount: "[rows of a stream]",
    });
    expect(await conductor.executions.value("one", "s")).toMatchObject({ inputCount: 3, outputCount: 2 });
  });

  it("is not kept at all where `redact` names parts of it", async () => {
    const store = createMemoryExecutions();
    const conductor = conductorWith(store, {});
    const { read, path } = reading({ stream: true });
    const hidden = { ...read, policy: { redact: ["**.amount"] } } as Definition;
    // Its rows cannot be looked into.
    const wait = leaf("w", { type: "delay", parameters: { duration: 1 } });
    writeFileSync(path, "city,amount\n1,2\n");
    await run(conductor, group("f", [hidden, wait], []));
    expect(JSON.stringify(await conductor.executions.value("one", "r"))).not.toContain('"2"');
  });
});
