import type { NativeTable } from "@atomiton/conductor-native";

import type { OrderBy } from "../data/ordering.js";
import type { Stripped } from "../definition/node-type.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import type { Stream, Taker } from "../table/table-output.js";
import type { JoinAnswer, StreamedJoinAnswer, StreamJoin, TableJoin } from "../types/join/tables.js";
import type { StreamAnswer, TableAnswer, Transformation } from "../types/transform/execute.js";

/** What a node needs of the platform it runs on, such as Node or a web page. */
export interface Platform {
  /** Where user code runs. */
  sandbox: Sandbox;
  /** What takes types out of TypeScript; loaded when it is asked for. Rejects where it cannot be had. */
  typescript(): Promise<(code: string) => Stripped>;
  /** Transforms a table without making objects of its rows. Without it, they are made. */
  transformTable?(table: NativeTable, transformation: Transformation): Promise<TableAnswer>;
  /** Transforms rows that are streamed; `undefined` where there is no stream, or the operation needs all rows at once. */
  transformStream?(
    stream: Stream | undefined,
    transformation: Transformation,
    taker: Taker,
  ): Promise<StreamAnswer | undefined>;
  /**
   * Orders a table without making objects of its rows; `undefined` where that takes more than its cells as numbers or as text. Without it,
   * they are made.
   */
  sortTable?(table: NativeTable, by: readonly OrderBy[], taker: Taker): Promise<NativeTable | undefined>;
  /** Joins two tables without making objects of their rows. Without it, they are made. */
  joinTables?(join: TableJoin, taker: Taker): Promise<JoinAnswer>;
  /** Joins rows that are streamed with a table; `undefined` where there is no stream, or it has no rows. */
  joinStream?(join: StreamJoin, taker: Taker): Promise<StreamedJoinAnswer | undefined>;
}
