/** How a trace goes on in the requests of nodes, where the owner of a conductor traces executions. */

/**
 * The property under which a node finds the headers by which a trace goes on from its attempt, such as `traceparent`; missing where
 * there is no tracing. It is a symbol, so that no parameter of a flow can stand in its place.
 */
export const traceHeaders: unique symbol = Symbol.for("@atomiton/trace-headers") as never;
