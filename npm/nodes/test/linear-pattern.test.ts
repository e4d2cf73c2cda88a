import { describe, expect, it } from "vitest";
import { linearPattern } from "../src/data/linear-pattern.js";

const isIn = async (pattern: string, text: string, ignoreCase = false) =>
  (await linearPattern(pattern, ignoreCase)).isIn(text);

/** A generator of numbers that gives the same ones for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("a pattern", () => {
  it.each([
    "abc",
    "^a",
    "c$",
    "^$",
    "",
    "a|b|",
    "(ab)+c",
    "(?:a*)*b",
    "a{2,3}",
    "a{2}$",
    "^a{,2}",
    "[a-c]+\\d?",
    "[^a-c]",
    "[\\]a]",
    "\\bab\\b",
    "\\Ba",
    "\\s\\S",
    "a.c",
    "a\\.c",
    "\\-",
    "(?<name>a)b",
    "(a|ab)(c|bcd)$",
    "x*?y+?",
    "(^a|b$)",
    "\\u0061",
    "\\x62",
    "]",
    "{",
    "\\p{Lu}",
    "\\w+@\\w+\\.\\w+",
  ])("%s matches what the engine's own expressions match", async (source) => {
    let own: RegExp;
    try {
      own = new RegExp(source, "u");
    } catch {
      own = new RegExp(source);
    }
    const random = numbers(source.length + 7);
    const alphabet = [..."aaabbccdxyA1 .@-]\n{,2é😀"];
    for (let round = 0; round < 400; round++) {
      const text = Array.from({ length: random(9) }, () => alphabet[random(alphabet.length)]).join("");
      expect(await isIn(source, text), JSON.stringify(text)).toBe(own.test(text));
    }
  });

  it("of random parts matches what the engine's own expressions match", async () => {
    const random = numbers(42);
    const part = (depth: number): string => {
      const kinds = depth > 3 ? 3 : 7;
      switch (random(kinds)) {
        case 0:
          return ["a", "b", "[ab]", "[^a]", ".", "\\w"][random(6)] as string;
        case 1:
          return ["^", "$", "\\b", "\\B"][random(4)] as string;
        case 2:
          return "a";
        case 3:
          return `(?:${part(depth + 1)}|${part(depth + 1)})`;
        case 4:
          return `(?:${part(depth + 1)})${["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"][random(7)]}`;
        default:
          return part(depth + 1) + part(depth + 1);
      }
    };
    for (let round = 0; round < 1500; round++) {
      const source = part(0);
      const own = new RegExp(source, "u");
      const pattern = await linearPattern(source);
      for (let each = 0; each < 8; each++) {
        const text = Array.from({ length: random(7) }, () => "aabb c"[random(6)]).join("");
        expect(pattern.isIn(text), `${source} in ${JSON.stringify(text)}`).toBe(own.test(text));
      }
    }
  });

  it("may take no notice of case", async () => {
    expect([await isIn("inv-[a-f]", "INV-B", true), await isIn("inv", "INV")]).toEqual([true, false]);
  });

  it.each(["(a+)+$", "^(a|a)*$", "(.*)*x", "a*a*a*a*a*a*a*b", "(a?){30}a{30}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])(
    "%s needs no more time in hostile text",
    async (source) => {
      expect(await isIn(source, `${"a".repeat(99_000)}!`)).toBe(false);
    },
  );

  it.each([
    ["(a)\\1", "refers back to a group"],
    ["(?<x>a)\\k<x>", "refers back to a group"],
    ["(?=a)", "looks ahead or behind"],
    ["(?!a)", "looks ahead or behind"],
    ["(?<=a)b", "looks ahead or behind"],
    ["(?<!a)b", "looks ahead or behind"],
    ["[a", "cannot be read: "],
    ["(a", "cannot be read: "],
    ["a{3,1}", "cannot be read: "],
    ["a{5000}", "cannot be read: "],
    ["(a{100}){100}", "cannot be read: "],
    ["(a{50}){10}".repeat(10), "is too large"],
    ["a".repeat(1001), "more than 1000 characters"],
  ])("%s is refused in words", async (source, words) => {
    await expect(linearPattern(source)).rejects.toThrow(words);
  });

  it("is not looked for in text without end, and in less the longer it is", async () => {
    await expect(isIn("a", "b".repeat(100_001))).rejects.toThrow("100000 characters, and here are 100001");
    await expect(isIn("a.{900}c|a.{900}d", "ab".repeat(50_000))).rejects.toThrow(
      /in \d{5} characters, and here are 100000/,
    );
  });
});
