/** How much a call from a page may carry. */

/** What the arguments of a call may be at most. */
export interface PayloadLimits {
  /** About what they take in memory, in bytes. */
  bytes: number;
  /** How deeply objects and lists may lie in one another. */
  depth: number;
}

/** How large a flow may be. */
export interface FlowLimits {
  /** Nodes at every depth, the outermost one not counted. */
  nodes: number;
}

/** Limits of channels that carry flows and data: 16 MiB, and as many levels as the text of a flow may have. */
export const DATA_LIMITS: PayloadLimits = { bytes: 16 * 1024 * 1024, depth: 256 };

/** Limits of channels whose commands take a few words: 64 KiB, 16 levels. */
export const WORDS_LIMITS: PayloadLimits = { bytes: 64 * 1024, depth: 16 };

/** A million nodes would not fit into a message; this many do. Groups may lie as deep in one another as anywhere. */
export const FLOW_LIMITS: FlowLimits = { nodes: 100_000 };
