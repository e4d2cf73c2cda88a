import type { Place } from "../library/place.js";
import { createPageSandbox, type LoadQuickJs } from "./page-sandbox.js";

/** A web page: no files, no native tables, user code in QuickJS. */
export function createPage(quickJs: LoadQuickJs): Place {
  return { sandbox: createPageSandbox(quickJs) };
}
