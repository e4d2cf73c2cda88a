/** Makes conductors of Node. */
import { createConductor } from "@atomiton/conductor/desktop";
import { getNodeExecutable } from "@atomiton/nodes";
import { createStorage } from "@atomiton/storage";

import { conductorsBy } from "./runner.mjs";

export const conductorOver = conductorsBy({ createConductor, createStorage, getNodeExecutable });
