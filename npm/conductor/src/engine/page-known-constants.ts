/** See `known-constants.ts`. */
export { CONSTANTS as knownConstants } from "@atomiton/conductor-wasm/constants";
