/** Content that several things need, kept once under its hash. */
import type { Transaction } from "./schema.js";

type Write = Transaction<"readwrite">;

/** Counts one more need of content, and stores it for the first one. */
export async function keep(
  transaction: Write,
  store: "documents" | "blobs",
  hash: string,
  content: string | Uint8Array,
) {
  const uses = transaction.objectStore("uses");
  const count = (await uses.get([store, hash])) ?? 0;
  await uses.put(count + 1, [store, hash]);
  // The two stores differ in the type of content only.
  if (count === 0) await transaction.objectStore(store as "documents").put(content as string, hash);
}

/** Counts one need less, and deletes what nothing needs any more. */
export async function release(transaction: Write, store: "documents" | "blobs", hash: string): Promise<void> {
  const uses = transaction.objectStore("uses");
  const count = (await uses.get([store, hash])) ?? 0;
  if (count > 1) return void (await uses.put(count - 1, [store, hash]));
  await uses.delete([store, hash]);
  await transaction.objectStore(store).delete(hash);
}

/** Bytes without what else is in their buffer, which would be stored with them. */
export function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
