/** The package's root: the conductor for Node, with ids, errors and types. */
export * from "./desktop.js";
export * from "./types.js";
