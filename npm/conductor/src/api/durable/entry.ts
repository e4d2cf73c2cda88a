/** One entry of a record: `[kind, task, attempt, content]` and what little there is beside. */
import type { Json } from "../../executions/tagged-json.js";
import type { Marks } from "./marks.js";

/** Kinds of entries. */
export const Kind = {
  output: "o",
  blob: "b",
  error: "e",
  items: "i",
  warning: "w",
  variables: "v",
  wait: "t",
  log: "l",
  /** Which nodes of a fork are others than in the execution that it was forked from. */
  fork: "f",
  /** An answer of that execution, which the fork may take over. */
  kept: "k",
  /** One of these was taken over. */
  inherited: "r",
  /** Versions of node types that the execution goes on with, in the place of those that it began with. */
  types: "n",
  /**
   * A process took the execution over that another one had: the nodes, by their place in the outline, that were under way then. `null`:
   * it has shown since that it is not ended by this execution.
   */
  takenOver: "x",
} as const;

/** `marks`: 0 for none. `reused`: 1 for an output that another attempt made. `redacted`: paths of what was left out. */
export type Entry = [
  kind: string,
  task: number,
  attempt: number,
  content: Json,
  marks?: Marks | 0,
  reused?: 0 | 1,
  redacted?: string[],
];

/** The entry of an answer that a fork may take over. */
export type KeptEntry = [kind: typeof Kind.kept, node: number, unused: number, content: Kept, entry: Entry];

interface Kept {
  key: string;
  variables?: VariablesChange;
}

/** What became of a run's variables with an answer. */
export interface VariablesChange {
  set: Json;
  removed: readonly string[];
  /** Paths of what was left out of `set`. */
  redacted?: readonly string[];
}

/** An answer as a record has it. */
export interface RecordedAnswer {
  readonly entry: Entry;
  variables?: VariablesChange | undefined;
}
