/** What an isolation may be told. */
import { expect, it, onTestFinished } from "vitest";

import { createConductor as createPageConductor } from "../../src/exports/browser.js";
import { createConductor } from "../../src/exports/node.js";
import { createIsolation, createServer } from "../../src/exports/server.js";

it.each([
  [{ memory: 5 }, "has no memory. Allowed: roles, maxMemory"],
  [{ maxMemory: 20 }, "must have `maxMemory` as a whole number, 128 or more"],
  [{ maxMemory: { viewer: 200 } }, "has no `maxMemory` for viewer"],
  [{ maxMemory: { runner: 1.5 } }, "must have `maxMemory.runner` as a whole number"],
  [{ roles: ["viewer"] }, "must have `roles` as a list of runner, editor, admin"],
  [{ network: "none" }, "must have `network` as true or false"],
  [{ launcher: "unshare" }, "must have `launcher` as a list of texts"],
  [{ cpuMs: 0 }, "must have `cpuMs` as a whole number, 1 or more"],
  [{ most: 0 }, "must have `most` as a whole number, 1 or more"],
  [undefined, undefined],
])("says what is wrong with %j", (options, message) => {
  if (message === undefined) expect(() => createIsolation(options as never)).not.toThrow();
  else expect(() => createIsolation(options as never)).toThrow(message);
});

it("is for one conductor, which the server serves", async () => {
  const isolation = createIsolation({ spare: 0 });
  const plain = createConductor();
  const authenticate = () => undefined;
  expect(() => createServer({ conductor: plain, authenticate, isolation })).toThrow("must be the one of");
  const conductor = createConductor({ isolation });
  onTestFinished(() => conductor.shutdown());
  expect(() => createConductor({ isolation })).toThrow("An isolation is for one conductor");
  expect(() => createServer({ conductor, open: true, isolation })).toThrow(
    "With `open` every caller has the role admin",
  );
  createServer({ conductor, authenticate, isolation }).close();
});

it("is refused where there are no processes", () => {
  const isolation = createIsolation({ spare: 0 });
  expect(() => createPageConductor({ isolation })).toThrow("needs processes, which only Node starts");
});
