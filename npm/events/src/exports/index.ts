/** `@atomiton/events`: linked in Electron, local in a plain page and in Node, with the same calls. */
export { createBrowserEventManager } from "../browser.js";
export * from "./desktop.js";
