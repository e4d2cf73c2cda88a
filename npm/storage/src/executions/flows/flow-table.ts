/** Flows as a store keeps them, below the rules that are the same for all stores. Times are in ms since the epoch. */

/** A version to be saved. */
export interface NewFlowVersion {
  id: string;
  /** Of the content. */
  hash: string;
  /** JSON. */
  document: string;
  /** SHA-256 of that text. Stores keep each text once, those of executions included. */
  documentHash: string;
  /** What lists show of it, as JSON. */
  item: string;
  at: number;
  ifVersion?: number;
}

/** What became of a save. */
export interface SaveOutcome {
  /** The number of the current version afterwards; 0 for none. */
  version: number;
  /** Whether nothing was saved, because the current version is another one than `ifVersion`. */
  isRefused: boolean;
  /** When the current version was saved first. */
  savedAt?: number | null | undefined;
}

/** A version, with how its flow stands. */
export interface FoundVersion {
  version: number;
  hash: string;
  savedAt: number;
  document: string;
  item: string;
  deletedAt?: number | null;
}

/** Versions, the last one first. */
export interface FoundHistory {
  deletedAt?: number | null;
  versions: { version: number; hash: string; savedAt: number }[];
}

/** The tables of flows. Each method is one transaction. */
export interface FlowTable {
  /**
   * Saves a version as {@link judged} says. The number of a new one is one more than that of the last, deleted flows included.
   */
  save(version: NewFlowVersion): Promise<SaveOutcome>;
  /** The current version, also of a deleted flow, or the one that is named. */
  find(id: string, version?: number): Promise<FoundVersion | undefined>;
  /** What lists show of flows whose ids begin with a text, each as JSON. */
  list(prefix: string): Promise<unknown[]>;
  /** Marks a flow as deleted: what lists showed of it; `undefined` for an unknown flow. */
  remove(id: string, at: number): Promise<string | undefined>;
  history(id: string, limit: number, before?: number): Promise<FoundHistory | undefined>;
  /** Removes `limit` versions at most; how many. */
  prune(rule: { deletedBefore?: number; keepVersions?: number }, limit: number): Promise<number>;
}

/** The current version of a flow that is not deleted. */
export interface CurrentVersion {
  version: number;
  hash: string;
}

/**
 * What becomes of a save: it is `refused` where the current version is not the expected one, makes a `new` version, or leaves the
 * current one, of which only the document is `renewed`. `before` is missing where there is no flow, or a deleted one.
 *
 * A save that finds its own content as the version after the expected one is the same save again, whose answer was lost.
 */
export function judged(before: CurrentVersion | undefined, { hash, ifVersion }: NewFlowVersion): SaveFate {
  const isSame = before?.hash === hash;
  const version = before?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== version && !(isSame && ifVersion + 1 === version)) return "refused";
  return isSame ? "renewed" : "new";
}

export type SaveFate = "refused" | "renewed" | "new";
