import { describe, expect, it } from "vitest";

import { machineParsers } from "../src/executables.js";
import { nodeTypes } from "../src/index.js";
import { places } from "./run.js";

const problemsOf = (code: unknown, language?: string) =>
  nodeTypes.get("code")?.problems?.({ code, ...(language && { language }) }, machineParsers) ?? [];

describe.each(places)("TypeScript in $name", ({ run, failure }) => {
  const result = async (code: string, input: unknown = {}, more = {}) =>
    (await run("code", input, { code, language: "typescript", ...more })).result;
  const words = async (code: string, more = {}) => {
    const { code: kind, message } = await failure("code", {}, { code, language: "typescript", ...more });
    return `${kind} ${message}`;
  };

  it("runs without its types", async () => {
    expect(await result("const a: number = 1; return a")).toBe(1);
    expect(
      await result(
        `import type { Order } from "./orders";
import { type Other } from "x";
interface Row { total: number; tags?: string[] }
type Keys<T> = { [K in keyof T]: T[K] };
declare const unused: string;
abstract class Sum<T extends Row> { value!: number; constructor(rows: readonly T[]) { this.value = rows.reduce((sum: number, row): number => sum + row.total, 0); } }
class Plain extends Sum<Row> {}
function first<T>(list: T[]): T | undefined { return list[0]; }
function isRow(value: unknown): value is Row { return typeof value === "object" && value !== null; }
const rows = (data as Row[]).filter(isRow) satisfies Row[];
return [new Plain(rows).value, first<Row>(rows)!.total, rows[0]?.tags as unknown as undefined];`,
        [{ total: 2 }, { total: 3 }],
      ),
    ).toEqual([5, 2, undefined]);
  });

  it("takes a function of every form", async () => {
    const input = { default: [1, 2] };
    for (const code of [
      "({ data }: { data: number[] }): number => data.length",
      "({ data }: { data: number[] }): {\n  n: number\n}['n'] => data.length",
      "<T,>({ data }: { data: T[] }) => data.length",
      "function ({ data }: { data: number[] }): number { return data.length }",
      "function count(this: void, { data }: { data: number[] }) { return data.length }",
      "// of (numbers) =>\nconst list: number[] = data;\nreturn list.length;",
      "\n\n  return (data as number[]).length;\n",
    ])
      expect(await result(code, input), code).toBe(2);
  });

  it("has enums", async () => {
    const code = `enum Size { Small, Large = "l", /* é😀 */ Other = Small | 4 }
const enum Level {
  Low = 1, // the least
  High,
} return [Size.Small, Size[0], Size.Large, Size.Other, Level.High, Level[2]];`;
    expect(await result(code)).toEqual([0, "Small", "l", 4, 2, "High"]);
  });

  it("means what TypeScript means, and JavaScript only where that is said", async () => {
    const code = "const a = 1, b = 2, c = 3; return typeof (a < b > (c))";
    expect(await result(code, {}, { language: "javascript" })).toBe("boolean");
    expect(await words(code)).toContain("not a function");
  });

  it("keeps statements apart between which a type stood", async () => {
    for (const type of [
      "type A = 1",
      "interface A { type: string }",
      "declare const a: string",
      'import type A from "a"',
    ])
      expect(
        await result(`let x = 1\n${type}\n;[2].map((n) => (x += n))\nlet y = x\n${type};\n(x)\nreturn [x, y]`),
      ).toEqual([3, 3]);
    expect(
      await result("const type = 1, f = (interface_: number, /* type */ b: /* type */ number) => type; return f(1, 2)"),
    ).toBe(1);
  });

  it("keeps text as it is, whatever letters it has", async () => {
    const text = "é😀漢\u00a0\te\u0301";
    expect(await result(`const ä: string = "${text}"; /* ${text} */ return ä + \`${text}\${1 as number}\``)).toBe(
      `${text}${text}1`,
    );
  });

  it("tells line and column of what is wrong", async () => {
    expect(await words("const a: number = 1;\n\tconst 'é😀' b: = 2;")).toMatch(
      /^INVALID_PARAMETERS \[code\] `code` is no TypeScript: .*\(line 2, column 8 of it\)$/,
    );
    expect(await words("let é😀: = 2")).toContain("(line 1, column ");
    expect(await words("/* 😀漢 */ let b: = 2")).toContain("(line 1, column 18 of it)");
    expect(await words("interface A {\n  b: number\n}\nenum C {\n  D\n}\nreturn data.x.y")).toMatch(
      /line 7: TypeError/,
    );
    expect(await words("({ data }: { data: string }):\n number =>\n data.length")).toMatch(/line 3: TypeError/);
  });

  it("says what it does not take", async () => {
    expect(await words("namespace A { export const b = 1 }\nreturn A.b")).toMatch(
      /namespace declaration cannot be used here.*line 1, column 1 of/,
    );
    expect(await words("class A { constructor(private b: number) {} }")).toContain(
      "parameter property cannot be used here",
    );
    expect(await words("return <number>data")).toContain("`<T>expr` cannot be used here. Instead, use the 'as' syntax");
    expect(await words('import { readFile } from "fs"\nreturn 1')).toContain("user code cannot `import`");
    expect(await words("export const a = 1")).toContain("take `export` away");
    expect(await words("const a: number = await b")).toContain("nothing is awaited");
    expect(await words("const a = 1", { language: "coffee" })).toContain("language");
  });

  it("goes on after text that is nested too deeply", async () => {
    const depth = 100_000;
    expect(await words(`return ${"[".repeat(depth)}${"]".repeat(depth)}`)).toContain("it is nested too deeply");
    expect(await result("const a: number = 1; return a")).toBe(1);
  });

  it("says of JavaScript that it may be TypeScript", async () => {
    for (const code of [
      "const a: number = 1; return a",
      "interface A { b: C }",
      "return data as Row[]",
      "({ data }: In) => 1",
    ])
      expect(await words(code, { language: "javascript" }), code).toContain("say so by `language: typescript`");
    expect(await words("const a = ;", { language: "javascript" })).not.toContain("TypeScript");
  });
});

it("is checked before a run", () => {
  const typed = "const a: number = 1;\nreturn a as number";
  expect(problemsOf(typed, "typescript")).toEqual([]);
  expect(problemsOf("function (a: number): number { return a }", "typescript")).toEqual([]);
  expect(problemsOf(typed)).toMatchObject([
    {
      rule: "code-syntax",
      path: "/code",
      severity: "error",
      message: expect.stringMatching(/no JavaScript: .*\(line 1, column 7 of it\); if it is TypeScript/),
    },
  ]);
  expect(problemsOf("const a: number = 1;\n  return a as;", "typescript")).toMatchObject([
    {
      rule: "code-syntax",
      path: "/code",
      message: expect.stringMatching(/^`code` is no TypeScript: .*\(line 2, column 14 of it\)$/),
    },
  ]);
  // What is no JavaScript without its types.
  expect(problemsOf("const a: number = 1;\n let a: number = 2;", "typescript")).toMatchObject([
    { message: expect.stringMatching(/already been declared.*\(line 2, column 6 of it\)$/) },
  ]);
  expect(problemsOf("const a: number = ${{ data.a }};", "typescript")).toEqual([]);
});
