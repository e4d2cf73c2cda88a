/** What is known of the engine without starting it. */
export { CONSTANTS, VERSION } from "./generated/constants.js";
