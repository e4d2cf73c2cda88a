/** The owner's setting `programs`, from a conductor to the nodes of its flows. */
import { type ConductorConfig, createConductor } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";

import { group, leaf } from "./contract/flows";

const echo = (more: object = {}) => leaf("a", { type: "shell-command", parameters: { program: "echo", ...more } });

describe("programs", () => {
  it.each<[ConductorConfig, boolean]>([
    [{}, true],
    [{ programs: true }, true],
    [{ programs: false }, false],
    [{ files: { roots: ["."] } }, false],
    [{ network: { privateAddresses: false } }, false],
    [{ network: {} }, false],
    [{ files: { roots: ["."] }, network: { hosts: [] }, programs: true }, true],
  ])("with %j, whether they run: %j", async (config, runs) => {
    const conductor = createConductor(config);
    for (const flow of [echo(), group("f", [echo({ "@atomiton/program-access": true, programs: true })])]) {
      const { success, error } = await conductor.node.run(flow);
      expect([success, error?.code]).toEqual(runs ? [true, undefined] : [false, "EXECUTION_FAILED"]);
      if (!runs) expect(error?.message).toContain("Nodes may not run programs here");
    }
  });

  it.each([["false"], [0], [null], [{}]])("refuses the setting %j", (programs) => {
    expect(() => createConductor({ programs } as unknown as ConductorConfig)).toThrow("must be true or false");
  });
});
