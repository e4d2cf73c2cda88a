// How the tests of isolation define their node types.
import { defineNode } from "@atomiton/conductor/node";
import { z } from "zod";

/** A node type that writes to the world. */
export const type = (name, execute, parameters = z.object({})) =>
  defineNode({
    type: name,
    title: name,
    description: name,
    parameters,
    inputs: {},
    outputs: {},
    effects: "writes",
    execute,
  });
