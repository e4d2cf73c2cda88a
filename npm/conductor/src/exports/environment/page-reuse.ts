/** What takes outputs of nodes again in a page; loaded once a node asks for it. */
import { createMemoryCache } from "@atomiton/storage/browser";

import { NotReusable } from "../../api/cache/content.js";
import { type CacheSources, openCache } from "../../api/cache/open.js";
import { Reuse } from "../../api/cache/reuse.js";
import { sha256 } from "../../api/durable/sha256.js";

/** Reuses outputs in a page. */
export function pageReuse(sources: Omit<CacheSources, "memory">): Reuse {
  const open = () => openCache({ ...sources, memory: createMemoryCache });
  return new Reuse({ open, hash, log: sources.log });
}

function hash(data: Uint8Array): Promise<string> {
  if (globalThis.crypto.subtle !== undefined) return sha256(data);
  throw new NotReusable("only a page that came over HTTPS, or from localhost, can tell what it was made from");
}
