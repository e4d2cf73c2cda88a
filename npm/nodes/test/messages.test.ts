import { loadAddon } from "@atomiton/conductor-native";
import { describe, expect, it } from "vitest";
import { durationMs } from "../src/data/duration.js";
import { nodeTypes } from "../src/index.js";
import { parseParameters } from "../src/library/parameters.js";
import { failure } from "./run.js";

const typeOf = (name: string) => nodeTypes.get(name) as NonNullable<ReturnType<typeof nodeTypes.get>>;

describe("what a node says of its parameters", () => {
  const said = async (type: string, parameters: Record<string, unknown>) => {
    const error = await failure(type, {}, parameters);
    expect(error.code).toBe("INVALID_PARAMETERS");
    return error.message;
  };

  it("names the path, what was found and what is allowed", async () => {
    expect(await said("http-request", { url: "http://x", bodyType: "xml" })).toBe(
      'Invalid http-request parameters: `bodyType` must be one of "auto", "json", "form", "multipart", "text", "file", found "xml"',
    );
    expect(await said("edit-fields", { values: 5 })).toBe(
      "Invalid edit-fields parameters: `values` must be an object or text, found 5",
    );
    expect(await said("transform", { where: [{ field: "", operator: "eq" }, { operator: "eq" }] })).toBe(
      'Invalid transform parameters: `where[0].field` must be text that is not empty, found ""; ' +
        "`where[1].field` is missing; it must be text",
    );
    expect(await said("spreadsheet", { path: "x", hasHeaders: "yes", sheetIndex: 1.5 })).toBe(
      "Invalid spreadsheet parameters: `sheetIndex` must be a whole number, found 1.5; " +
        '`hasHeaders` must be true or false, found "yes"',
    );
    expect(await said("file-system", {})).toBe(
      "Invalid file-system parameters: `path`: Path is required, found nothing",
    );
    expect(await said("http-request", { url: "nonsense" })).toBe(
      'Invalid http-request parameters: `url`: Must be a valid URL with http or https, found "nonsense"',
    );
  });

  it("shows little of large values and never lists without end", async () => {
    const long = await said("transform", { operation: "x".repeat(100_000) });
    expect(long.length).toBeLessThan(400);
    const many = await said("transform", { where: Array.from({ length: 10_000 }, () => 1) });
    expect(many).toContain("`where[19]`");
    expect(many).not.toContain("`where[20]`");
    expect(many).toMatch(/; and 9980 more$/);
  });

  it("says what a duration looks like", async () => {
    expect(await said("transform", { timeout: "10 seconds" })).toBe(
      "Invalid transform parameters: `timeout`: expected a number of ms or a duration such as " +
        '`250ms`, `10s`, `5m`, `1.5h` or `2d`, found "10 seconds"',
    );
  });
});

describe("durations", () => {
  it("become ms wherever a parameter counts them", async () => {
    expect(await parseParameters(typeOf("transform"), { timeout: "1.5h" })).toMatchObject({ timeout: 5_400_000 });
    expect(await parseParameters(typeOf("transform"), { timeout: 10 })).toMatchObject({ timeout: 10 });
    await expect(async () => parseParameters(typeOf("transform"), { timeout: "0s" })).rejects.toThrow(
      "`timeout` must be at least 1",
    );
  });

  it("are read as the engine reads them", () => {
    const read = loadAddon()["durationMs"] as (text: string) => number;
    const numbers = [
      "0",
      "1",
      "10",
      "1.5",
      "0.25",
      "12.345",
      "1.",
      ".5",
      "",
      "-1",
      "+1",
      "1e3",
      "1.2.3",
      "9".repeat(400),
    ];
    const units = ["ms", "s", "m", "h", "d", "", "S", " s", "sec", "min", "w"];
    for (const number of [...numbers, "99999999999999999999", "0.000001", `0.${"1".repeat(400)}`]) {
      for (const unit of units) {
        const engine = read(number + unit);
        const own = durationMs(number + unit);
        if (Number.isNaN(engine)) expect(own, number + unit).toBeUndefined();
        else expect(Math.abs((own ?? Number.NaN) - engine), number + unit).toBeLessThanOrEqual(engine * 1e-15);
      }
    }
  });
});

describe("a name that is not defined in user code", () => {
  const said = async (type: string, parameters: Record<string, unknown>) =>
    (await failure(type, { data: [{ x: 1 }] }, parameters)).message;

  it("is told with those that are", async () => {
    expect(await said("transform", { transformFunction: "(row, index) => rwo.x" })).toBe(
      "[transform] transformFunction failed at item 0, line 1: ReferenceError: rwo is not defined; " +
        "defined are `row`, `index`, `input`, `data`, `variables`, `env`, `secrets`, `run`, `now`, `nodes`, " +
        "inside a loop `item`, `items`, `loop`, and the built-ins of JavaScript. Did you mean `row`?",
    );
    expect(
      await said("transform", { operation: "filter", transformFunction: "({ x, y: other = 3 }) => z > 1" }),
    ).toContain("defined are `x`, `other`, `input`, `data`,");
    const expression = await said("condition", { expression: "itm.length > 0" });
    expect(expression).toContain("itm is not defined; defined are `input`, `item`");
    expect(expression).toContain("Did you mean `item`?");
    expect(await said("condition", { expression: "mth.max(1, 2)" })).toContain("Did you mean `Math`?");
  });

  it("that belongs to a host is told as that", async () => {
    expect(await said("transform", { transformFunction: "row => fetch(row.url)" })).toContain(
      "fetch is not defined: user code has the language alone, and nothing of its host",
    );
    expect(await said("transform", { transformFunction: "row => console.log(row)" })).toContain(
      "console is not defined: it is there in nodes of type `code` alone",
    );
  });

  it("leaves what the code itself throws as it is", async () => {
    expect(
      await said("transform", { transformFunction: "row => { throw new ReferenceError('my own words') }" }),
    ).toMatch(/ReferenceError: my own words$/);
  });
});
