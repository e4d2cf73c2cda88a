import type { NativeTable } from "@atomiton/conductor-native";

import type { Sandbox } from "../sandbox/sandbox.js";
import type { TableAnswer, Transformation } from "../types/transform/execute.js";

/** What a node needs of the place it runs in, such as Node or a web page. */
export interface Place {
  /** Where user code runs. */
  sandbox: Sandbox;
  /** Transforms a table without making objects of its rows. Without it, they are made. */
  transformTable?(table: NativeTable, transformation: Transformation): Promise<TableAnswer>;
}
