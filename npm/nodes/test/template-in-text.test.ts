/** Templates where nothing fills them in. */
import { describe, expect, it } from "vitest";

import { nodeTypes } from "../src/definitions.js";

const told = (type: string, parameters: Record<string, unknown>) =>
  (nodeTypes.get(type)?.problems?.(parameters, {}) ?? []).filter(({ rule }) => rule === "template-in-text");

describe("a template in a parameter whose text is taken as it is", () => {
  it("is warned of at its place, with the expression that was probably meant", () => {
    const found = told("http-request", {
      url: "http://host/{{ $json.total }}",
      headers: { authorization: "Bearer {{$env.TOKEN}}" },
      body: ['{{ $node["Get rows"].json.n }}', "{{name}}", "{{ variables.limit }}"],
    });
    expect(found.map(({ severity, path }) => [severity, path])).toEqual([
      ["warning", "/url"],
      ["warning", "/headers/authorization"],
      ["warning", "/body/0"],
      ["warning", "/body/1"],
      ["warning", "/body/2"],
    ]);
    for (const [at, meant] of [
      "data.total",
      "env.TOKEN",
      'nodes["Get rows"].n',
      "data.name",
      "variables.limit",
    ].entries()) {
      expect(found[at]?.message).toContain(`an expression is \`\${{ ${meant} }}\``);
    }
  });

  it("is not an expression, code, or text with braces of another meaning", () => {
    const texts = [
      "${{ data.a }}",
      "$${{ a }}",
      '${{ "{{name}}" }}',
      "{{}}",
      "{{#each a}}",
      "a {{ b",
      "{ {a} }",
      "x".repeat(200_000),
    ];
    expect(told("email", { text: texts.join(" "), html: texts })).toEqual([]);
    for (const type of ["edit-fields", "template", "code"])
      expect(told(type, { values: { a: "{{a}}" }, code: "{{a}}" })).toEqual([]);
  });

  it("is looked for in hostile texts and values too", () => {
    expect(told("email", { text: `{{${" a".repeat(40_000)}` })).toEqual([]);
    expect(told("email", { text: "{{ ".repeat(30_000) })).toEqual([]);
    let shared: unknown = "{{a}}";
    for (let depth = 0; depth < 15; depth++) shared = Array(20).fill(shared);
    expect(told("email", { text: shared }).length).toBeLessThanOrEqual(10_000);
  });
});
