/** Settings of a server: those that it does not know or cannot keep are refused. */
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { createServer } from "../../src/exports/server.js";

describe("a server", () => {
  it.each([
    [{ rateLimits: false as never }, "`rateLimits` must be an object"],
    [{ origin: ["https://flows.example.com"] }, "has no setting origin"],
    [{ origins: "https://flows.example.com" }, "`origins` of a server must be a list"],
    [{ origins: ["flows.example.com"] }, "found flows.example.com"],
    [{ origins: ["https://flows.example.com/editor"] }, "without a path"],
    [{ hosts: "flows.example.com" }, "`hosts` of a server must be a list"],
    [{ base: "api" }, "`base` of a server must be a path"],
    [{ open: false }, "needs either `authenticate`"],
  ])("refuses %j", (settings, message) => {
    const conductor = createConductor({ transport: "local" });
    onTestFinished(() => conductor.shutdown());
    const make = () => createServer({ conductor, open: true, ...settings } as never);
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(message) }),
    );
  });
});
