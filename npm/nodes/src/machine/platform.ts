import type { Platform } from "../library/platform.js";
import { joinStream } from "./join-stream.js";
import { joinTables } from "./join-tables.js";
import { machineSandbox } from "./machine-sandbox.js";
import { sortTable } from "./sort-table.js";
import { transformStream } from "./transform-stream.js";
import { transformTable } from "./transform-table.js";
import { machineTypeScript } from "./typescript.js";

/** A machine with the native addon: Node and Electron's main process. */
export const machine: Platform = {
  sandbox: machineSandbox,
  typescript: machineTypeScript,
  transformTable,
  transformStream,
  joinTables,
  joinStream,
  sortTable,
};
