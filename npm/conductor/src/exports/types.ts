/** Types, ids and errors, without anything that runs. */
import { useNodeEngine } from "./environment/node-engine.js";

useNodeEngine();

export * from "./vocabulary.js";
