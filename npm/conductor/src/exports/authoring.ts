/** Node types and flows written in code, the same at every entry point. */
export { defineNode } from "@atomiton/nodes";
export { flow } from "../builder/flow.js";
