import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";

describe.each(places)("edit-fields in $name", ({ run, failure }) => {
  const edit = async (input: unknown, values: unknown, parameters: Record<string, unknown> = {}) =>
    (await run("edit-fields", input, { values, ...parameters })).result;

  it("lays values over the input", async () => {
    const data = { a: 1, b: { c: 2 } };
    const result = await edit({ data }, { a: "{{b.c}}!", n: 7, list: [1] });
    expect(result).toEqual({ a: "2!", b: { c: 2 }, n: 7, list: [1] });
    expect(result.b).toBe(data.b);
    expect(await edit({ data }, { x: "y" }, { keepOnlySet: true })).toEqual({ x: "y" });
    expect(await edit({ default: { result: data } }, '{"x":"{{a}}"}')).toEqual({ ...data, x: "1" });
  });

  it("escapes for HTML unless told not to; unknown names give nothing", async () => {
    const data = { t: `<b>"R&D's"</b>` };
    expect((await edit({ data }, { x: "{{t}}{{missing}}{{t.u.v}}" })).x).toBe(
      "&lt;b&gt;&quot;R&amp;D&#39;s&quot;&lt;/b&gt;",
    );
    expect((await edit({ data }, { x: "{{t}}" }, { escape: false })).x).toBe(data.t);
    expect((await edit({ data }, { x: "{{{t}}}" })).x).toBe(data.t);
  });

  it("shows names by filters, and `it.` as what it stands for", async () => {
    const data = { name: " ada <b> ", list: [1, 2], n: 5, it: undefined, rows: [{ a: "x" }], "b | upper": "own" };
    const shown = async (x: string) => (await edit({ data }, { x })).x;
    expect(await shown("{{it.name}}")).toBe(" ada &lt;b&gt; ");
    expect(await shown("{{it.name | trim | upper}}|{{ it.name|trim|capitalize|safe }}")).toBe("ADA &lt;B&gt;|Ada <b>");
    expect(await shown("{{{list | json}}} {{it.list | length}} {{n | lower}} {{it.missing | upper}}.")).toBe(
      "[1,2] 2 5 .",
    );
    expect(await shown("{{#it.rows}}{{a | upper}}{{it.n}}{{/it.rows}} {{it.variables.none}}{{b | upper}}")).toBe(
      "X5 own",
    );
    expect((await edit({ data: { it: { name: "own" } } }, { x: "{{it.name}}" })).x).toBe("own");
  });

  it("refuses what is not carried out, and says what is", async () => {
    for (const [x, message] of [
      [
        "{{it.name | shout}}",
        "the filter `shout` in {{it.name | shout}} is not known; there are upper, lower, capitalize",
      ],
      ["{{name | constructor}}", "the filter `constructor`"],
      [
        "{{@each(it.items) => item}}{{item}}{{/each}}",
        "the helper `@each` is not known; write {{#list}}…{{/list}}, with",
      ],
      [
        "{{@if(it.n > 1)}}a{{#else}}b{{/if}}",
        "the helper `@if` is not known; write {{#name}}…{{/name}}, and {{^name}}",
      ],
      ["{{ @include('x') /}}", "the helper `@include` is not known; there are sections"],
      ["{{it.n + 1}}", "{{it.n + 1}} is code, and templates show names"],
      ["{{upper(it.name)}}", "{{upper(it.name)}} is code"],
    ]) {
      const error = await failure("edit-fields", { data: { name: "a", n: 1, items: [1] } }, { values: { x } });
      expect(error).toMatchObject({ code: "INVALID_PARAMETERS" });
      expect(error.message).toContain(`Bad template syntax in "x": ${message}`);
    }
    const odd = { "Price (EUR)": 5, "f(x)": 6, "@id": 7 };
    expect((await edit({ data: odd }, { x: "{{Price (EUR)}}{{f(x)}}{{@id}}" })).x).toBe("567");
  });

  it("knows the time, dates and objects", async () => {
    expect((await edit({}, { now: "{{$now}}" })).now).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const data = { at: new Date(0), o: { a: 1 }, z: 0, no: false };
    expect((await edit({ data }, { x: "{{at}} {{{o}}} {{z}} {{no}}" })).x).toBe(
      '1970-01-01T00:00:00.000Z {"a":1} 0 false',
    );
  });

  it("sees the variables of the execution behind the data", async () => {
    const variables = { title: "Strikes", region: { name: "north" } };
    const values = { x: "{{variables.title}} {{variables.region.name}}{{variables.missing}}" };
    expect((await edit({}, values, { variables })).x).toBe("Strikes north");
    expect((await edit({ data: { variables: { title: "own" } } }, { x: "{{variables.title}}" }, { variables })).x).toBe(
      "own",
    );
  });

  it("writes a document from several inputs, tables among them", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "region,total\nnorth,5\nsouth,7\n" });
    const input = { totals: table, http: { result: { title: "Q1" }, status: 200 }, failed: { result: [] } };
    const report =
      "# {{http.title}} ({{http.status}})\n{{#totals}}\n- {{region}}: {{total}} of {{http.title}}\n{{/totals}}\n{{^failed}}\nnone failed\n{{/failed}}\n";
    expect((await edit(input, { report })).report).toBe(
      "# Q1 (200)\n- north: 5 of Q1\n- south: 7 of Q1\nnone failed\n",
    );
    expect((await edit({ default: [1, 2] }, { x: "{{#data}}{{.}};{{/data}}" })).x).toBe("1;2;");
  });

  it("fills in text inside lists and objects only where it is told to", async () => {
    const data = { name: "Ada" };
    const values = { list: ["{{name}}", 1, null, { to: "{{name}}{{missing}}", at: new Date(0) }] };
    expect(await edit({ data }, values, { keepOnlySet: true })).toEqual(values);
    expect(await edit({ data }, values, { keepOnlySet: true, nested: true })).toEqual({
      list: ["Ada", 1, null, { to: "Ada", at: new Date(0) }],
    });
    expect(values.list[0], "the definition keeps its templates").toBe("{{name}}");
  });

  it("refuses values nested without end", async () => {
    const values: Record<string, unknown> = {};
    values["self"] = values;
    expect(await failure("edit-fields", {}, { values, nested: true })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("more than 64 lists and objects inside each other"),
    });
    expect(await failure("edit-fields", {}, { values: { a: [{ b: "{{#x}}" }] }, nested: true })).toMatchObject({
      message: expect.stringContaining('Bad template syntax in "a"'),
    });
  });

  it("sees own data only, and calls nothing", async () => {
    let called = 0;
    const data = { f: () => called++, s: "x" };
    const template =
      "{{constructor}}{{__proto__}}{{s.constructor.name}}{{f}}{{#f}}a{{/f}}{{#constructor.constructor}}b{{/constructor.constructor}}";
    expect((await edit({ data }, { x: template })).x).toBe("");
    expect(called).toBe(0);
    expect(Object.getPrototypeOf(await edit({}, '{"__proto__":{"p":1}}'))).toBe(Object.prototype);
  });

  it("ends a template whose sections multiply", async () => {
    const data = { a: Array.from({ length: 1000 }, () => "x") };
    const bomb = `${"{{#a}}".repeat(9)}{{.}}${"{{/a}}".repeat(9)}`;
    expect(await failure("edit-fields", { data }, { values: { x: bomb } })).toMatchObject({
      code: "INVALID_PARAMETERS",
    });
    const long = { text: "x".repeat(1e6), a: data.a };
    expect((await failure("edit-fields", { data: long }, { values: { x: "{{#a}}{{text}}{{/a}}" } })).message).toContain(
      "too much text",
    );
  });

  it("says what is wrong with a template or an input", async () => {
    const syntax = await failure("edit-fields", {}, { values: { x: "{{#open}}" } });
    expect(syntax).toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(syntax.message).toMatch(/^\[edit-fields\] Bad template syntax in "x": /);
    expect((await failure("edit-fields", {}, { values: "[1" })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("edit-fields", { data: "text" }, { values: {} })).code).toBe("TYPE_MISMATCH");
  });
});
