/** The parameters of a node apart from the context, whose keys they may share. */

/**
 * The property under which a node finds its parameters by themselves; missing where no conductor calls. It is a symbol, so that no
 * parameter of a flow can stand in its place.
 */
export const ownParameters: unique symbol = Symbol.for("@atomiton/own-parameters") as never;
