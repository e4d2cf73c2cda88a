import type { NodeError } from "../../contract/error.js";

/** How a place talks HTTP, beside `fetch` itself. */
export interface Network {
  /** Further settings of every request. */
  settings: RequestInit;
  /** Whether a redirect can be looked at before it is followed. Browsers follow by themselves, or tell nothing of it. */
  seesRedirects: boolean;
  /** Refuses what cannot be sent from here. */
  check(url: URL, headers: Headers): void;
  /** Says that `fetch` failed, at which address and why, which it does not tell itself. Nothing of the query is told. */
  failureOf(error: unknown, url: URL): NodeError;
}
