/** `@atomiton/events/browser`: events within one page, without links. */
export { createBrowserEventManager, createBrowserEventManager as createEventManager } from "../browser.js";
export * from "../public.js";
