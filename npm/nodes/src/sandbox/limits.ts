/** Limits of what crosses the border of the sandbox, in both directions. They are those of one run of user code. */

/**
 * Values that may cross together, each member of a list or an object being one: what is made of them on the other side
 * takes far more memory than their text, for which 4,000 × 4,000 shared references are 32 MB.
 */
export const MOST_VALUES = 10_000_000;

/** Characters of text that answers may have together, unless the engine's memory may be larger. */
export const MOST_CHARACTERS = 256 * 1024 * 1024;

/** Deeper data would overflow a stack on one side or the other. */
export const MOST_LEVELS = 400;

/** How many times its memory an engine can take as text: what is more need not be made. */
export const TEXT_PER_MEMORY = 3;

/** ms that a run may take at the most. */
export const LONGEST_RUN = 86_400_000;

/** Bytes of memory that the engine needs at the least. */
export const LEAST_MEMORY = 1024 * 1024;

/** A number of the limits above, as messages write it. */
export function written(limit: number): string {
  return limit.toLocaleString("en-US");
}
