/** What is taken off around the data of nodes, and what is data itself. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { routed } from "../src/contract/routed.js";
import { unwrap, unwrapAny } from "../src/data/input.js";
import { run, temporaryFolder } from "./run.js";

const PAGE = { records: [{ id: 1 }], total: 900, next: "abc" };
const ANSWER = { result: [1], success: false, errors: ["no"] };

describe("what came over an edge", () => {
  it.each<[string, unknown, unknown]>([
    ["a result", { result: 5, success: true }, 5],
    ["records", { records: [1], headers: [] }, [1]],
    ["a routed value", routed({ result: 5 }, ["a"]), 5],
    ["the result of a sub-flow, which is the output of a node", { result: { result: 5, count: 1 }, flow: "f" }, 5],
    ["data with records of its own", { result: PAGE, success: true }, PAGE],
    ["data with a result of its own", { result: ANSWER, status: 200 }, ANSWER],
    ["data of a sub-flow with a result of its own", { result: { result: ANSWER }, flow: "f" }, ANSWER],
    ["what is no output", { a: 1 }, { a: 1 }],
    ["text", "x", "x"],
  ])("loses what the node put around it, once: %s", (_, output, data) => {
    expect(unwrap(output)).toEqual(data);
  });
});

describe("parameters and items", () => {
  it.each<[unknown, unknown]>([
    [{ result: 5 }, 5],
    [{ records: [1], headers: ["a"], rowCount: 1 }, [1]],
    [PAGE, PAGE],
    [
      { id: 1, result: "pass" },
      { id: 1, result: "pass" },
    ],
  ])("lose nothing that has something beside it: %j", (value, data) => {
    expect(unwrapAny(value)).toEqual(data);
  });

  it("are whole in what is written, computed and set of them", async () => {
    const path = join(temporaryFolder(), "out.json");
    const row = { id: 1, result: "pass" };
    await run("file-system", {}, { operation: "write", path, content: row, format: "json" });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(row);
    await run("file-system", { default: { result: PAGE, success: true } }, { operation: "write", path });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(PAGE);
    const ofItem = await run("code", { item: row, index: 0 }, { code: "return inputs.item" });
    expect(ofItem).toMatchObject({ result: row });
    const ofAnswer = await run("code", { default: { result: ANSWER } }, { code: "return data.success" });
    expect(ofAnswer).toMatchObject({ result: false });
  });
});
