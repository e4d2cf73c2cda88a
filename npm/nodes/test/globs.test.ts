import { describe, expect, it } from "vitest";

import { Globs } from "../src/data/globs.js";

async function fits(patterns: string | string[], path: string, options: { hidden?: boolean; anywhere?: boolean } = {}) {
  const globs = await Globs.of([patterns].flat(), { hidden: false, ...options });
  return globs.fitsOf(path).length > 0;
}

describe("globs", () => {
  it.each([
    ["*.csv", "a.csv", true],
    ["*.csv", "b/a.csv", false],
    ["**/*.csv", "a.csv", true],
    ["**/*.csv", "b/c/a.csv", true],
    ["**", "a", true],
    ["**", "a/b/c", true],
    ["a/**", "a/b/c", true],
    ["a/**", "a", false],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/c/z", true],
    ["a/**/b/**/c", "a/b/b/c", true],
    ["a/**/b/**/c", "a/x/c", false],
    ["./a", "a", true],
    ["?.txt", "é.txt", true],
    ["?.txt", "😀.txt", true],
    ["?.txt", "ab.txt", false],
    ["[a-c]1", "b1", true],
    ["[a-c]1", "d1", false],
    ["[!a-c]1", "d1", true],
    ["[^a-c]1", "a1", false],
    ["[]]x", "]x", true],
    ["[!]]x", "]x", false],
    ["[*]", "*", true],
    ["[*]", "a", false],
    ["{a,b}.{csv,tsv}", "b.tsv", true],
    ["{a,b}.csv", "c.csv", false],
    ["{,x}a", "a", true],
    ["a,b", "a,b", true],
    ["a}b", "a}b", true],
    ["a.b", "axb", false],
    ["(a|b)+$", "(a|b)+$", true],
    ["(a|b)+$*", "aa$", false],
    ["*.CSV", "a.csv", false],
    ["a*", "a\nb", true],
    ["**/.git", "x/.git", true],
    [".*", ".env", true],
    ["*", ".env", false],
    ["**/*", ".git/config", false],
    [".git/*", ".git/config", true],
    ["{.env,a}", ".env", false],
  ])("%s fits %s: %s", async (pattern, path, expected) => {
    expect(await fits(pattern, path)).toBe(expected);
  });

  it("takes hidden names when it is told to", async () => {
    expect(await fits("**/*", ".git/config", { hidden: true })).toBe(true);
    expect(await fits(["**", "!.git"], ".git/config", { hidden: true })).toBe(false);
  });

  it("takes out what a pattern with ! fits, with all below, wherever it stands in the list", async () => {
    for (const patterns of [
      ["**/*.js", "!**/node_modules"],
      ["!**/node_modules", "**/*.js"],
    ]) {
      expect(await fits(patterns, "a.js")).toBe(true);
      expect(await fits(patterns, "x/node_modules/a.js")).toBe(false);
    }
    expect(await fits("!*.log", "a.txt")).toBe(true);
    expect(await fits("!*.log", "a.log")).toBe(false);
  });

  it("looks for a pattern without a slash anywhere, if it is to", async () => {
    expect(await fits("*.js", "a/b/c.js", { anywhere: true })).toBe(true);
    expect(await fits("a/*.js", "x/a/c.js", { anywhere: true })).toBe(false);
    expect(await fits(["**", "!*.js"], "a/b/c.js", { anywhere: true })).toBe(false);
  });

  it("leads into no folder in which nothing can fit", async () => {
    const globs = await Globs.of(["src/*/index.ts", "docs/**/*.md", "!docs/old"], { hidden: false });
    const at = (name: string) => globs.look(globs.start(), name).inside;
    expect(at("lib")).toBeUndefined();
    const src = at("src");
    expect(src).toBeDefined();
    const inner = globs.look(src as never, "a").inside;
    expect(globs.look(inner as never, "index.ts").fits).toEqual(["src/*/index.ts"]);
    expect(globs.look(inner as never, "deep").inside).toBeUndefined();
    expect(globs.look(at("docs") as never, "old").inside).toBeUndefined();
    expect(globs.look(at("docs") as never, "new").inside).toBeDefined();
  });

  it("names the pattern that cannot be read, and why", async () => {
    const why = (pattern: string) => fits(pattern, "a").catch((error: Error) => error.message);
    expect(await why("/etc/*")).toContain("it starts at the folder, not at the root");
    expect(await why("C:*")).toContain("not at the root");
    expect(await why("a/../../b")).toContain("`..` leads out of the folder");
    expect(await why("a\\*")).toContain("names are separated by `/`");
    expect(await why("a//b")).toContain("a part of it is empty");
    expect(await why("")).toContain('The pattern "" cannot be used: a part of it is empty');
    expect(await why("!")).toContain("empty");
    expect(await why("a**")).toContain("`**` stands alone");
    expect(await why("[a")).toContain("a `[` has no `]`");
    expect(await why("{a/b,c}")).toContain("a `{` has no `}` in the same part");
    expect(await why("{a,{b,c}}")).toContain("braces do not go into braces");
    expect(await why("[z-a]")).toContain("The pattern");
    expect(await why("a".repeat(1001))).toContain("more than 1000 characters");
    expect(await why(`${"a/".repeat(101)}b`)).toContain("more than 100 folders");
    await expect(Globs.of(Array(101).fill("a"), { hidden: false })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
    });
  });

  it("takes patterns and names with which an engine that backtracks would never end", async () => {
    expect(await fits(`${"*a".repeat(60)}b`, "a".repeat(255))).toBe(false);
    expect(await fits(`${"**/a/".repeat(40)}b`, Array(2000).fill("a").join("/"))).toBe(false);
    expect(await fits(`${"{a,aa}".repeat(100)}b`, "a".repeat(255))).toBe(false);
  });
});
