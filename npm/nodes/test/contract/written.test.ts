/** What is found wrong with parameters as a flow has them, before it runs. */
import { describe, expect, it } from "vitest";

import { nodeTypes } from "../../src/definitions.js";

/** The paths of the problems of a type's parameters. */
const problems = (type: string, parameters: Record<string, unknown>) =>
  nodeTypes
    .get(type)
    ?.problems?.(parameters, {})
    .map(({ path }) => path);

describe("parameters that stand in a flow", () => {
  it("may be left out", () => {
    expect(problems("http-request", {})).toEqual([]);
    expect(problems("http-request", { url: "http://example.com" })).toEqual([]);
    expect(problems("file-system", { path: "a" })).toEqual([]);
  });

  it("are left to the schema where they are of another kind", () => {
    expect(problems("http-request", { url: 7, headers: 7 })).toEqual([]);
    expect(problems("http-request", { url: null, headers: null })).toEqual([]);
  });

  it("name the header that is wrong", () => {
    const url = "http://example.com";
    expect(problems("http-request", { url, headers: { "a/b~c": 1 } })).toEqual(["/headers/a~1b~0c"]);
    expect(problems("http-request", { url: "nowhere", headers: "a: b" })).toEqual(["/url", "/headers"]);
  });
});
