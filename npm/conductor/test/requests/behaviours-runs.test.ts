/** What runs do beyond the plain way: refusals, limits on groups, log levels. */
import { readFlow, writeFlow } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  edge,
  group,
  HeldNodes,
  leaf,
  listenToConsole,
  nested,
  pass,
  stopClock,
  turns,
  watch,
} from "../contract/flows.js";
import { asNode, conductorOf, failing, seconds } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("a flow that is refused", () => {
  it("leaves the store as it was", async () => {
    const conductor = await conductorOf();
    await conductor.node.run(asNode(chain(2)));
    const before = conductor.node.store.getState();
    const subscriber = vi.fn();
    conductor.node.store.subscribe(subscriber);
    await conductor.node.run(asNode(group("bad", [leaf("a")], [edge("a", "a")])));
    expect(conductor.node.store.getState()).toBe(before);
    expect(subscriber).not.toHaveBeenCalled();
  });
});

describe("a failure deep inside", () => {
  it("is one error: in the result, in the event and on each level of the store", async () => {
    const conductor = await conductorOf({ body: byId({ deep: () => Promise.reject(new Error("boom")) }) });
    const heard: Error[] = [];
    conductor.events.onError(({ error }) => heard.push(error));
    const flow = group("root", [group("outer", [group("inner", [leaf("deep")])]), leaf("after")]);
    const result = await conductor.node.run(asNode(flow));
    expect(result.error).toMatchObject({ message: "boom", nodeId: "deep" });
    expect(heard.map(({ message }) => message)).toEqual(["boom"]);
    const states = conductor.node.store.getState().nodes;
    expect([states.get("outer")?.state, states.get("after")?.state]).toEqual(["error", "pending"]);
  });
});

describe("a group with settings of its own", () => {
  const inner = (policy: Record<string, unknown>, ...ids: string[]) =>
    asNode(
      group(
        "root",
        [
          group(
            "inner",
            ids.map((id) => leaf(id)),
            [],
            { policy },
          ),
          leaf("z"),
        ],
        [edge("inner", "z")],
      ),
    );

  it("has the time that its timeout allows", async () => {
    stopClock();
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = watch(conductor.node.run(inner({ timeout: 50 }, "a")));
    await pass(49);
    expect(run.settled).toBe(false);
    await pass(1);
    expect(run.value).toMatchObject({ success: false, error: { code: "TIMEOUT" } });
    expect(held.params.get("a")?.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is tried again as often as its retries say", async () => {
    stopClock();
    const body = failing(1, "fine");
    const conductor = await conductorOf({ body });
    const run = watch(conductor.node.run(inner({ retries: 1 }, "a")));
    await turns();
    await seconds(2);
    expect(run.value).toMatchObject({ success: true, data: "fine" });
    expect(body).toHaveBeenCalledTimes(3);
  });
});

describe("log levels", () => {
  async function printedAt(logLevel: string | undefined): Promise<{ quiet: string[]; all: string[] }> {
    const printed = listenToConsole();
    const conductor = await conductorOf({
      body: ({ log }) => log("reading rows"),
      ...(logLevel !== undefined && { logLevel: logLevel as never }),
    });
    await conductor.node.run(asNode(chain(2)));
    const lines = { quiet: printed.of("debug", "log", "info"), all: printed.all() };
    printed.restore();
    return lines;
  }

  it.each([undefined, "warn", "error"])("say nothing at %s", async (level) => {
    expect((await printedAt(level)).all).toEqual([]);
  });

  it("show what nodes log at debug", async () => {
    expect((await printedAt("debug")).all.join("\n")).toContain("reading rows");
  });
});

describe("a flow written as text and read again", () => {
  const flow = {
    ...nested(),
    name: "Nested",
    version: "1.0.0",
    description: "line one\nline two: with # no comment",
    metadata: { tags: ["a", "b"], author: "somebody" },
    variables: { env: { type: "string", defaultValue: "dev", description: "where" } },
    settings: { runtime: { timeout: 5000, parallel: 2 }, ui: { theme: "dark" } },
  };
  const deep = {
    ...flow,
    nodes: [
      ...(flow.nodes ?? []),
      group("five", [
        group("four", [
          group("three", [leaf("two", { parameters: { text: "yes", number: "007", list: [1, [2]], nothing: null } })]),
        ]),
      ]),
    ],
  };

  it.each(["yaml", "json"] as const)(
    "is the same flow, grandchildren, variables and settings included: %s",
    (format) => {
      const again = readFlow(writeFlow(deep as never, format), format);
      expect(again).toMatchObject(JSON.parse(JSON.stringify(deep)));
      const text = writeFlow(again, format);
      expect(readFlow(text, format)).toEqual(again);
      expect(writeFlow(readFlow(text, format), format)).toBe(text);
    },
  );
});
