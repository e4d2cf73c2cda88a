/** What expressions compute, and what they refuse. */
import { describe, expect, it } from "vitest";
import { compile } from "../../src/expressions/compile";
import type { Scope } from "../../src/expressions/scope";
import { partsOf } from "../../src/expressions/text";

const scopeOf = (data: unknown): Scope => ({
  input: { default: data },
  data,
  loop: undefined,
  variables: { limit: 3 },
  run: { id: "r", startedAt: "2020-01-01T00:00:00.000Z", attempt: 1, flowId: "f" },
  now: "2020-01-01T00:00:01.000Z",
  node: (id) => ({ id }),
  env: (name) => `env ${name}`,
  secret: (name) => `secret ${name}`,
});

const value = (source: string, data: unknown = {}) => compile(source, 0).evaluate(scopeOf(data));
const failure = (source: string, data: unknown = {}): string => {
  try {
    value(source, data);
  } catch (error) {
    expect((error as Error).name).toBe("ExpressionError");
    return (error as Error).message;
  }
  throw new Error(`${source} gave a value`);
};

describe("paths and literals", () => {
  const data = { user: { name: "Ada", tags: ["a", "b"] }, "odd key": 1, none: null, text: "héllo" };
  it.each<[string, unknown]>([
    ["data.user.name", "Ada"],
    ["data.user.tags[1]", "b"],
    ["data['odd key']", 1],
    ["data.user.tags.length", 2],
    ["data.text.length", 5],
    ["data.text[1]", "é"],
    ["data.missing", undefined],
    ["data.missing?.name", undefined],
    ["data.missing?.name.of.something", undefined],
    ["data.none?.x", undefined],
    ["data.user?.name", "Ada"],
    ["'text'", "text"],
    ['"a\\"b"', 'a"b'],
    ["1.5", 1.5],
    ["true", true],
    ["null", null],
    ["[1, data.user.name]", [1, "Ada"]],
    ["{ a: { b: data.user.name } }", { a: { b: "Ada" } }],
    ["nodes.fetch.id", "fetch"],
    ["nodes['fetch-users'].id", "fetch-users"],
    ["variables.limit", 3],
    ["run.flowId", "f"],
    ["now", "2020-01-01T00:00:01.000Z"],
    ["env.HOME", "env HOME"],
    ["secrets.KEY", "secret KEY"],
  ])("%s", (source, expected) => expect(value(source, data)).toEqual(expected));

  it("reads own properties only", () => {
    class User {
      name = "Ada";
      get secret() {
        return "inherited";
      }
    }
    for (const of of ["data", "data.user", "data.text", "data.user.tags", "input"]) {
      for (const key of ["constructor", "__proto__", "toString", "hasOwnProperty", "prototype"]) {
        expect(value(`${of}.${key}`, data)).toBeUndefined();
        expect(value(`${of}["${key}"]`, data)).toBeUndefined();
        expect(value(`${of}["" + "${key}"]`, data)).toBeUndefined();
      }
    }
    expect(value("[data.name, data.secret]", new User())).toEqual(["Ada", undefined]);
    expect(failure("data[data.user]", data)).toContain("uses an object as the name of a property");
  });
});

describe("operators, methods and callbacks", () => {
  const data = {
    count: 2,
    name: " Ada ",
    rows: [
      { id: 3, n: "x" },
      { id: 1, n: "y" },
      { id: 2, n: "x" },
    ],
  };
  it.each<[string, unknown]>([
    ["data.count + 1", 3],
    ["'n' + data.count", "n2"],
    ["data.count > 1 && data.count <= 2", true],
    ["data.count === '2'", false],
    ["data.count == '2'", true],
    ["data.missing == null", true],
    ["'10' > 9", true],
    ["data.missing ?? 'none'", "none"],
    ["data.count > 1 ? 'many' : 'one'", "many"],
    ["!data.missing", true],
    ["-data.count", -2],
    ["2 ** 3 % 5", 3],
    ["data.name.trim().toUpperCase()", "ADA"],
    ["data.rows.map(row => row.id)", [3, 1, 2]],
    ["data.rows.filter(row => row.n === 'x').map((row, i) => row.id * 10 + i)", [30, 21]],
    ["data.rows.map(r => data.rows.filter(o => o.n === r.n).length)", [2, 1, 2]],
    ["data.rows.reduce((sum, row) => sum + row.id, 0)", 6],
    ["data.rows.toSorted((a, b) => a.id - b.id)[0].id", 1],
    ["data.rows.map(({id}) => id)", undefined],
    ["data.rows.find(row => row.id === 9)?.n", undefined],
    ["Math.max(1, data.count, 1.5)", 2],
    ["JSON.stringify({ a: [data.count] })", '{"a":[2]}'],
    ["Object.keys(data).join('-')", "count-name-rows"],
    ["'a,b'.split(',').concat(['c'])", ["a", "b", "c"]],
    ["(2.345).toFixed(2)", "2.35"],
    ["data.missing?.trim()", undefined],
    ["'x'.repeat(3) + 'a-b'.replaceAll('-', '+')", "xxxa+b"],
    ["{ data }", { data }],
  ])("%s", (source, expected) => {
    if (source.includes("({id})")) expect(failure(source, data)).toContain("a parameter that is more than a name");
    else expect(value(source, data)).toEqual(expected);
  });

  it("says what it cannot compute instead of computing nonsense", () => {
    expect(failure("data.user.name")).toBe(
      '`${{ data.user.name }}` reads "name" of data.user, which is undefined; write `?.` where it may be missing',
    );
    expect(failure("data.missing + 1")).toContain("uses `+` on undefined");
    expect(failure("data.missing > 1")).toContain("uses `>` on undefined");
    expect(failure("'abc' * 2")).toContain("uses `*` on text that is no number");
    expect(failure("data + 'x'")).toContain("uses `+` on an object");
    expect(failure("data.rows.fliter()", data)).toContain("`fliter()` is not known. Did you mean `filter`?");
    expect(failure("data.count.trim()", data)).toContain("which a number does not have; it has toFixed, toString");
    expect(failure("data.trim()", data)).toContain("on an object, which has no methods in expressions");
  });
});

describe("what is not defined", () => {
  it.each<[string, string]>([
    ["inptu.x", "`inptu` is not defined. Did you mean `input`? Defined are input, data, item"],
    ["1 + dta", "`dta` is not defined. Did you mean `data`?"],
    ["1 + dta", "(character 5 of `1 + dta`)"],
    ["nodes.fetch-users", 'An id with a dash is written `nodes["fetch-users"]`'],
    ["nodes[data.x]", "A name of `nodes` is written out"],
    ["nodes", "`nodes` is read by name"],
    ["$json.x", "`$json` is not defined. Did you mean `data`?"],
    ["process.env.HOME", "`process` is not defined"],
    ["globalThis", "`globalThis` is not defined"],
    ["this.x", "`this`"],
    ["eval('1')", "`eval` cannot be called"],
    ["Function('return 1')()", "cannot be called"],
    ["data.constructor('x')", "`constructor()` is not known"],
    ["data.map.constructor", ""],
    ["(x => x)(1)", "cannot be called"],
    ["x => x", "a function outside of a call"],
    ["1; 2", "several expressions"],
    ["a = 1", ""],
    ["data.", ""],
    ["", "nothing between"],
    ["`t`", ""],
    ["new Date()", ""],
    ["/a+/.test(data)", ""],
    ["items[0]", "`items` has only `length`"],
  ])("%s", (source, message) => {
    if (source === "data.map.constructor") return expect(failure(source)).toContain("which is undefined");
    return expect(failure(source)).toContain(message);
  });
});

describe("text", () => {
  const sources = (text: string) =>
    partsOf(text).map((part) => (typeof part === "string" ? part : [part.source.trim()]));
  it.each<[string, unknown]>([
    ["plain {{ a }} $ {", ["plain {{ a }} $ {"]],
    ["a ${{ b }} c", ["a ", ["b"], " c"]],
    ["${{ a }}${{ b }}", [["a"], ["b"]]],
    ["$${{ a }}", ["${{ a }}"]],
    ["$$${{ a }}", ["$${{ a }}"]],
    ["x$${{ a }} ${{ b }}", ["x${{ a }} ", ["b"]]],
    ["${{ '}}' + \"}}\" }}", [["'}}' + \"}}\""]]],
    ["${{ {a: {b: 1}} }}", [["{a: {b: 1}}"]]],
    ["${{{a:{b:1}}}}", [["{a:{b:1}}"]]],
    ["${{ 'it\\'s }}' }}", [["'it\\'s }}'"]]],
  ])("%s", (text, parts) => expect(sources(text)).toEqual(parts));

  it("has an end for each expression", () => {
    expect(() => partsOf("a ${{ b")).toThrow("is not closed by `}}`; write `$${{` for the text `${{` itself");
  });
});

describe("hostile expressions", () => {
  it("are bounded in length and depth", () => {
    expect(() => partsOf(`\${{ ${"x".repeat(1_000_000)} }}`)).toThrow("10000 characters at most");
    for (const deep of [
      `${"(".repeat(4000)}1${")".repeat(4000)}`,
      `${"!".repeat(9000)}1`,
      `${"[".repeat(4000)}${"]".repeat(4000)}`,
    ]) {
      try {
        value(deep);
      } catch (error) {
        expect((error as Error).message).toContain("nested too deeply");
      }
    }
    expect(value(`${"1+".repeat(500)}1`)).toBe(501);
  });

  it("are bounded in steps and in what they make", () => {
    const data = { list: Array.from({ length: 2000 }, (_, index) => index) };
    expect(failure("data.list.map(a => data.list.map(b => data.list.map(c => 1)))", data)).toContain(
      "takes more than 1000000 steps",
    );
    expect(failure("'x'.repeat(20000000)")).toContain("larger than");
    expect(failure("data.list.reduce((t, x) => t + t, 'xxxxxxxxxx')", data)).toContain("makes a text of more than");
    expect(failure("'x'.repeat(10000000).replaceAll('x', 'yyy')")).toContain("makes a text of more than");
    expect(failure("'x'.padStart(1e9)")).toContain("larger than");
  });

  it("change no prototype and no data", () => {
    const data = JSON.parse('{"__proto__": {"polluted": 1}, "list": [2, 1]}') as object;
    expect(value('data["__proto__"].polluted', data)).toBe(1);
    const made = value('{ "__proto__": { polluted: 1 }, constructor: 2 }') as object;
    expect(Object.keys(made)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    value("data.list.toSorted()", data);
    expect(data).toMatchObject({ list: [2, 1] });
  });
});

describe("random paths", () => {
  it("give what a plain walk over own properties gives", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const keys = ["a", "b", "constructor", "length", "0", "1", "__proto__", "x y"];
    const make = (depth: number): unknown => {
      const kind = random(depth > 3 ? 3 : 5);
      if (kind === 0) return random(10);
      if (kind === 1) return "text";
      if (kind === 2) return null;
      if (kind === 3) return Array.from({ length: random(3) }, () => make(depth + 1));
      return Object.fromEntries(keys.filter(() => random(2) === 0).map((key) => [key, make(depth + 1)]));
    };
    for (let round = 0; round < 3000; round++) {
      const data = make(0);
      const path = Array.from({ length: random(4) + 1 }, () => keys[random(keys.length)] as string);
      let expected = data;
      for (const key of path) {
        if (expected === null || expected === undefined) break;
        if (typeof expected === "object" && Object.hasOwn(expected, key))
          expected = (expected as Record<string, unknown>)[key];
        else expected = typeof expected === "string" && key === "length" ? expected.length : undefined;
      }
      const source = `data${path.map((key) => `?.["${key}"]`).join("")}`;
      expect(value(source, data) ?? undefined, `${source} of ${JSON.stringify(data)}`).toEqual(expected ?? undefined);
    }
  });
});
