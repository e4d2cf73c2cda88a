/** For the preload script of an Electron window. Needs nothing but Electron. */
export * from "../desktop/preload.js";
