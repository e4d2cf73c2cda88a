/** How a node knows that what its edges bring is used, though by its expressions and not by itself. */

/**
 * The property under which a node finds whether its expressions read what came before it: its input, or the output of a node. It
 * is a symbol, so that no parameter of a flow can stand in its place.
 */
export const inputRead: unique symbol = Symbol.for("@atomiton/input-read") as never;

/**
 * The property under which a node finds whether a parameter is made by an expression: what that gives counts also where it is empty, which
 * editors write into nodes as well.
 */
export const parameterIsMade: unique symbol = Symbol.for("@atomiton/parameter-is-made") as never;
