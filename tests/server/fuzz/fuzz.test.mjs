/** The short form of `fuzz.mjs`: a few thousand messages to each surface. */

import { test } from "node:test";

import { fuzz } from "./run.mjs";
import { SURFACES } from "./surfaces.mjs";

for (const name of Object.keys(SURFACES)) {
  test(`random messages end no process, hold up no right one, and leave no memory behind: ${name}`, async () => {
    await fuzz(name, { messages: 4000, seed: 20_261_125 });
  });
}
