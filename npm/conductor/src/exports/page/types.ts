/** `./types` in a page: nothing of the engine but its tables. */
import { CONSTANTS } from "@atomiton/conductor-wasm/constants";
import { useConstants } from "../../engine/backend.js";

useConstants(() => CONSTANTS);

export * from "../vocabulary.js";
