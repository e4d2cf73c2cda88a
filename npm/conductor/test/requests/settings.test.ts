/** Settings of a conductor that mean nothing as they are given. */
import { createConductor } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => vi.restoreAllMocks());

describe("a setting of a conductor", () => {
  it("that looks misspelt or is of another kind is warned of, and what it does not know is let be", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const given = {
      concurency: 4,
      maxRetries: "3",
      keepOutputs: "lst",
      debugController: { shouldFail() {} },
      theme: "dark",
    };
    await createConductor(given as never).shutdown();
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      "[CONDUCTOR] A conductor has no setting `concurency`, which is ignored. Did you mean `concurrency`?",
      "[CONDUCTOR] The setting `maxRetries` is no number, and is ignored",
      "[CONDUCTOR] The setting `keepOutputs` is neither all nor last, and is ignored",
      expect.stringMatching(
        /^\[CONDUCTOR\] The setting `debugController` has no method that is known, .* Known: configure, /,
      ),
    ]);
  });

  it.each([{ wakes: "own" }, { durability: "strict" }])("about a store is refused without one: %j", (settings) => {
    expect(() => createConductor(settings as never)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining("`store`") }),
    );
  });
});
