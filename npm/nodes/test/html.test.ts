import { describe, expect, it } from "vitest";

import { html } from "../src/types/html/definition.js";
import { failure, places } from "./run.js";
import { outcome } from "./warned.js";

const SHOP = `<!doctype html><title> My
 shop </title><body>
<ul id="list">
  <li class="item" data-id="1"><a href="/tea?a=1&amp;b=2">Tea</a> <span class=price>3.50</span>
  <li class="item" data-id="2"><b>Ca</b>ke<br>sweet <span class=price>5</span><p>fresh</p>baked
  <li class="item">Water
</ul>
<script type="application/ld+json">{"a": 1}</script><style>li { color: red }</style>`;

describe.each(places)("html in $name", ({ run, failure }) => {
  const read = async (fields: Record<string, unknown>, more = {}, data = SHOP) =>
    (await run("html", { data }, { fields, ...more })).result;

  it("reads text, attributes and HTML of the first match", async () => {
    const fields = {
      title: "title",
      id: { selector: "li", attribute: "data-ID" },
      link: { selector: "a", attribute: "href" },
      inner: { selector: "#list a", html: true },
      data: 'script[type="application/ld+json"]',
      none: "table",
      nothing: { selector: "table", all: true },
    };
    expect(await read(fields)).toEqual({
      title: "My shop",
      id: "1",
      link: "/tea?a=1&b=2",
      inner: "Tea",
      data: '{"a": 1}',
      none: null,
      nothing: [],
    });
  });

  it("makes addresses absolute by the address of the page, and by its base", async () => {
    const fields = {
      links: { selector: "a", attribute: "href", all: true },
      image: { selector: "img", attribute: "src" },
      images: { selector: "img", attribute: "srcset" },
      alt: { selector: "img", attribute: "alt" },
      inner: { selector: "p", html: true },
    };
    const page =
      '<p><a href="b?c=1#d">x</a></p><a href="/e"></a><a href="//other.example/f"></a><a href="mailto:a@b.example"></a><a></a>' +
      '<img src="i.png" srcset="i.png 1x,  /j,k.png 2x" alt="i.png">';
    const links = (root: string, folder: string) => [
      `${folder}b?c=1#d`,
      `${root}e`,
      `${root.startsWith("https") ? "https" : "http"}://other.example/f`,
      "mailto:a@b.example",
      null,
    ];
    const rest = { alt: "i.png", inner: '<a href="b?c=1#d">x</a>' };
    const of = (root: string, folder: string) => ({
      ...rest,
      links: links(root, folder),
      image: `${folder}i.png`,
      images: `${folder}i.png 1x, ${root}j,k.png 2x`,
    });
    const base = "https://shop.example/teas/green.html";
    expect(await read(fields, { base }, page)).toEqual(of("https://shop.example/", "https://shop.example/teas/"));
    const withBase = (href: string) => `<head><base target="_top"><base href="${href}"></head>${page}`;
    expect(await read(fields, { base }, withBase("/all/"))).toEqual(
      of("https://shop.example/", "https://shop.example/all/"),
    );
    expect(await read(fields, {}, withBase("http://base.example/x/"))).toEqual(
      of("http://base.example/", "http://base.example/x/"),
    );
    expect((await read(fields, {}, withBase("/all/"))).links[0]).toBe("b?c=1#d");
    expect((await read(fields, {}, page)).links[0]).toBe("b?c=1#d");
    expect((await failure("html", { data: page }, { fields, base: "shop.example" })).message).toContain(
      "`base` must be an address that begins with http://",
    );
  });

  it("reads all matches, and numbers", async () => {
    expect(await read({ prices: { selector: ".price", all: true, as: "number" } })).toEqual({ prices: [3.5, 5] });
    expect(await read({ ids: { selector: "li", attribute: "data-id", all: true } })).toEqual({ ids: ["1", "2", null] });
  });

  it("reads a record for each element, and puts blanks between blocks alone", async () => {
    const fields = {
      id: { attribute: "data-id", as: "number" },
      text: {},
      price: { selector: "> .price", as: "number" },
      bold: ":scope b",
    };
    const output = await run("html", { default: { result: SHOP, status: 200 } }, { each: "li.item", fields });
    expect(output).toEqual({
      result: [
        { id: 1, text: "Tea 3.50", price: 3.5, bold: null },
        { id: 2, text: "Cake sweet 5 fresh baked", price: 5, bold: "Ca" },
        { id: null, text: "Water", price: null, bold: null },
      ],
      count: 3,
    });
  });

  it("leaves out scripts and styles inside of what it reads", async () => {
    expect(
      (await read({ all: "body, html" }, {}, `<html><body>a<script>x</script>b<style>y</style></body></html>`)).all,
    ).toBe("ab");
  });

  it("takes everything that calls itself HTML", async () => {
    for (const data of ["", "plain", "<", "<a", "<a href='", "</b></i>", "<![CDATA[x]]>", "<!--", "\u0000<p>\u0000"]) {
      expect(await read({ a: "a" }, {}, data)).toHaveProperty("a");
    }
    expect(await read({ text: "p" }, {}, "<p>&lt;b&gt; &copy; &#128512; &nosuch;</p>")).toEqual({
      text: "<b> © 😀 &nosuch;",
    });
  });

  it("takes names of fields and attributes as names", async () => {
    const result = await read({ toString: "a", constructor: { selector: "a", attribute: "constructor" } });
    expect(Object.keys(result)).toEqual(["toString", "constructor"]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(result.constructor).toBeNull();
    expect(await read({ p: { selector: "p", attribute: "__proto__" } }, {}, "<p __proto__='x'>")).toEqual({ p: null });
  });

  it.each([
    [{}, "`fields` is empty"],
    [{ a: 5 }, "`fields.a` must be a selector, or an object with one, found 5"],
    [{ a: "" }, "`fields.a` must be a selector"],
    [{ a: { selector: "" } }, 'needs text as `selector`, found ""'],
    [{ a: { atribute: "href" } }, "has no `atribute`. Did you mean `attribute`?"],
    [{ a: { selector: "a", all: "yes" } }, 'needs true or false as `all`, found "yes"'],
    [{ a: { selector: "a", as: "date" } }, 'needs "text" or "number" as `as`'],
    [{ a: { selector: "a", html: true, as: "number" } }, "cannot be HTML and a number at once"],
    [{ a: "li[" }, "The selector of `fields.a` is no selector that can be read"],
    [{ a: "li::before" }, "is no selector that can be read"],
    [{ a: "li:nosuch" }, "is no selector that can be read"],
  ])("refuses the fields %j", async (fields, words) => {
    const error = await failure("html", { data: SHOP }, { fields });
    expect(error.code).toBe("INVALID_PARAMETERS");
    expect(error.message).toContain(words);
  });

  it("refuses what is no text", async () => {
    expect((await failure("html", { data: { a: 1 } }, { fields: { a: "a" } })).code).toBe("TYPE_MISMATCH");
    expect((await failure("html", {}, { fields: { a: "a" } })).message).toContain("not from an object");
    const data = "x".repeat(50 * 1024 * 1024 + 1);
    expect((await failure("html", { data }, { fields: { a: "a" } })).code).toBe("INVALID_PARAMETERS");
  });

  it("is not held up by hostile HTML", async () => {
    expect(await failure("html", { data: "<div>".repeat(100_000) }, { fields: { a: "div" } })).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: "[html] The HTML has more than 1000 elements inside each other",
    });
    expect((await read({ a: { selector: "div", html: true } }, {}, "<div>".repeat(900))).a).toContain("<div>");
    const wide = "<i>x</i>".repeat(100_000);
    expect((await read({ a: { selector: "i", all: true } }, {}, wide)).a).toHaveLength(100_000);
    for (const selector of ["i:nth-child(2)", "i ~ i", "i + i", "i:last-of-type"]) {
      expect((await failure("html", { data: wide }, { fields: { a: selector } })).message).toContain(
        "here are 100000 beside",
      );
    }
    expect((await read({ a: "i[title~=x]" }, {}, wide)).a).toBeNull();
    const deep = `${"<div>".repeat(900)}${"x ".repeat(2_000_000)}`;
    expect((await failure("html", { data: deep }, { fields: { a: "div:contains(y)" } })).code).toBe("EXECUTION_FAILED");
    expect((await read({ a: "div div p" }, {}, deep)).a).toBeNull();
  });

  it("reads megabytes in seconds, and stops when it is cancelled", async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `<tr><td class=n>name ${i}<td class=p>${i}`);
    const data = `<table>${Array.from({ length: 10 }, (_, i) => `<tbody>${rows.slice(i * 5000, i * 5000 + 5000).join("")}`).join("")}</table>`;
    const parameters = { each: "tr", fields: { name: ".n", price: { selector: ".p", as: "number" } } };
    const { result } = await run("html", { data }, parameters);
    expect(result).toHaveLength(50_000);
    expect(result[49_999]).toEqual({ name: "name 49999", price: 49_999 });
    const controller = new AbortController();
    const running = run("html", { data }, { ...parameters, signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("selectors that find nothing", () => {
  const said = async (fields: Record<string, unknown>, more = {}) =>
    (await outcome("html", { data: SHOP }, { fields, ...more })).warnings;

  it("are told", async () => {
    expect(await said({ a: "table", b: "li" })).toEqual([
      ["selector-without-match", "`fields.a` selects nothing: there is no `table`"],
    ]);
    expect(await said({ a: ".prize", b: "b" }, { each: "li" })).toEqual([
      ["selector-without-match", "`fields.a` selects nothing: there is no `.prize` in any of 3 records"],
    ]);
    expect(await said({ a: "b" }, { each: "tr" })).toEqual([
      ["selector-without-match", "`each` selects nothing: there is no `tr`, so that there are no records"],
    ]);
    expect(await said({ a: { selector: "a", attribute: "hreff" } })).toEqual([
      ["missing-attribute", "No match of `fields.a` has an attribute `hreff`. Did you mean `href`?"],
    ]);
    expect(await said({ a: { selector: "a", as: "number" }, b: { selector: "li", attribute: "data-id" } })).toEqual([
      [
        "not-a-number",
        expect.stringContaining('1 of 1 values of `fields.a` is no number, such as "Tea", and became null'),
      ],
    ]);
  });

  it("refuses text that elements inside each other multiply", async () => {
    const data = `${"<div>".repeat(500)}${"x".repeat(500_000)}${"</div>".repeat(500)}`;
    const refused = await failure("html", { data }, { each: "div", fields: { text: {} } });
    expect(refused).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("inside each other"),
    });
    const said = html.limits.filter(({ beyond }) => beyond === refused.code);
    expect(said.map(({ bound }) => bound)).toEqual(["100,000,000 characters in all"]);
  });
});

it("warns of attributes that are no addresses", async () => {
  const data = '<a href="https://[x">a</a><a href="/b">b</a>';
  const fields = { links: { selector: "a", attribute: "href", all: true } };
  const { output, warnings } = await outcome("html", { data }, { fields, base: "https://shop.example" });
  expect(output.result.links).toEqual(["https://[x", "https://shop.example/b"]);
  expect(warnings).toEqual([
    [
      "not-an-address",
      '1 of 2 values of `fields.links` is no address and stays as it is written, such as "https://[x"',
    ],
  ]);
});
