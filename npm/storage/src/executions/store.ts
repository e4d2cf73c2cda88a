/**
 * Where executions are kept that outlive their process: rows to be listed, and the records that a run is rebuilt from.
 *
 * A store knows nothing of what is in a record. It keeps bytes in order, lets one owner at a time write an execution, and
 * says honestly whether something is on disk.
 */

import type { EntryStorage } from "./entries.js";
import type { FlowStorage } from "./flows/versions.js";
import type { OutputCache } from "./output-cache.js";

/** How an execution can stand. SQLite stores a status as its place in this list: new ones go to the end. */
export const EXECUTION_STATUSES = [
  "queued",
  "running",
  "sleeping",
  "waiting",
  "paused",
  "blocked",
  "completed",
  "failed",
  "cancelled",
] as const;

/** How an execution stands. */
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** The statuses of executions that are over. Nothing changes them any more. */
export const FINISHED: readonly ExecutionStatus[] = ["completed", "failed", "cancelled"];

/** An execution that begins. */
export interface NewExecution {
  id: string;
  /** Id of the node that is run. */
  flowId: string;
  /** For lists; the id where a flow has no name. */
  name: string;
  /** The flow as JSON. A store keeps each document once, under its hash. */
  document: string;
  /** SHA-256 of the document in hexadecimal digits. */
  documentHash: string;
  /** What else the run is made from: its input, variables and options. */
  head: Uint8Array;
  /** The execution that this one is a part of. */
  parentId?: string;
  /** What began it, such as `call`, `cli` or `schedule`. */
  trigger: string;
  tags: readonly string[];
  /** ms since the epoch. */
  startedAt: number;
}

/** What lists show of an execution. Times are in ms since the epoch. */
export interface StoredExecution extends Omit<NewExecution, "document" | "head"> {
  status: ExecutionStatus;
  /** Increases with each owner; each write names it. */
  epoch: number;
  /** Number of the last record; 0 for none. */
  sequence: number;
  /** Bytes of its head and records, blobs included, each as often as it was given with a record. */
  bytes: number;
  updatedAt: number;
  endedAt?: number;
  /** When a sleeping execution goes on, and one that is waiting, if it does so without an answer. */
  wakeAt?: number;
  /** Why it is blocked, or what it waits for. */
  reason?: string;
  /** JSON of the error that it failed with. */
  error?: string;
  /** JSON of what its result says in short: `{ "warnings": 2 }` where its nodes gave warnings. */
  summary?: string;
}

/** A part of what happened in an execution. */
export interface ExecutionRecord {
  /** From 1, without gaps. */
  sequence: number;
  /** The owner that wrote it. */
  epoch: number;
  /** Words of the engine's journal. */
  journal: Uint8Array;
  /** The values that came with them. */
  values: Uint8Array;
}

/** A large value, which a record names by its hash. */
export interface StoredBlob {
  /** SHA-256 of the content in hexadecimal digits. */
  hash: string;
  data: Uint8Array;
}

/** A change of one execution. */
export type ExecutionChange =
  /** A new execution, whose owner is this store object from then on: epoch 1, no records, `running`. */
  | { type: "begin"; execution: NewExecution }
  /** A further record, with the blobs that it names. Its number is one more than that of the last. */
  | {
      type: "append";
      id: string;
      epoch: number;
      sequence: number;
      journal: Uint8Array;
      values: Uint8Array;
      blobs?: readonly StoredBlob[];
    }
  /** What the row says from now on; keys that are left out stay as they are. */
  | ({ type: "update"; id: string; epoch: number; updatedAt: number } & ExecutionUpdate);

/** The part of a row that changes. */
export interface ExecutionUpdate {
  status?: ExecutionStatus;
  endedAt?: number;
  /** `null` takes it away. */
  wakeAt?: number | null;
  reason?: string | null;
  error?: string;
  summary?: string;
  /** It has no owner any more: any store object may claim it. A finished execution is released by itself. */
  release?: boolean;
}

/**
 * Why changes of an execution were not written: it `exists` already (begin), it is `unknown`, it is `finished`, this store
 * object does not own it under that epoch, because another has taken it over or it was released (`stale`), or a record's number
 * does not follow the last one (`gap`). Where several hold, it is the first of them in this order.
 */
export type RefusalReason = "exists" | "unknown" | "stale" | "finished" | "gap";

/** Changes of one execution that were not written. The others of the same call were. */
export interface Refusal {
  id: string;
  reason: RefusalReason;
}

/** What a list is narrowed to; all that is given must hold. */
export interface ExecutionFilter {
  flowId?: string;
  status?: ExecutionStatus | readonly ExecutionStatus[];
  parentId?: string;
  /** Every one of them. */
  tags?: readonly string[];
  /** Started at this time or later, and before that one; ms since the epoch. */
  from?: number;
  to?: number;
  /** Ended at this time or later; ms since the epoch. SQLite looks at each row for it, where nothing else narrows the list. */
  endedFrom?: number;
  /** Anywhere in id, flow id, name or error, without regard to the case of ASCII letters. */
  text?: string;
}

/** A page of a list, those that began last first; of those that began at the same time, those that were stored last. */
export interface ExecutionPage {
  executions: StoredExecution[];
  /** Where the next page begins; missing on the last one. */
  next?: string;
}

/** The finished executions that are to be deleted: those that any of the rules names, `endedBefore` or `keepPerFlow`. */
export interface Retention {
  /** Only those of this flow; alone it names none. */
  flowId?: string;
  /** Those that ended before this time, in ms since the epoch. */
  endedBefore?: number;
  /** All but so many of the finished ones that began last, of each flow. */
  keepPerFlow?: number;
}

/** How much a store holds. */
export interface StoreFigures {
  executions: number;
  unfinished: number;
  records: number;
  blobs: number;
  /** Bytes on disk, or in memory. */
  bytes: number;
}

/**
 * A store of executions. Each object of this kind is one owner, as long as it is open and its process lives: what it began or
 * claimed can be claimed by another only when it was closed, or its process is gone.
 */
export interface ExecutionStore {
  /** How it is named in messages: `memory`, `sqlite:PATH`, `postgres:DATABASE`, `indexeddb:NAME`. Without a password. */
  readonly name: string;
  /** Outputs of nodes, kept apart from the executions: deleting one leaves its outputs. Missing where the store keeps none. */
  readonly cache?: OutputCache;
  /** Flows with their versions, kept apart from the executions. Missing where the store keeps none. */
  readonly flows?: FlowStorage;
  /**
   * Small texts of an installation, kept apart from the executions, in collections such as `states`, which programs keep of executions
   * by hand. Missing where the store keeps none.
   */
  readonly entries?: (collection: string) => EntryStorage;
  /** False where no other store object has these executions, so that nothing is ever left by one. Missing: there may be some. */
  readonly isShared?: boolean;

  /**
   * Calls `tell` when another store object let go of executions that are to go on at once, so that they are not looked for first; gives
   * what ends that. It tells nothing of a process that is gone without a word. Missing where the store cannot tell.
   */
  onReleased?(tell: () => void): () => void;

  /**
   * Writes changes in one transaction, in their order; settles when they are on disk. If one change of an execution is refused,
   * no change of this execution in this call is written.
   *
   * @throws StorageError after which nothing was written: STORAGE_FULL or QUOTA_EXCEEDED, ACCESS_DENIED where it is read-only,
   *   SERIALIZATION_ERROR where what is stored is damaged, NETWORK_ERROR where its server cannot be reached. Where the answer to
   *   a commit was lost, the store looks up whether it was written
   */
  write(changes: readonly ExecutionChange[]): Promise<Refusal[]>;

  /** The row of an execution. */
  get(id: string): Promise<StoredExecution | undefined>;
  /** What an execution was begun with. */
  begun(id: string): Promise<{ document: string; head: Uint8Array } | undefined>;
  /** Records of an execution in order, from the one after `after` on, `limit` at most (1,000 unless given). */
  records(id: string, after?: number, limit?: number): Promise<ExecutionRecord[]>;
  blob(hash: string): Promise<Uint8Array | undefined>;
  /** `limit`: 1–1,000, 50 unless given. */
  list(filter?: ExecutionFilter, options?: { limit?: number; cursor?: string }): Promise<ExecutionPage>;

  /**
   * Ids of unfinished executions that this store object could claim, those that began first first; not those that are `blocked` or
   * `paused`, nor those that sleep until later than `now`, nor those that are `waiting`, unless they have a `wakeAt` that has come.
   * `only: "due"`: those that are `sleeping` or `waiting` alone.
   */
  claimable(now: number, limit: number, only?: "due"): Promise<string[]>;
  /**
   * Makes this store object the owner of an unfinished execution whose owner is gone, in the transaction that finds that out.
   * `undefined` where it is finished, unknown, or owned.
   */
  claim(id: string): Promise<StoredExecution | undefined>;
  /** When the next execution goes on that this object could claim, of those that sleep, or wait with a `wakeAt`. */
  nextWake(): Promise<number | undefined>;

  /** Deletes finished executions by id; how many there were. */
  delete(ids: readonly string[]): Promise<number>;
  /** Deletes finished executions and what only they needed, in small steps between which others write; how many. */
  prune(retention: Retention): Promise<number>;
  /** Gives room of deleted executions back to the system, where the store can. */
  vacuum(): Promise<void>;
  figures(): Promise<StoreFigures>;

  /** Waits for what is being written, and lets go of all that it owns. */
  close(): Promise<void>;
}
