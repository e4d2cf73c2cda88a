import type { Place } from "../library/place.js";
import { pageSandbox } from "./page-sandbox.js";

/** A web page: no files, no native tables, user code in QuickJS. */
export const page: Place = { sandbox: pageSandbox };
