import type { NodeError } from "../../contract/error.js";
import type { FileAccess } from "../../contract/file-access.js";
import type { NetworkAccess } from "../../contract/network-access.js";
import type { TransferFiles } from "./files.js";

/** `fetch`, as far as it is used. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** How a place talks HTTP. */
export interface Network {
  /**
   * The `fetch` of this place; with `access`, one that connects only to where the owner of the conductor allows it, and
   * follows no redirects by itself.
   */
  fetch(access: NetworkAccess | undefined): Promise<Fetch>;
  /** The files of this place, as far as the owner of the conductor lets nodes read them; a page has none. */
  files?(access: FileAccess | undefined): Promise<TransferFiles>;
  /** Whether a redirect can be looked at before it is followed. Browsers follow by themselves, or tell nothing of it. */
  seesRedirects: boolean;
  /** Whether a request may have headers of a trace. In a page another origin would have to allow them, or the request fails. */
  mayTrace(url: URL): boolean;
  /** Refuses what cannot be sent from here. */
  check(url: URL, headers: Headers): void;
  /**
   * Says that `fetch` failed, at which address and why, which it does not tell itself. Nothing of the query is told.
   *
   * @param hasBegun whether the answer had begun. Default: false
   */
  failureOf(error: unknown, url: URL, hasBegun?: boolean): NodeError;
}
