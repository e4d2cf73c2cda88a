/** Streams whose rows are a list once they are read: what functions of `map` give that is no record, and joins with fields that rows lack. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { doubtsOfRounds } from "../src/library/round-doubts.js";
import { isUnread, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();

async function stream(name: string, text: string) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return run("spreadsheet", undefined, { path, stream: true });
}

const LIST = [11, 12, 13];
/** A stream that gives the numbers of the list. */
async function numbers(): Promise<object> {
  const rows = await stream("rows.csv", "id\n11\n12\n13\n");
  const output = await run("transform", rows, { operation: "map", transformFunction: "(row) => Number(row.id)" });
  expect(isUnread(output, "result")).toBe(true);
  return output;
}

it.each([
  ["edit-fields", { values: { x: "{{#data}}<{{.}}>{{/data}}" } }],
  ["condition", { expression: "input.data.length === 3 && input.data[1] === 12" }],
  ["crypto", { operation: "hash" }],
  ["xml", { operation: "build", root: "numbers" }],
])("are lists to %s: %j", async (type, parameters) => {
  const { result, x, route } = await run(type, { data: await numbers() }, parameters);
  const expected = await run(type, { data: LIST }, parameters);
  expect({ result, x, route }).toEqual({ result: expected.result, x: expected.x, route: expected.route });
});

it("are lists to what is doubted of code that adds", async () => {
  const said = async (data: unknown) => {
    const rules: string[] = [];
    const warn = (rule: string, message: string) => void rules.push(`${rule}: ${message}`);
    const code = "return data.reduce((sum, row) => sum + row.price, 0)";
    await run("code", { data }, { code, warn });
    return rules;
  };
  const rows = await stream("prices.csv", "id,price\n1,2\n2,3\n");
  const mapped = await run("transform", rows, {
    operation: "map",
    transformFunction: "(row) => ({ price: row.price, ...(row.id === '1' && { more: 1 }) })",
  });
  const expected = await said([{ price: "2", more: 1 }, { price: "3" }]);
  expect(expected).not.toEqual([]);
  expect(await said(mapped)).toEqual(expected);
});

it("are lists to what is doubted of conditions about rounds", async () => {
  const code = "lastResult.length > 1 && lastResult.result";
  const doubts = doubtsOfRounds(code, "lastResult", [await numbers()], "condition");
  expect(doubts).toEqual(doubtsOfRounds(code, "lastResult", [LIST], "condition"));
  expect(doubts).not.toEqual([]);
});

it("are warned of once where keys of a join are in doubt, however many take the rows", async () => {
  const left = await stream("left.csv", "k,a\nx,1\ny,2\n");
  const path = join(folder, "right.csv");
  writeFileSync(path, "k,b\nX,1\nY,2\n");
  const right = await run("spreadsheet", undefined, { path });
  const joined = await run("join", { left, right }, { on: ["k"] });
  const all = await run("transform", joined, {
    operation: "filter",
    where: [{ field: "a", operator: "ne", value: "" }],
  });
  const rules: string[] = [];
  const warn = (rule: string) => void rules.push(rule);
  for (const [index, rows] of [joined, all, joined, all].entries()) {
    await run("spreadsheet", rows, { operation: "write", path: join(folder, `out${index}.csv`), warn });
  }
  const once = [...new Set(rules)];
  expect(once).not.toEqual([]);
  const ofKeys = rules.filter((rule) => rule.includes("key") || rule.includes("match"));
  expect(ofKeys, rules.join()).toHaveLength(1);
});
