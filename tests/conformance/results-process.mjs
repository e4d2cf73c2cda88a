/**
 * Prints `{ backend, results }`: the results of all scenarios that are run through the public API, by name. A process of
 * its own, because an engine is chosen once; `CONDUCTOR_BACKEND` says which.
 */
import { stdout } from "node:process";

import { createConductor } from "@atomiton/conductor/desktop";

import { scenarios } from "./corpus.mjs";
import { resultText } from "./results.mjs";

const results = {};
for (const { name, scenario } of scenarios()) {
  if (scenario.api !== undefined) results[name] = await resultText(scenario, createConductor);
}
stdout.write(JSON.stringify({ backend: createConductor().engine.backend, results }));
