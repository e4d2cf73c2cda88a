import { Parser } from "htmlparser2";
import { describe, expect, it } from "vitest";

import { machineParsers } from "../src/executables.js";
import { nodeTypes } from "../src/index.js";
import { run as onMachine, places } from "./run.js";
import { outcome } from "./warned.js";

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "**bold** _it_ `code` # h",
  "\n\n# heading\n\n- list\n\n    code",
  "[link](javascript:alert(1))",
  "![x](https://evil.example/pixel.png)",
  "https://evil.example www.evil.example a@evil.example",
  '" onmouseover="alert(1)',
  "' x='",
  "| a | b |\n| - | - |\n| c | d |",
  "&lt;b&gt; &#60; &amp;",
  "```\ncode\n```",
  "[ref]: https://evil.example\n\n[ref]",
  "</p></td></table>",
  "\\",
  "$& $1 $`",
  "v0n0e",
];

/** The names of elements in HTML, in order. */
function tagsOf(html: string): string[] {
  const tags: string[] = [];
  const parser = new Parser({
    onopentag: (name, attributes) => tags.push([name, ...Object.keys(attributes)].join(" ")),
  });
  parser.end(html);
  return tags;
}

/** The text of HTML. */
function textIn(html: string): string {
  const pieces: string[] = [];
  new Parser({ ontext: (piece) => void pieces.push(piece) }).end(html);
  return pieces.join("");
}

describe.each(places)("template in $name", ({ name, run, failure }) => {
  const write = async (template: string, data: unknown, more = {}) =>
    (await run("template", { data }, { template, ...more })).result;

  it("fills values into text as they are", async () => {
    const output = await run(
      "template",
      { default: { result: { n: "<R&D>" } }, who: { result: "Ada" } },
      { template: "{{who}}: {{data.n}}" },
    );
    expect(output).toEqual({ result: "Ada: <R&D>", content: "Ada: <R&D>", format: "text" });
    expect(await write("{{variables.a}} {{#data}}{{.}},{{/data}}", [1, 2], { variables: { a: "x" } })).toBe("x 1,2,");
  });

  it("makes HTML of Markdown", async () => {
    expect(
      await write("# {{t}}\n\n- *{{a}}*\n- `{{b}}`\n", { t: "T & t", a: "x*y", b: "<i>" }, { format: "markdown" }),
    ).toBe("<h1>T &amp; t</h1>\n<ul>\n<li><em>x*y</em></li>\n<li><code>&lt;i&gt;</code></li>\n</ul>\n");
    expect(await write("{{{raw}}} {{raw}}", { raw: "**b**" }, { format: "markdown" })).toBe(
      "<p><strong>b</strong> **b**</p>\n",
    );
    expect(await write("[go]({{url}}) {{a}}{{b}}", { url: "/x?a=1&b=2", a: 1, b: 2 }, { format: "markdown" })).toBe(
      '<p><a href="/x?a=1&amp;b=2">go</a> 12</p>\n',
    );
  });

  it.each([..."*a |**a |*a_ |*_a|_a|a*|!|``a|~a|[a](|[a](<|\\|[|<a|&|<!--|> |1. |- [ ] |- a\n  ".split("|"), "> - "])(
    "bounds the time of hostile Markdown: %j",
    async (unit) => {
      // A twentieth of the first ones took many seconds, and the time grew with the square.
      const template = unit.repeat(400_000 / unit.length);
      const answer = await write(template, {}, { format: "markdown" }).catch((error: unknown) => error);
      if (typeof answer !== "string") expect(answer).toMatchObject({ code: "INVALID_PARAMETERS" });
      else expect(answer.length).toBeGreaterThan(100_000);
    },
  );

  it("renders long Markdown as people write it", async () => {
    const paragraph = "A *word*, a **strong one**, `code`, a [link](/x) and a stray * or _ here. ".repeat(20);
    const list = "- one\n  - two\n    - three\n      > four\n";
    const html = await write(`${paragraph}\n\n${list}\n`.repeat(300), {}, { format: "markdown" });
    expect(html.split("<em>word</em>").length).toBe(6001);
    expect(html.split("<blockquote>").length).toBe(301);
  });

  it.each(["markdown", "html"])("lets no value be markup in %s", async (format) => {
    const templates = {
      markdown:
        '# {{x}}\n\n{{x}}\n\n- {{x}} *{{x}}* `{{x}}`\n\n> {{x}}\n\n<b title="{{x}}">{{x}}</b>\n\n    {{x}}\n\n[{{x}}](/a)\n\n{{tables.rows}}\n',
      html: "<h1>{{x}}</h1><p title=\"{{x}}\" class='{{x}}'>{{x}}</p>{{tables.rows}}{{{tables.rows}}}",
    };
    const template = templates[format as keyof typeof templates];
    const data = (x: string) => ({ x, rows: [{ [x]: x, b: 1 }] });
    const plain = tagsOf(await write(template, data("word"), { format, tables: ["rows"] }));
    expect(plain.length).toBeGreaterThan(5);
    for (const x of HOSTILE) {
      const html = await write(template, data(x), { format, tables: ["rows"] });
      expect(tagsOf(html), x).toEqual(plain);
      expect(textIn(html).split(x.trim()).length, x).toBeGreaterThan(3);
    }
  });

  it("leaves out addresses that would run code", async () => {
    for (const url of [
      "javascript:alert(1)",
      " JaVaScript:alert(1)",
      "java\nscript:alert(1)",
      "\u0001javascript:alert(1)",
      "vbscript:x",
      "data:text/html,<script>alert(1)</script>",
    ]) {
      const html = await write("[a {{url}}]({{url}}) ![b]({{url}}) <{{url}}>", { url }, { format: "markdown" });
      expect(
        tagsOf(html).filter((tag) => /href|src/.test(tag)),
        url,
      ).toEqual([]);
    }
    expect(tagsOf(await write("[a](&#106;avascript:x) [b](javascript&colon;x)", {}, { format: "markdown" }))).toEqual([
      "p",
    ]);
    const good = "[a](https://x/{{p}}) [b](mailto:{{p}}@x) [c](#{{p}}) [d](a/b:c) ![e](data:image/png;base64,AA)";
    expect(tagsOf(await write(good, { p: 1 }, { format: "markdown" }))).toEqual([
      "p",
      "a href",
      "a href",
      "a href",
      "a href",
      "img src alt",
    ]);
  });

  it("writes lists of records as tables", async () => {
    const rows = [
      { name: "a|b\nc", n: 1 },
      { n: "20", more: "<x>" },
    ];
    expect(await write("{{tables.rows}}", { rows }, { tables: ["rows"] })).toBe(
      "| name | n | more |\n| --- | ---: | --- |\n| a\\|b c | 1 |  |\n|  | 20 | <x> |",
    );
    expect(await write("{{tables.data}}", [{ a: "<b>" }], { tables: ["data"], format: "html" })).toBe(
      "<table>\n<thead>\n<tr><th>a</th></tr>\n</thead>\n<tbody>\n<tr><td>&lt;b&gt;</td></tr>\n</tbody>\n</table>",
    );
    if (name !== "a machine") return;
    const table = await onMachine("spreadsheet", {}, { data: "a,b\n1,2\n" });
    const { result } = await run("template", { sheet: table }, { template: "{{tables.sheet}}", tables: ["sheet"] });
    expect(result).toBe("| a | b |\n| ---: | ---: |\n| 1 | 2 |");
  });

  it("refuses tables of what is no list of records", async () => {
    const refused = (data: object) => failure("template", { data }, { template: "x", tables: ["rows"] });
    expect(await refused({ rosw: [] })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[template] There is no `rows`, which `tables` names. Did you mean `rosw`?",
    });
    expect((await refused({ rows: { a: 1 } })).message).toContain("but `rows` is an object");
    expect((await refused({ rows: [{}, 5] })).message).toContain("a list whose item 1 is a number");
    const rows = Array.from({ length: 600_000 }, () => ({ a: 1, b: 2 }));
    expect((await refused({ rows })).message).toContain("1000000 cells can be written");
  });

  it("makes a whole page", async () => {
    const page = await write("Hello {{n}}", { n: "<b>" }, { format: "markdown", page: true, title: "{{n}} & co" });
    expect(page).toMatch(/^<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">/);
    expect(page).toContain("<title>&lt;b&gt; &amp; co</title>");
    expect(page).toContain("<body>\n<p>Hello &lt;b&gt;</p>\n</body>\n</html>\n");
    expect(await failure("template", {}, { template: "x", page: true })).toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it("is told by name what is wrong", async () => {
    expect((await failure("template", {}, { template: "{{#open}}" })).message).toMatch(
      /^\[template\] Bad template syntax in `template`: /,
    );
    expect((await failure("template", {}, {})).message).toContain("`template` is missing");
    const data = { text: "x".repeat(1e6), a: Array.from({ length: 1000 }, () => 1) };
    for (const format of ["text", "markdown", "html"]) {
      expect((await failure("template", { data }, { template: "{{#a}}{{text}}{{/a}}", format })).code).toBe(
        "INVALID_PARAMETERS",
      );
    }
    expect((await failure("template", {}, { template: `${">".repeat(50_000)} x`, format: "markdown" })).code).toBe(
      "INVALID_PARAMETERS",
    );
    expect((await failure("template", {}, { template: "x", signal: AbortSignal.abort() })).code).toBe("CANCELLED");
  });
});

describe("a template that was hardly meant so", () => {
  it("is told", async () => {
    const said = async (template: string, data: unknown, more = {}) =>
      (await outcome("template", { data }, { template, ...more })).warnings;
    expect(await said("{{nmae}}", { name: "x" })).toEqual([
      ["empty-template-name", "`{{nmae}}` in `template` was empty: there is no such name. Did you mean `name`?"],
    ]);
    expect(await said("{{tables.rows}}", { rows: [] }, { tables: ["rows"] })).toEqual([
      ["empty-table", "The table `rows` is empty: its list has no records with fields"],
    ]);
    expect(await said("[a]({{u}})", { u: "javascript:1" }, { format: "markdown" })).toEqual([
      ["unsafe-link", "An address of a link was left out: it may begin with https:, mailto: or a path"],
    ]);
  });

  it("is found wrong before it runs", () => {
    const problems = nodeTypes.get("template")?.problems?.({ template: "{{#a}}", title: "{{" }, machineParsers);
    expect(problems?.map(({ path, rule }) => [path, rule])).toEqual([
      ["/template", "template-syntax"],
      ["/title", "template-syntax"],
    ]);
  });
});
