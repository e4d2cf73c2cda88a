/** Storage for Node and Electron: in memory, or as files. */
export * from "./desktop.js";
