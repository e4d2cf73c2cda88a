/** Files of executions that are damaged, made by hand, or of another version. */
import { openReplay, type Replay } from "@atomiton/conductor/desktop";
import { beforeAll, describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { longFlow, memory, Process, World } from "./world.js";

const HEAD_BYTES = 12;
const encoder = new TextEncoder();

/** The parts of a file. */
function partsOf(file: Uint8Array): [letter: string, content: Uint8Array][] {
  const view = new DataView(file.buffer, file.byteOffset);
  const parts: [string, Uint8Array][] = [];
  for (let at = HEAD_BYTES; at < file.length; ) {
    const length = view.getUint32(at + 1, true);
    parts.push([String.fromCharCode(file[at] as number), file.slice(at + 5, at + 5 + length)]);
    at += 5 + length;
  }
  return parts;
}

/** A file of these parts. */
function fileOf(parts: [string, Uint8Array][]): Uint8Array {
  const bytes = [...encoder.encode("condrun\n"), 1, 0, 0, 0];
  for (const [letter, content] of parts) {
    const { length } = content;
    bytes.push(letter.charCodeAt(0), length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24);
    for (const byte of content) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

let file: Uint8Array;
let loops: Uint8Array;

/** The file with a part changed. */
const changed = (letter: string, change: (content: Uint8Array) => Uint8Array) =>
  fileOf(partsOf(file).map(([found, content]) => [found, found === letter ? change(content) : content]));

const withJson = (letter: string, change: (json: Record<string, never>) => unknown) =>
  changed(letter, (content) => encoder.encode(JSON.stringify(change(JSON.parse(new TextDecoder().decode(content))))));

/** Opens it, goes through all steps and looks at everything. */
function walk(replay: Replay): void {
  for (let step = 0; step <= replay.length; step++) {
    const moment = replay.at(step);
    for (const { path } of moment.nodes) {
      try {
        moment.value(path);
        moment.error(path);
      } catch (error) {
        expect(["DESERIALIZATION_FAILED", "INVALID_PARAMETERS"]).toContain((error as { code: string }).code);
      }
    }
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await openReplay(bytes).then(
    () => undefined,
    (error) => error,
  );
  expect(error).toMatchObject({ code: "DESERIALIZATION_FAILED" });
  return error.message;
}

async function fileFrom(flow: ReturnType<typeof group>): Promise<Uint8Array> {
  const { conductor } = new Process(new World(), memory());
  await conductor.node.run(flow as never, { executionId: "one" });
  return conductor.executions.export("one");
}

beforeAll(async () => {
  file = await fileFrom(
    group("shop", [leaf("see", { type: "read" }), leaf("buy", { type: "pay" })], [edge("see", "buy")]),
  );
  loops = await fileFrom(longFlow());
});

describe("a file of an execution", () => {
  it("is refused wherever it is cut short", async () => {
    for (let length = 0; length < file.length; length++) {
      expect(await refusal(file.subarray(0, length)), `${length} bytes`).toMatch(/cut short|no file of|missing/);
    }
    expect(await refusal(Uint8Array.from([...file, 0]))).toContain("1 bytes follow its end");
  });

  it("of a later version is refused by name", async () => {
    const later = file.slice();
    later[8] = 2;
    expect(await refusal(later)).toContain("version 2, and this one knows versions up to 1");
  });

  it("is refused with what is wrong in it", async () => {
    expect(await refusal(encoder.encode("a text"))).toContain("no file of `conductor executions export`");
    expect(await refusal("text" as never)).toContain("Uint8Array");
    expect(await refusal(withJson("X", (row) => ({ ...row, status: "odd" })))).toContain("`status` of its row");
    expect(await refusal(withJson("X", (row) => ({ ...row, id: 5 })))).toContain("`id` of its row is no text");
    expect(await refusal(withJson("X", (row) => ({ ...row, startedAt: "now" })))).toContain("no time in ms");
    expect(await refusal(withJson("X", () => []))).toContain("its row is no object");
    expect(await refusal(withJson("X", (row) => ({ ...row, flowId: "other" })))).toContain("another one");
    expect(await refusal(withJson("D", () => null))).toContain("its flow is no object");
    expect(await refusal(withJson("D", (flow) => ({ ...flow, nodes: 5 })))).toContain("flow");
    expect(await refusal(withJson("H", (head) => ({ ...head, held: [99] })))).toContain("`held`");
    expect(await refusal(withJson("H", (head) => ({ ...head, options: 1 })))).toContain("options");
    expect(await refusal(changed("X", () => encoder.encode("{")))).toContain("no JSON");
    expect(await refusal(changed("D", () => Uint8Array.of(255, 254)))).toContain("UTF-8");
    expect(await refusal(changed("R", (record) => record.subarray(0, 3)))).toContain("record 1 is cut short");
    expect(await refusal(fileOf([["Z", encoder.encode("")], ...partsOf(file)]))).toContain('a part "Z"');
  });

  it("with a journal of another flow is refused", async () => {
    const journalOf = (bytes: Uint8Array) => partsOf(bytes).filter(([letter]) => letter === "R");
    const mixed = [...partsOf(file).filter(([letter]) => letter === "X" || letter === "D" || letter === "H")];
    expect(await refusal(fileOf([...mixed, ...journalOf(loops), ["E", new Uint8Array()]]))).toContain(
      "do not fit its flow",
    );
  });

  it("without records shows an execution that did not begin", async () => {
    const replay = await openReplay(fileOf(partsOf(file).filter(([letter]) => letter !== "R")));
    expect(replay.length).toBe(0);
    expect(replay.moment.time).toBeGreaterThan(0);
    expect(replay.moment.nodes.map(({ state }) => state)).toEqual(["pending", "pending"]);
    expect(replay.forward().step).toBe(0);
    expect(replay.value("see")).toBeUndefined();
  });

  it("cannot make a loop go on for ever", async () => {
    const text = new TextDecoder("latin1").decode(loops);
    // In the journal, the answer that the loop has four items.
    let found = 0;
    const parts = partsOf(loops).map(([letter, content]): [string, Uint8Array] => {
      if (letter !== "R") return [letter, content];
      const view = new DataView(content.buffer, content.byteOffset);
      const words = view.getUint32(0, true) / 4;
      for (let word = 0; word < words; word += 5) {
        if (![5, 6].includes(view.getUint32(4 + word * 4, true) & 0x7f)) continue;
        view.setUint32(4 + word * 4 + 8, 4_000_000_000, true);
        found++;
      }
      return [letter, content];
    });
    expect([found, text.length]).toEqual([1, loops.length]);
    expect(await refusal(fileOf(parts))).toContain("4000000000 items of a loop are not those that were recorded");
  });

  it("with deep nesting neither ends the process nor takes long", async () => {
    const deep = (open: string, close: string) => encoder.encode(open.repeat(200_000) + close.repeat(200_000));
    const group = '{"id":"shop","type":"group","nodes":[';
    await refusal(changed("D", () => deep(group, "]}")));
    await refusal(changed("H", () => encoder.encode(`{"input":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)));
    await refusal(changed("X", () => deep("[", "]")));
    const replay = await openReplay(
      changed("R", (record) => {
        const view = new DataView(record.buffer, record.byteOffset);
        const journal = record.subarray(0, 4 + view.getUint32(0, true));
        const values = `[["o",1,1,${"[".repeat(200_000)}${"]".repeat(200_000)}]]`;
        return Uint8Array.from([...journal, ...encoder.encode(values)]);
      }),
    );
    replay.at(replay.length);
    expect(() => replay.value("see")).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
  });

  it("with bytes changed at random is opened or refused, and nothing else", async () => {
    let [opened, refused] = [0, 0];
    for (let round = 0, seed = 12_345; round < 600; round++) {
      const bytes = (round % 2 === 0 ? file : loops).slice();
      for (let change = 0; change <= round % 4; change++) {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        bytes[seed % bytes.length] = (seed >> 8) & 255;
      }
      const replay = await openReplay(bytes).catch((error) => {
        expect(error, `round ${round}`).toMatchObject({ code: "DESERIALIZATION_FAILED" });
        refused++;
      });
      if (replay === undefined) continue;
      opened++;
      walk(replay);
    }
    expect(opened).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });
});

describe("importing a file", () => {
  it("refuses a large value that is not what its hash says, which other executions would get", async () => {
    const { conductor } = new Process(new World(), memory());
    const input = { text: "x".repeat(200_000) };
    await conductor.node.run(group("large", [leaf("copy", { type: "pure" })]) as never, {
      executionId: "large",
      input,
    });
    const bytes = await conductor.executions.export("large");
    const forged = fileOf(
      partsOf(bytes).map(([letter, content]) => {
        if (letter === "B") content[content.length - 5] = 65;
        return [letter, content];
      }),
    );
    const other = new Process(new World(), memory());
    await expect(other.conductor.executions.import(forged)).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    const without = fileOf(partsOf(bytes).filter(([letter]) => letter !== "B"));
    await expect(other.conductor.executions.import(without)).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringContaining("is missing"),
    });
    expect((await other.conductor.executions.list()).executions).toEqual([]);
  });

  it("leaves nothing behind where it is refused", async () => {
    const { conductor } = new Process(new World(), memory());
    await expect(conductor.executions.import(file.subarray(0, 100))).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
    });
    expect((await conductor.executions.list()).executions).toEqual([]);
  });
});
