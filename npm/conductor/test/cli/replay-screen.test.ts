/** A replay as a terminal shows it, and what keys do. */
import { openReplay } from "@atomiton/conductor/desktop";
import { beforeAll, describe, expect, it } from "vitest";
import { type Key, picture, pressed, type Screen } from "../../src/cli/replay-screen.js";
import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "../durable/world.js";

const SIZE = { columns: 80, rows: 24 };

let bytes: Uint8Array;
beforeAll(async () => {
  const { conductor } = new Process(new World(), memory());
  const inner = { ...group("inner", [leaf("buy", { type: "pay" })]), id: "inner" };
  const many = Array.from({ length: 40 }, (_, index) => leaf(`n${index}`, { type: "pure" }));
  const flow = {
    ...group("shop", [leaf("see", { type: "read" }), inner as never, ...many], [edge("see", "inner")]),
    name: "My \u001b[31mshop",
  };
  await conductor.node.run(flow as never, { executionId: "one" });
  bytes = await conductor.executions.export("one");
});

const open = async (): Promise<Screen> => ({ replay: await openReplay(bytes), cursor: 0 });
const press = (screen: Screen, ...keys: (string | Key)[]) =>
  keys.reduce<Screen>((at, key) => pressed(at, typeof key === "string" ? { name: key, sequence: key } : key), screen);
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken out.
const plain = (lines: string[]) => lines.map((line) => line.replace(/\u001b\[\d+m/g, ""));

describe("the picture of a replay", () => {
  it("fills the terminal and is never wider, whatever the size", async () => {
    const screen = press(await open(), "end");
    for (const size of [SIZE, { columns: 120, rows: 40 }, { columns: 40, rows: 10 }]) {
      const lines = plain(picture(screen, size));
      expect(lines).toHaveLength(size.rows);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(size.columns);
    }
  });

  it("shows where it stands, and the value under the cursor", async () => {
    const screen = press(await open(), "n", "n");
    const lines = plain(picture(screen, SIZE));
    expect(lines[0]).toBe("My  [31mshop   one   completed");
    expect(lines[1]).toMatch(/^step 2 of \d+ .* answered$/);
    expect(lines.find((line) => line.startsWith("› "))).toMatch(/✓ see/);
    expect(lines).toContain("── see: completed");
    expect(lines).toContain("1");
  });

  it("keeps the cursor in sight among many nodes", async () => {
    const screen = press(await open(), "end", ...Array.from({ length: 50 }, () => "down"));
    const lines = plain(picture(screen, SIZE));
    expect(lines.find((line) => line.startsWith("› "))).toContain("n39");
    expect(screen.cursor).toBe(screen.replay.moment.nodes.length - 1);
  });
});

describe("keys of a replay", () => {
  it("step, and stay within the journal", async () => {
    let screen = await open();
    const stepAfter = (...keys: (string | Key)[]) => {
      screen = press(screen, ...keys);
      return screen.replay.moment.step;
    };
    const { length } = screen.replay;
    expect(stepAfter("left")).toBe(0);
    expect(stepAfter("right", "n")).toBe(2);
    expect(stepAfter("p")).toBe(1);
    expect(stepAfter("pagedown")).toBe(11);
    expect(stepAfter("pageup", "pageup")).toBe(0);
    expect(stepAfter("end")).toBe(length);
    expect(stepAfter("n")).toBe(length);
    expect(stepAfter("home")).toBe(0);
    expect(stepAfter("g", "1", "2", "backspace", "3", "return")).toBe(13);
    expect(stepAfter("g", "9", "9", "9", "9", "return")).toBe(length);
    expect(stepAfter("g", "return")).toBe(length);
  });

  it("put the cursor on the node that a step changed, inside its group", async () => {
    const first = await open();
    const steps = Array.from({ length: first.replay.length }, (_, index) => index + 1);
    const paid = steps.findLast((step) => first.replay.at(step).changed.includes("inner/buy"));
    const screen = press(first, "g", ...String(paid), "return");
    expect(screen.replay.moment.step).toBe(paid);
    expect(screen.replay.moment.nodes[screen.cursor]?.path).toBe("inner/buy");
  });

  it("end it", async () => {
    const screen = await open();
    expect(press(screen, "q").isOver).toBe(true);
    expect(press(screen, { name: "c", ctrl: true }).isOver).toBe(true);
    expect(press(screen, "g", { name: "c", ctrl: true }).isOver).toBe(true);
    expect(press(screen, "x").isOver).toBeUndefined();
  });
});
