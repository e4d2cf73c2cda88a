/** The end of the run that a node belongs to, for what a type keeps from one node of a run to the next. */

/**
 * The property under which a node finds a signal that fires when its run is over, however it ended; the same one for all nodes
 * of the run, and missing where no conductor calls. A flow that a node runs inside of the run is a run of its own.
 */
export const runEnd: unique symbol = Symbol.for("@atomiton/run-end") as never;
