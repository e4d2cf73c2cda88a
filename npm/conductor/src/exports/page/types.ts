/** `./types` in a page: nothing of the engine. */
export * from "../vocabulary.js";
