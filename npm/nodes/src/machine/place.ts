import type { Place } from "../library/place.js";
import { machineSandbox } from "./machine-sandbox.js";
import { transformTable } from "./transform-table.js";

/** A machine with the native addon: Node and Electron's main process. */
export const machine: Place = { sandbox: machineSandbox, transformTable };
