/** States of tasks, as the engine numbers them. */
export { State } from "./generated.js";
