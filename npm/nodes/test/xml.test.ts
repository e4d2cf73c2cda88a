import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { outcome } from "./warned.js";

describe.each(places)("xml in $name", ({ name, run, failure }) => {
  const parse = async (data: string, parameters = {}) => (await run("xml", { data }, parameters)).result;
  const build = async (data: unknown, parameters = {}) =>
    (await run("xml", { data }, { operation: "build", declaration: false, ...parameters })).result;

  it("reads elements, attributes and text", async () => {
    const text = `<?xml version="1.0"?><!-- a note --><!DOCTYPE shop>
<shop:all xmlns:shop="urn:x" open="true">
  <item sku="007">Tea &amp; <![CDATA[<cake> & ]]>more</item><item/>
  <empty></empty>
  mixed <b>bold</b> text
</shop:all>`;
    expect(await parse(text)).toEqual({
      "shop:all": {
        "@xmlns:shop": "urn:x",
        "@open": "true",
        item: [{ "@sku": "007", "#text": "Tea & <cake> & more" }, ""],
        empty: "",
        b: "bold",
        "#text": "\n  \n  \n  mixed  text\n",
        "#content": [
          "\n  ",
          { element: "item" },
          { element: "item" },
          "\n  ",
          { element: "empty" },
          "\n  mixed ",
          { element: "b" },
          " text\n",
        ],
      },
    });
    const output = await run("xml", { default: { result: "\ufeff<a>1</a>" } });
    expect(output).toEqual({ result: { a: "1" }, root: "a", operation: "parse" });
  });

  it("reads lists that are named, and numbers where it is told to", async () => {
    expect(await parse("<a><b>1</b><c/></a>", { lists: ["b", "c"] })).toEqual({ a: { b: ["1"], c: [""] } });
    const numbers = "<a n='5'><b>1.50</b><b>007</b><b>1e3</b><b>0x10</b><b>12345678901234567890</b><b>-2</b></a>";
    expect(await parse(numbers, { numbers: true })).toEqual({
      a: { "@n": 5, b: [1.5, "007", 1000, "0x10", "12345678901234567890", -2] },
    });
    expect((await parse(numbers)).a.b[0]).toBe("1.50");
  });

  it("replaces entities of XML and numbers of characters, nothing else", async () => {
    expect(await parse(`<a t="&quot;&apos;">&lt;&gt;&#65;&#x1F600;</a>`)).toEqual({
      a: { "@t": `"'`, "#text": "<>A😀" },
    });
    for (const [text, words] of [
      ["<a>\n  &nbsp;</a>", "the entity `&nbsp;` is not known (line 2, column 3)"],
      ["<a>&#0;</a>", "is no character"],
      ["<a>&#xD800;</a>", "is no character"],
      ["<a>&constructor;</a>", "is not known"],
    ] as const) {
      const error = await failure("xml", { data: text });
      expect(error.code).toBe("DESERIALIZATION_FAILED");
      expect(error.message).toContain(words);
    }
  });

  it("refuses documents with entities of their own", async () => {
    let laughs = '<!DOCTYPE lolz [<!ENTITY lol "lol">';
    for (let i = 1; i < 10; i++) laughs += `<!ENTITY lol${i} "${`&lol${i - 1 || ""};`.repeat(10)}">`;
    for (const text of [
      `${laughs}]><lolz>&lol9;</lolz>`,
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
      '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://x/x.dtd"> %x;]><a/>',
      `<!DOCTYPE a [<!ENTITY x "${"y".repeat(100_000)}">]><a>${"&x;".repeat(10_000)}</a>`,
    ]) {
      expect((await failure("xml", { data: text })).code, text.slice(0, 60)).toBe("DESERIALIZATION_FAILED");
    }
    expect((await failure("xml", { data: '<!DOCTYPE a [\n<!ENTITY x "y">]><a/>' })).message).toBe(
      "[xml] The XML cannot be read: it defines entities of its own (`x`), which are not replaced here (line 2, column 1)",
    );
  });

  it.each([
    ["<a><b></a>", "line 1, column 7"],
    ["<a>\n<b x=1/></a>", "(line 2, column"],
    ["<a/><b/>", "one outermost element, found `a`, `b`"],
    ["<a/><a/>", "one outermost element, found `a`, `a`"],
    ["<a></a><b/>", "one outermost element, found `a`, `b`"],
    ["<a></a><b></b>", "Multiple possible root nodes"],
    ["plain text", "cannot be read"],
    ["", "there is no text"],
    ["<a>", "Unclosed tag 'a'"],
    ["<a>\u0000</a>", "the character U+0000 is not allowed (line 1, column 4)"],
    ["<a>".repeat(300) + "</a>".repeat(300), "more than 200 elements are inside each other"],
    ["<constructor>1</constructor>", "called `constructor`"],
  ])("says where %s is wrong", async (data, words) => {
    const error = await failure("xml", { data });
    expect(error.code).toBe("DESERIALIZATION_FAILED");
    expect(error.message).toContain(words);
  });

  it("reads names that objects inherit", async () => {
    const result = await parse("<a><toString>1</toString><valueOf x='1'/><toString>2</toString></a>");
    expect(result.a.toString).toEqual(["1", "2"]);
    expect(Object.keys(result.a)).toEqual(["toString", "valueOf"]);
    expect(await parse("<a __proto__='1'/>")).toEqual({ a: { "@__proto__": "1" } });
  });

  it("writes what it reads", async () => {
    const document = {
      order: {
        "@id": "7",
        "@note": `a "quoted" <&> 'x'`,
        line: [{ "@no": "1", "#text": "Tea & <cake>" }, "plain", ""],
        total: { amount: "5" },
      },
    };
    expect(await parse(await build(document))).toEqual(document);
    expect(await parse(await build(document, { indent: true, declaration: true }))).toEqual(document);
    expect(await build({ a: { "@x": true, b: [1, null, undefined, false], c: new Date(0), d: undefined } })).toBe(
      '<a x="true"><b>1</b><b></b><b></b><b>false</b><c>1970-01-01T00:00:00.000Z</c></a>',
    );
    expect(await build({ a: { b: "1" } }, { declaration: true, indent: true })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a>\n  <b>1</b>\n</a>\n',
    );
  });

  it("keeps blanks in mixed content, and its order", async () => {
    const text = "<p>Hello <b>big</b> <i> wide </i> world<b>!</b>\n</p>";
    const read = await parse(text);
    expect(read).toEqual({
      p: {
        b: ["big", "!"],
        i: " wide ",
        "#text": "Hello   world\n",
        "#content": ["Hello ", { element: "b" }, " ", { element: "i" }, " world", { element: "b" }, "\n"],
      },
    });
    expect(await build(read)).toBe(text);
    expect(await build(read, { indent: true })).toBe(`${text}\n`);
    expect(await parse("<p>5 <b>7</b></p>", { numbers: true })).toMatchObject({ p: { "#text": "5 ", b: 7 } });
  });

  it.each([
    "<a><p>one<b> two <i> </i> </b></p><q>x</q></a>",
    '<a xml:space="preserve"> <b> x </b> <c xml:space="default">y</c></a>',
    "<p><![CDATA[   ]]><b> x</b></p>",
    '<p t="&#9;&#10;&#13; x ">a&#13;\n<b></b></p>',
    `<p>${"a <b> c</b>".repeat(1000)}</p>`,
    `${"<a>x <b></b>".repeat(100)}${"</a>".repeat(100)}`,
  ])("writes %.60s as it was read", async (text) => {
    const read = await parse(text);
    const written = await build(read);
    expect(written).toBe(text);
    expect(await parse(written)).toEqual(read);
    // What the order is of is there once, however deep it lies.
    expect(JSON.stringify(read).length).toBeLessThan(100 + 12 * text.length);
  });

  it("reads text as it was written, with blanks at its ends", async () => {
    for (const text of [" x ", "\n", "x\r\n", " ]]> ", "\r", "a\rb", " ", "<![CDATA[ "]) {
      for (const document of [{ a: text }, { a: { "@n": "1", "#text": text } }, { a: { b: text, c: [text, "x"] } }]) {
        expect(await parse(await build(document)), JSON.stringify(document)).toEqual(document);
        expect(await parse(await build(document, { indent: true })), JSON.stringify(document)).toEqual(document);
      }
    }
  });

  it("leaves out blanks that only set elements apart, and no others", async () => {
    expect(await parse("<a>\n <b> x\u00a0</b>\n <c><![CDATA[ y ]]></c>\n</a>")).toEqual({
      a: { b: "x\u00a0", c: " y " },
    });
    expect(await parse(`<a>${" ".repeat(200_000)}x${" ".repeat(200_000)}y</a>`)).toEqual({
      a: `x${" ".repeat(200_000)}y`,
    });
  });

  it.each([
    [{ b: "1", "#content": ["x"] }, "without an element `b` that is there"],
    [{ b: "1", "#content": ["x", { element: "b" }, { element: "b" }] }, "another element `b` than there are"],
    [{ b: "1", "#text": "y", "#content": ["x", { element: "b" }] }, "whose text is not `#text`"],
    [{ "#content": [{ b: 1 }] }, "which is an object; it must be text or `{ element: name }`"],
    [{ "#content": "x" }, "and no list of text and elements"],
    [{ "#content": ["\u0000"] }, "the character U+0000"],
  ])("refuses to write mixed content that contradicts itself: %j", async (p, words) => {
    const error = await failure("xml", { data: { p } }, { operation: "build" });
    expect(error.code).toBe("TYPE_MISMATCH");
    expect(error.message).toContain(words);
  });

  it("writes lists and tables below a root", async () => {
    expect(await build([1, { "@a": 2 }], { root: "rows", item: "row" })).toBe(
      '<rows><row>1</row><row a="2"></row></rows>',
    );
    expect(await build({ x: 1, y: 2 }, { root: "r" })).toBe("<r><x>1</x><y>2</y></r>");
    expect(await build({ r: { x: 1 } }, { root: "r" })).toBe("<r><x>1</x></r>");
    expect((await failure("xml", { data: [1] }, { operation: "build" })).message).toContain(
      "name the element with `root`",
    );
    expect((await failure("xml", { data: { a: 1, b: 2 } }, { operation: "build" })).message).toContain("2 fields");
    expect((await failure("xml", { data: { a: [1, 2] } }, { operation: "build" })).code).toBe("INVALID_PARAMETERS");
    if (name !== "a machine") return;
    const table = await onMachine("spreadsheet", {}, { data: "a,b\n1,x & y\n" });
    const { result } = await run("xml", { default: table }, { operation: "build", root: "t", declaration: false });
    expect(result).toBe("<t><item><a>1</a><b>x &amp; y</b></item></t>");
  });

  it.each([
    [{ a: { "b><script>": 1 } }, 'called "b><script>" (`data.a`)'],
    [{ a: { "@x y": 1 } }, 'called "x y"'],
    [{ a: { "1st": 1 } }, 'called "1st"'],
    [{ a: { b: [[1]] } }, "`data.a.b.0`, which is a list in a list"],
    [{ a: { "@b": { c: 1 } } }, "`data.a.@b`, which is an object"],
    [{ a: { b: Number.NaN } }, "`data.a.b`, which is NaN"],
    [{ a: { b: "x\u0007" } }, "text with the character U+0007"],
    [{ a: { b: "\ud800" } }, "text with the character U+D800"],
    [{ a: { b: () => 1 } }, "which is a function"],
    ["text", "an object or a list, not of a string"],
  ])("refuses to write %j", async (data, words) => {
    const error = await failure("xml", { data }, { operation: "build" });
    expect(error.code).toBe("TYPE_MISMATCH");
    expect(error.message).toContain(words);
  });

  it("refuses cycles and what is no text", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["a"] = { b: cycle };
    expect((await failure("xml", { data: cycle }, { operation: "build", root: "x" })).message).toContain("a cycle");
    expect((await failure("xml", { data: { a: 1 } }, {})).message).toContain("not from an object");
    expect((await failure("xml", { data: "x".repeat(50 * 1024 * 1024 + 1) })).code).toBe("INVALID_PARAMETERS");
  });

  it("reads megabytes in seconds", async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `<row id="${i}"><name>n &amp; ${i}</name></row>`);
    const result = await parse(`<rows>${rows.join("\n")}</rows>`);
    expect(result.rows.row).toHaveLength(50_000);
    expect(result.rows.row[49_999]).toEqual({ "@id": "49999", name: "n & 49999" });
    await failure("xml", { data: "<a ".repeat(100_000) });
    await failure("xml", { data: `<a${" x='1'".repeat(50_000)}/>` });
    await failure("xml", { data: "<![CDATA[".repeat(50_000) });
    await failure("xml", { data: `<a>${"<!--".repeat(50_000)}` });
  });
});

it("tells of lists that are not there", async () => {
  const { warnings } = await outcome("xml", { data: "<a><entry/></a>" }, { lists: ["entry", "entries"] });
  expect(warnings).toEqual([["missing-element", "There is no element `entries`, which `lists` names"]]);
});
