import { describe, expect, it } from "vitest";

import { carriedBy } from "../../conductor/src/engine/executables.js";
import { machineParsers } from "../src/executables.js";
import { nodeTypes, routed, routesOf } from "../src/index.js";
import { isUnread, run as onMachine, places } from "./run.js";
import { outcome } from "./warned.js";

describe.each(places)("code in $name", ({ name, run, failure }) => {
  const result = async (code: string, input: unknown = {}, more = {}) =>
    (await run("code", input, { code, ...more })).result;

  it("is a function, or the body of one", async () => {
    const input = { a: { result: [1, 2] }, b: routed({ value: { n: 3 } }, ["x"]) };
    expect(await result("({ inputs }) => inputs.a.length + inputs.b.n", input)).toBe(5);
    expect(await result("return inputs.a.map((x) => x * inputs.b.n)", input)).toEqual([3, 6]);
    expect(await result("// a comment (of words)\nfunction f({ inputs: { a } }) { return a }", input)).toEqual([1, 2]);
    expect(await result("/* => */ values => Object.keys(values.inputs)", input)).toEqual(["a", "b"]);
    expect(await result("const data = inputs.b; return data.n;", input)).toBe(3);
    expect(await result("if (inputs.a) return (() => 1)();\nreturn 2 // last", input)).toBe(1);
  });

  it("finds data and variables, by name as well", async () => {
    const input = { default: { result: { total: 5 } } };
    expect(await result("return data.total + variables.tax", input, { variables: { tax: 2 } })).toBe(7);
    expect(await result("() => data.total + variables.tax", input, { variables: { tax: 2 } })).toBe(7);
    expect(await result("({ data, variables }) => [data, variables]", { a: 1, b: 2 })).toEqual([undefined, {}]);
    expect(await result("return typeof data + typeof inputs.default", [1])).toBe("objectobject");
    expect(await result("return data", [1])).toEqual([1]);
  });

  it("reads the rows of tables only if it asks for them", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a\n1\n2\n" });
    expect(await result("return inputs.other", { table, other: 5 })).toBe(5);
    // A page has no engine that could fetch them later.
    if (name === "a machine") expect(isUnread(table, "records")).toBe(true);
    expect(await result("return inputs.table.map((row) => row.a)", { table })).toEqual(["1", "2"]);
    expect(await result("({ data }) => data[1]", { default: { result: table } })).toEqual({ a: "2" });
  });

  it("gives what it writes with console, if it does", async () => {
    const code = `
console.log("total", data.length, { a: [1, "b"] }, null, undefined, NaN);
console.error(new TypeError("odd"));
console.warn("two\\nlines");
return 1;`;
    const stdout = 'total 2 {"a":[1,"b"]} null undefined NaN\nTypeError: odd\ntwo\nlines\n';
    expect(await run("code", [1, 2], { code })).toEqual({ result: 1, stdout });
    expect(await run("code", [1, 2], { code: "return 1" })).toEqual({ result: 1 });
    expect((await run("code", {}, { code: "console.table([{ a: 1 }]); return 1" })).stdout).toBe('[{"a":1}]\n');
    expect(await run("code", {}, { code: "console.log(1); return { a: 1 }", outputs: ["a"] })).toEqual({
      handles: ["a"],
      value: { a: 1 },
      stdout: "1\n",
    });
  });

  it("keeps the beginning of much that it writes, and lets nothing of it change the rest", async () => {
    const much = await run("code", {}, { code: "for (let i = 0; i < 1e5; i++) console.log('漢'.repeat(9)); return 1" });
    expect(String(much.stdout).length).toBeLessThan(66_000);
    expect(String(much.stdout)).toMatch(/漢\n… \(more is left out\)\n$/);
    const code = `
for (const name of ["0", "toJSON"]) {
  Object.defineProperty(Array.prototype, name, { set(value) { throw value; }, get() { throw this; } });
  Object.defineProperty(Object.prototype, name, { set(value) { throw value; }, get() { throw this; } });
}
console.log("plain", {}, [], Object.create(null), () => 1, Symbol("s"), 1n);
console.log(new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } }));
String.prototype.slice = Function.prototype.call = () => "mine";
console = { log() {} };
console.log("not seen");
return 1;`;
    expect(await run("code", {}, { code })).toMatchObject({
      result: 1,
      stdout: expect.stringMatching(/^plain .*\na value that cannot be shown\n$/),
    });
  });

  it("reports the last line that it wrote, also when it fails", async () => {
    const said: unknown[] = [];
    const progress = (...report: unknown[]) => void said.push(report);
    const code = "console.log('first'); console.log('row', 7); throw new Error('odd')";
    expect((await failure("code", {}, { code, progress })).message).toContain("odd");
    expect(said).toEqual([[50, "row 7"]]);
  });

  it("writes once although it is called again with the rows of a table", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a\n1\n2\n" });
    const code = "console.log('begun'); console.log(inputs.table.length); return 1";
    expect((await run("code", { table }, { code })).stdout).toBe("begun\n2\n");
  });

  it("leads several ways, each with a value of its own", async () => {
    const outputs = ["large", "small", "none"];
    const output = await run(
      "code",
      { data: [1, 20] },
      {
        outputs,
        code: "return { large: data.filter((n) => n > 9), small: 0, none: undefined }",
      },
    );
    expect(output).toEqual({ handles: ["large", "small"], value: { large: [20], small: 0, none: undefined } });
    expect(routesOf(output)).toEqual(["large", "small"]);
    expect([carriedBy(output, "large"), carriedBy(output, "small")]).toEqual([[20], 0]);
    expect(await failure("code", {}, { outputs, code: "return [1]" })).toMatchObject({
      code: "TYPE_MISMATCH",
      message: "[code] With `outputs` the code must return an object with `large`, `small` or `none`, not an array",
    });
    expect((await failure("code", {}, { outputs: ["error"], code: "return {}" })).message).toContain("`outputs[0]`");
    expect((await failure("code", {}, { outputs: [], code: "return {}" })).code).toBe("INVALID_PARAMETERS");
    const own = await run("code", {}, { outputs: ["__proto__"], code: "return JSON.parse('{\"__proto__\": 1}')" });
    expect(own.handles).toEqual(["__proto__"]);
    expect((await run("code", {}, { outputs: ["toString"], code: "return {}" })).handles).toEqual([]);
  });

  it("has nothing but the language, and its limits", async () => {
    expect((await failure("code", {}, { code: "return fetch('http://x')" })).message).toContain(
      "fetch is not defined: user code has the language alone",
    );
    expect(
      await result(
        "return typeof process + typeof require + typeof globalThis.constructor.constructor('return this.process')()",
      ),
    ).toBe("undefinedundefinedundefined");
    expect(await failure("code", {}, { code: "while (true) {}", timeout: 100 })).toMatchObject({ code: "TIMEOUT" });
    const greedy = "const all = []; while (true) all.push('x'.repeat(1e5) + all.length)";
    expect(await failure("code", {}, { code: greedy, memoryLimit: 4194304 })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
    });
    expect((await failure("code", {}, { code: "async () => 1" })).message).toContain("a Promise");
    // A page without workers gives nothing its turn while the code runs.
    if (name !== "a machine") return;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect(
      await failure("code", {}, { code: "while (true) {}", timeout: 10_000, signal: controller.signal }),
    ).toMatchObject({ code: "CANCELLED" });
  });

  it("says where it fails", async () => {
    expect((await failure("code", {}, { code: "const a = 1;\nreturn a.b.c" })).message).toMatch(
      /^\[code\] code failed, line 2/,
    );
    expect((await failure("code", {}, { code: "const = 1" })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("code", {}, { code: "(inputs).map((x) => x)" })).code).not.toBe("INTERNAL_ERROR");
    expect((await failure("code", {}, { code: "const a: number = 1; return a" })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("code", {}, {})).message).toContain("`code` is missing");
  });
});

describe("code that was hardly meant so", () => {
  const said = async (code: string, input: unknown = {}, more = {}) =>
    (await outcome("code", input, { code, ...more })).warnings;

  it("is told", async () => {
    expect(await said("data.length", { data: [1] })).toEqual([
      ["empty-result", expect.stringContaining("needs `return`")],
    ]);
    expect(await said("return [inputs.usrs]", { users: [] })).toEqual([
      ["missing-field", "`inputs.usrs` in `code` is not there: there is no `usrs`. Did you mean `users`?"],
    ]);
    expect(await said("return inputs.usrs || 0", { users: [] })).toEqual([]);
    expect(await said("return { lrage: 1 }", {}, { outputs: ["large", "small"] })).toEqual([
      [
        "unknown-output",
        "The code returned `lrage`, which is not among `outputs`, so that no edge brings it. Did you mean `large`?",
      ],
      ["no-output", "The code returned none of `large` or `small`, so that no handle fires"],
    ]);
    expect(await said("return { large: 1 }", {}, { outputs: ["large", "small"] })).toEqual([]);
  });

  it("is found wrong before it runs", () => {
    const problems = (code: string) => nodeTypes.get("code")?.problems?.({ code }, machineParsers);
    expect(problems("const x = 1;\nreturn x +;")).toMatchObject([{ rule: "code-syntax", path: "/code" }]);
    expect(problems("const x = 1;\nreturn x +;")?.[0]?.message).toContain("line 2");
    expect(problems("({ inputs }) => inputs.")).toHaveLength(1);
    expect(problems("const x = 1;\nreturn x;")).toEqual([]);
    expect(problems("({ inputs }) => inputs;")).toEqual([]);
  });
});
