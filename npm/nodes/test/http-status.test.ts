import { describe, expect, it } from "vitest";
import { failingStatuses, retryAfter } from "../src/types/http-request/status.js";
import { run } from "./run.js";

describe("the wait that a server asks for", () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    ["3", 3000],
    [" 120 ", 120_000],
    ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", undefined],
    ["0", undefined],
    ["-5", undefined],
    ["99999999999", undefined],
    ["soon", undefined],
    [null, undefined],
  ])("of %j is %j ms", (header, ms) => {
    expect(retryAfter(header, now)).toBe(ms);
  });
});

describe("statuses that are errors", () => {
  it("are those from 400 on where the flow handles errors, else none", () => {
    const statuses = [200, 304, 399, 400, 404, 499, 500, 599];
    expect(statuses.filter(failingStatuses(undefined, true))).toEqual([400, 404, 499, 500, 599]);
    expect(statuses.filter(failingStatuses(undefined, false))).toEqual([]);
  });
});

describe("the time that user code may take", () => {
  it("is that of the flow, where it says one, and not the parameter's", async () => {
    const data = [1];
    const spin = { data, transformFunction: "x => { while (true) {} }", timeout: 60_000 };
    const params = Object.create({ timeLimit: 50 });
    const { executables } = await import("../src/executables.js").then((all) => ({ executables: all.nodes }));
    await expect(executables["transform"]?.execute(Object.assign(params, spin, { input: {} }))).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("50"),
    });
    expect(await run("transform", {}, { data, transformFunction: "x => x" })).toMatchObject({ result: [1] });
  });
});
