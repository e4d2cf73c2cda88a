/** How a node knows that what its edges bring is used, though by its expressions and not by itself. */

/**
 * The property under which a node finds whether its expressions read what came before it: its input, or the output of a node. It
 * is a symbol, so that no parameter of a flow can stand in its place.
 */
export const inputRead: unique symbol = Symbol.for("@atomiton/input-read") as never;

/**
 * The property under which a node finds whether a parameter is made by an expression: an empty list that it gives counts, while editors
 * write empty lists into nodes.
 */
export const parameterIsMade: unique symbol = Symbol.for("@atomiton/parameter-is-made") as never;
