import type { Hash } from "./entries.js";
import { sha256 } from "./sha256.js";

/** Hashes that are kept. */
const MOST_KEPT = 8;
/** Characters of the longest document whose hash is kept. */
const LONGEST_KEPT = 1_000_000;

/** Hashes documents of flows. A flow is mostly run again unchanged: the hashes of the last few texts are kept with them. */
export class DocumentHashes {
  private readonly recent: { document: string; hash: string }[] = [];
  private oldest = 0;

  constructor(private readonly hash: Hash) {}

  /** The SHA-256 of a document in hexadecimal digits. */
  async hashOf(document: string): Promise<string> {
    // Comparing two texts of one length takes a hundredth of hashing one.
    const known = this.recent.find((kept) => kept.document === document);
    if (known !== undefined) return known.hash;
    const bytes = new TextEncoder().encode(document);
    const hash = this.hash?.(bytes) ?? (await sha256(bytes));
    if (document.length <= LONGEST_KEPT) this.recent[this.oldest++ % MOST_KEPT] = { document, hash };
    return hash;
  }
}
