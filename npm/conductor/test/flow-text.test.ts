import { FlowTextError, type NodeDefinition, readFlow, writeFlow } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";
import { Random } from "../../storage/test/random.js";

const flow = (p: unknown) => ({ id: "a", name: "a", type: "group", version: "1.0.0", parameters: { p } });

/** Reads what must not be readable. */
function problem(text: string, format?: "yaml" | "json") {
  try {
    readFlow(text, format);
  } catch (error) {
    if (error instanceof FlowTextError) return error.problems[0];
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

describe("a text whose format is not said", () => {
  it("is read as JSON where it is JSON", () => {
    const parameters: unknown[] = [
      "\u007f\u0080\u009f\u0085",
      "\ufffe\uffff\ufeff",
      { ["k".repeat(2_000)]: 1 },
      { "tab\tinside": "a\u2028b" },
      [1e21, -0.5, true, null, ""],
    ];
    for (const value of parameters) {
      for (const before of ["", "\ufeff", "\n\r\n\t ", "\ufeff \n"]) {
        expect(readFlow(before + JSON.stringify(flow(value)))).toEqual(flow(value));
        expect(readFlow(before + JSON.stringify(flow(value), null, 2))).toEqual(flow(value));
      }
    }
  });

  it("is read as YAML where it only looks like JSON", () => {
    const expected = flow({ x: [1, "b"] });
    for (const text of [
      "{id: a, type: group, parameters: {p: {x: [1, b]}}}",
      '{"id": a, "type": group, "parameters": {"p": {"x": [1, b]}}}',
      '{"id": "a", "type": "group", "parameters": {"p": {"x": [1, "b",],},},}',
      `{'id': 'a', 'type': 'group', 'parameters': {p: {x: [1, b]}}} # a comment`,
      '"id": a\ntype: group\nparameters: {p: {"x": [1, b]}}\n',
    ]) {
      expect(readFlow(text), text).toEqual(expected);
    }
  });

  it("has JSON's message where it is JSON up to the error, and YAML's elsewhere", () => {
    const failed = (reason: string, line: number, column: number) => ({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringContaining(reason),
      line,
      column,
    });
    expect(problem('{"id": "a",\n "x": 1')).toMatchObject(failed("JSON: expected the rest of an object", 2, 7));
    expect(problem('{"id": "a",\n "x": 1 "y": [}')).toMatchObject(failed("JSON: expected `,` or `}`", 2, 9));
    expect(problem('{\n  "id": "f",\n  "na')).toMatchObject(failed("JSON: expected the rest of a string", 3, 5));
    expect(problem('{"id": "a"}}')).toMatchObject(failed("JSON: expected the end of the text", 1, 12));
    expect(problem("{")).toMatchObject(failed("JSON: ", 1, 1));
    expect(problem("{id: a, b: [1, 2}")).toMatchObject(failed("YAML: ", 1, 12));
    expect(problem("[{id: a, b: [1, 2}]")).toMatchObject(failed("YAML: ", 1, 13));
    expect(problem('"id": a\nb: [1')).toMatchObject(failed("YAML: ", 2, 4));
  });

  it.each(["NaN", "Infinity", "-Infinity"])("is not read with %s as text where JSON has a number", (word) => {
    for (const text of [
      `{"id": "a",\n "p": ${word}}`,
      `{"id": "a",\n "p": [ ${word} ,1]}`,
      `{"id": "a",\n "p": ${word}\n}`,
    ]) {
      expect(problem(text)).toMatchObject({
        code: "DESERIALIZATION_FAILED",
        message: `Failed to parse JSON: expected a finite number, found \`${word}\``,
        path: text.includes("[") ? "/p/0" : "/p",
        line: 2,
      });
    }
    expect(readFlow(`{id: a, type: t, p: ${word}, q: "${word}"}`)).toMatchObject({ p: word, q: word });
    expect(readFlow(`{"id": "a", "type": "t", "p": ${word}s}`)).toMatchObject({ p: `${word}s` });
  });

  it("keeps to the limits, whatever it is", () => {
    const deep = `{"id":"a","p":${"[".repeat(300)}${"]".repeat(300)}}`;
    expect(problem(deep)).toMatchObject({ code: "VALIDATION_FAILED", message: "The limit `depth` is 256, found 257" });
    expect(problem('{"id": "a", "__proto__": {}}')).toMatchObject({ code: "VALIDATION_FAILED", path: "/__proto__" });
  });
});

describe("an object with a key twice", () => {
  it.each([
    ["{id: a, type: t, parameters: {1: a,\n '1': b}}", "1"],
    ["id: a\nparameters: {true: a,\n  'true': b}", "true"],
    ["id: a\nparameters: {1.5: a,\n  ! '1.5': b}", "1.5"],
    ["{id: a,\n id: b}", "id"],
    ['parameters:\n  ? |-\n    x\n  : 1\n  "x": 2', "x"],
    ['{"id": "a",\n "id": "b"}', "id"],
    ['{"id": "a",\n "i\\u0064": "b"}', "id"],
  ])("is refused with key and line: %s", (text, key) => {
    const found = problem(text);
    expect(found).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringContaining(`expected each key once, found \`${key}\` again`),
      line: text.split("\n").length,
    });
  });

  it("is refused in a text that is said to be JSON", () => {
    expect(problem('{"id": "a", "parameters": {"x": 1, "x": 2}}', "json")).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: "Failed to parse JSON: expected each key once, found `x` again",
      path: "/parameters/x",
      line: 1,
    });
  });

  it("is none where a merge brings the key and the object has its own", () => {
    const text = "id: a\ntype: t\nb: &b {x: 1, y: 2}\nc:\n  y: 3\n  <<: *b\nd:\n  <<: *b\n  y: 4\n";
    expect(readFlow(text)).toMatchObject({ c: { x: 1, y: 3 }, d: { x: 1, y: 4 } });
  });
});

/** All of Unicode's white space, and what else editors and parsers take for blank or for a line break. */
const BLANKS = [
  ..."\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
  ..."\u180e\u200b\u200c\u200d\u2060\ufeff",
];
const WORDS = [
  ..."~#:-?%@`&*!|>'\"[]{},=\\/",
  ...[
    "null",
    "Null",
    "true",
    "yes",
    "No",
    "on",
    "y",
    "n",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "<<",
    "---",
    "...",
    "--- a",
    "- ",
    ": ",
  ],
  ...[
    " #",
    "a: b",
    "a #b",
    "0x1f",
    "0o7",
    "017",
    "1e3",
    "1_000",
    "1:30",
    "2024-01-01",
    "+1",
    ".5",
    "-",
    "%YAML 1.2",
    "!!str a",
  ],
  ...[
    "\0",
    "\u0001",
    "\u001b",
    "\u007f",
    "\u0080",
    "\u009f",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "😀",
    "é",
    "\u0301",
    "\u202e",
    "a",
    "b c",
  ],
];

class Values {
  constructor(private readonly random: Random) {}

  value(depth: number): unknown {
    switch (this.random.below(depth > 0 ? 9 : 6)) {
      case 0:
        return this.random.of([
          null,
          true,
          false,
          0,
          -1,
          1.5,
          1e21,
          5e-324,
          2 ** 53 + 2,
          2 ** 64,
          -1e-7,
          Number.MAX_VALUE,
        ]);
      case 6:
        return Array.from({ length: this.random.below(4) }, () => this.value(depth - 1));
      case 7:
      case 8:
        return Object.fromEntries(
          Array.from({ length: this.random.below(4) }, () => [this.text(), this.value(depth - 1)]),
        );
      default:
        return this.text();
    }
  }

  text(): string {
    switch (this.random.below(8)) {
      case 0:
        return this.random.of(BLANKS).repeat(1 + this.random.below(3));
      case 1:
        return this.random.of(WORDS);
      case 2:
        return this.random.of(BLANKS) + this.random.of(WORDS) + this.random.of(["", ...BLANKS]);
      case 3:
        return this.random.of(WORDS) + this.random.of(BLANKS) + this.random.of(WORDS);
      case 4:
        return this.random.below(50) === 0 ? this.random.of(WORDS).repeat(1_000 + this.random.below(200)) : "x";
      case 5:
        return String.fromCodePoint(...Array.from({ length: this.random.below(4) }, () => this.codePoint()));
      default:
        return Array.from({ length: this.random.below(8) }, () =>
          this.random.of(this.random.below(2) ? BLANKS : WORDS),
        ).join("");
    }
  }

  private codePoint(): number {
    const code = this.random.below(this.random.below(3) === 0 ? 0x110000 : 0x3100);
    return code >= 0xd800 && code < 0xe000 ? 0x2028 : code;
  }
}

describe("a flow that is written and read again", () => {
  it.each(["yaml", "json"] as const)("is the same, whatever is in it: 12,000 flows as %s", (format) => {
    const values = new Values(new Random(11));
    for (let round = 0; round < 12_000; round++) {
      const original = flow(values.value(3)) as NodeDefinition;
      const text = writeFlow(original, format);
      for (const read of [readFlow(text), readFlow(text, format)]) {
        if (JSON.stringify(read) !== JSON.stringify(original)) {
          expect(read, `round ${round}: ${JSON.stringify(text)}`).toEqual(original);
        }
      }
    }
  });

  it("is refused with its place where a text has half a surrogate pair", () => {
    const refused = (value: unknown, path: string) => {
      for (const format of ["yaml", "json"] as const) {
        expect(() => writeFlow(flow(value) as NodeDefinition, format)).toThrow(
          expect.objectContaining({
            code: "SERIALIZATION_FAILED",
            message: `The flow cannot be written: a text has half of a surrogate pair (${path})`,
          }),
        );
      }
    };
    refused("\ud800", "/parameters/p");
    refused(["a", "a\udc00b"], "/parameters/p/1");
    refused({ "\udbff": 1 }, "/parameters/p");
    expect(problem('{"id":"a","p":"\\ud800"}')).toMatchObject({
      message: "Failed to parse JSON: a text has half of a surrogate pair",
      path: "/p",
      line: 1,
    });
  });

  it("has quotes around a text that begins or ends with any blank, for readers that take more for blanks than YAML", () => {
    for (const blank of BLANKS.filter((character) => /[^\S\n]/.test(character))) {
      for (const text of [blank, `${blank}a`, `a${blank}`]) {
        const written = writeFlow(flow(text) as NodeDefinition);
        expect(written, JSON.stringify(text)).toMatch(/\n {2}p: "[^"]*"\n$/);
      }
    }
  });
});
