import { expect, it } from "vitest";
import { readFlow, writeFlow } from "../src/exports/node";
import { group, leaf } from "./contract/flows";

it("a policy is read and written as it is, after the parameters", () => {
  const policy = { retries: 2, timeout: "10s", cache: { ttl: "1h" } };
  const flow = group("root", [leaf("a", { parameters: { x: 1 }, policy, "x-note": "kept" })], [], { policy });
  for (const format of ["yaml", "json"] as const) {
    expect(readFlow(writeFlow(flow, format), format)).toMatchObject(flow);
  }
  expect(writeFlow(flow).indexOf("policy")).toBeGreaterThan(writeFlow(flow).indexOf("parameters"));
});
