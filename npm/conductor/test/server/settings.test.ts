/** Settings of a server: those that it does not know or cannot keep are refused. */
import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers, createUsers } from "../../src/exports/server.js";

describe("a server", () => {
  it.each([
    [{ rateLimits: false as never }, "`rateLimits` must be an object"],
    [{ origin: ["https://flows.example.com"] }, "`createServer` has no origin. Allowed: conductor, authenticate"],
    [{ rateLimits: { signIns: { perUser: 1 } } }, "`rateLimits.signIns` has no perUser. Allowed: "],
    [{ rateLimits: { calls: { perSecond: 1, burst: 1, perMinute: 1 } } }, "`rateLimits.calls` has no perMinute"],
    [{ limits: { runner: null } }, "`limits.runner` must be an object"],
    [{ limits: { viewer: null } }, "`limits.viewer` must be an object"],
    [{ limits: { viewer: { concurrent: 1 } } }, "`limits.viewer` has no concurrent"],
    [{ limits: { webhooks: { bodyBytes: 1 } } }, "`limits.webhooks` has no bodyBytes"],
    [{ limits: { all: { bodyBytes: 1 } } }, "`limits.all` has no bodyBytes"],
    [{ limits: { editor: { bodyBytes: -1 } } }, "`limits.editor.bodyBytes` must be a whole number from 1 to 25165824"],
    [{ limits: { admin: { bodyBytes: 0.5 } } }, "`limits.admin.bodyBytes` must be a whole number"],
    [{ keep: { result: 1 } }, "`keep` has no result. Allowed: "],
    [{ audit: "file.log" }, "`audit` of a server must be a function"],
    [{ origins: "https://flows.example.com" }, "`origins` of a server must be a list"],
    [{ origins: ["flows.example.com"] }, "found flows.example.com"],
    [{ origins: ["https://flows.example.com/editor"] }, "without a path"],
    [{ hosts: "flows.example.com" }, "`hosts` of a server must be a list"],
    [{ base: "api" }, "`base` of a server must be a path"],
    [{ durable: true }, "`durable` of a server needs a conductor with a `store`"],
    [{ open: false }, "needs either `authenticate`"],
    [{ open: false, authenticate: "x" }, "`authenticate` of a server must be a function"],
  ])("refuses %j", (settings, message) => {
    const conductor = createConductor({ transport: "local" });
    onTestFinished(() => conductor.shutdown());
    const make = () => createServer({ conductor, open: true, ...settings } as never);
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(message) }),
    );
  });
});

describe("users and triggers", () => {
  it.each<[() => unknown, string]>([
    [() => createUsers({ store: createMemoryExecutions(), sessions: { idel: 1 } } as never), "`sessions` has no idel"],
    [() => createUsers({ store: createMemoryExecutions(), openID: {} } as never), "`createUsers` has no openID"],
    [() => createTriggers({ store: createMemoryExecutions(), secret: {} } as never), "`createTriggers` has no secret"],
  ])("refuse settings that there are not: %#", (make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(message) }),
    );
  });
});
