import { StorageError } from "../error.js";
import { EXECUTION_STATUSES, type ExecutionChange, type ExecutionRecord, type ExecutionStatus } from "./store.js";

/** Bits that say which parts an update has; see `store-native/src/change.rs`. */
const PART = {
  status: 1,
  endedAt: 1 << 1,
  wakeAt: 1 << 2,
  noWakeAt: 1 << 3,
  reason: 1 << 4,
  noReason: 1 << 5,
  error: 1 << 6,
  summary: 1 << 7,
  release: 1 << 8,
};

/** Bytes that are kept for the next call; larger batches have memory of their own. */
const KEPT = 1 << 20;

/** Packs changes for the addon, into memory that is used again. */
export class ChangePacker {
  #bytes = Buffer.allocUnsafeSlow(1 << 14);
  #length = 0;

  /** The bytes are good until the next call, up to `length`. @throws RangeError for more than 4 GiB. */
  pack(changes: readonly ExecutionChange[]): { bytes: Uint8Array; length: number } {
    this.#length = 0;
    for (const change of changes) this.#change(change);
    const packed = { bytes: this.#bytes, length: this.#length };
    if (this.#bytes.length > KEPT) this.#bytes = Buffer.allocUnsafeSlow(1 << 14);
    return packed;
  }

  #change(change: ExecutionChange): void {
    if (change.type === "append") {
      this.#byte(1);
      this.#text(change.id);
      this.#number(change.epoch);
      this.#number(change.sequence);
      this.#block(change.journal);
      this.#block(change.values);
      const blobs = change.blobs ?? [];
      this.#count(blobs.length);
      for (const { hash, data } of blobs) {
        this.#text(hash);
        this.#block(data);
      }
    } else if (change.type === "begin") {
      const { execution } = change;
      this.#byte(0);
      this.#text(execution.id);
      this.#text(execution.flowId);
      this.#text(execution.name);
      this.#text(execution.document);
      this.#text(execution.documentHash);
      this.#block(execution.head);
      this.#byte(execution.parentId === undefined ? 0 : 1);
      if (execution.parentId !== undefined) this.#text(execution.parentId);
      this.#text(execution.trigger);
      this.#count(execution.tags.length);
      for (const tag of execution.tags) this.#text(tag);
      this.#number(execution.startedAt);
    } else {
      this.#update(change);
    }
  }

  #update(change: ExecutionChange & { type: "update" }): void {
    const { status, endedAt, wakeAt, reason, error, summary } = change;
    this.#byte(2);
    this.#text(change.id);
    this.#number(change.epoch);
    this.#number(change.updatedAt);
    let parts = 0;
    if (status !== undefined) parts |= PART.status;
    if (endedAt !== undefined) parts |= PART.endedAt;
    if (wakeAt !== undefined) parts |= wakeAt === null ? PART.noWakeAt : PART.wakeAt;
    if (reason !== undefined) parts |= reason === null ? PART.noReason : PART.reason;
    if (error !== undefined) parts |= PART.error;
    if (summary !== undefined) parts |= PART.summary;
    if (change.release) parts |= PART.release;
    this.#byte(parts & 0xff);
    this.#byte(parts >> 8);
    if (status !== undefined) this.#byte(numberOf(status));
    if (endedAt !== undefined) this.#number(endedAt);
    if (typeof wakeAt === "number") this.#number(wakeAt);
    if (typeof reason === "string") this.#text(reason);
    if (error !== undefined) this.#text(error);
    if (summary !== undefined) this.#text(summary);
  }

  /** Makes room. */
  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #count(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  #number(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  #text(text: string): void {
    // A unit of UTF-16 takes three bytes of UTF-8 at most.
    this.#reserve(4 + text.length * 3);
    const length = this.#bytes.write(text, this.#length + 4);
    this.#bytes.writeUInt32LE(length, this.#length);
    this.#length += 4 + length;
  }

  #block(block: Uint8Array): void {
    this.#count(block.length);
    this.#reserve(block.length);
    this.#bytes.set(block, this.#length);
    this.#length += block.length;
  }
}

function numberOf(status: ExecutionStatus): number {
  const number = EXECUTION_STATUSES.indexOf(status);
  if (number >= 0) return number;
  throw new StorageError(
    `There is no status ${JSON.stringify(status)}; there are ${EXECUTION_STATUSES.join(", ")}`,
    "UNSUPPORTED_OPERATION",
  );
}

/** Records as the addon packs them. They share memory; journals and values begin at multiples of 8 bytes. */
export function unpackedRecords(packed: Buffer): ExecutionRecord[] {
  const count = packed.readDoubleLE(0);
  let at = 8 + count * 32;
  const next = (length: number): Uint8Array => {
    const block = new Uint8Array(packed.buffer, packed.byteOffset + at, length);
    at += Math.ceil(length / 8) * 8;
    return block;
  };
  return Array.from({ length: count }, (_, index) => {
    const head = 8 + index * 32;
    return {
      sequence: packed.readDoubleLE(head),
      epoch: packed.readDoubleLE(head + 8),
      journal: next(packed.readDoubleLE(head + 16)),
      values: next(packed.readDoubleLE(head + 24)),
    };
  });
}
