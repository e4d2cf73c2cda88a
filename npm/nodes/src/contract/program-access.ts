/** Whether nodes may run programs, as the owner of a conductor says: nothing that a flow holds can change it. */

/**
 * The property under which a node is called with what the owner says: `true` or `false`. It is a symbol, so that no parameter of
 * a flow can stand in its place, and a property of the object itself, so that it survives a copy.
 */
export const programAccess: unique symbol = Symbol.for("@atomiton/program-access") as never;
