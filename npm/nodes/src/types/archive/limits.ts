/** What keeps an archive from filling memory, disk and time. */
import { NodeError } from "../../contract/error.js";
import type { ArchiveParameters } from "./parameters.js";

/** Bytes that may come out whatever the ratio: long runs of one byte are no bomb. */
const HARMLESS = 1024 * 1024;
const MIB = 1024 * 1024;
/** Bytes on the disk, and bytes that are held as values, unless `maxSize` says otherwise. */
const MOST_ON_DISK = 1024 * MIB;
export const MOST_IN_MEMORY = 256 * MIB;

/** Counts what an archive becomes, and ends it where that is too much. */
export class Limits {
  readonly #maxSize: number;
  readonly #maxRatio: number;
  readonly #maxEntries: number;
  /** Bytes that came out of the decompressor; for zip the contents alone. */
  #unpacked = 0;
  #entries = 0;
  /** Called whenever something was counted. */
  onCounted: (() => void) | undefined;

  /**
   * @param packed size of the archive in bytes
   * @param inMemory whether the contents are held as values
   */
  constructor(
    { maxSize, maxRatio, maxEntries }: ArchiveParameters,
    private readonly packed: number,
    inMemory: boolean,
  ) {
    this.#maxSize = maxSize ?? (inMemory ? MOST_IN_MEMORY : MOST_ON_DISK);
    this.#maxRatio = maxRatio;
    this.#maxEntries = maxEntries;
  }

  /** @throws NodeError MEMORY_LIMIT_EXCEEDED */
  countEntry(): void {
    this.#entries++;
    if (this.#entries > this.#maxEntries) {
      throw refused(
        `The archive has more than the ${this.#maxEntries} entries that \`maxEntries\` allows`,
        "maxEntries",
      );
    }
  }

  /** Bytes that came out so far. */
  get unpacked(): number {
    return this.#unpacked;
  }

  /** @throws NodeError MEMORY_LIMIT_EXCEEDED */
  countBytes(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > this.#maxSize) {
      throw refused(`Unpacked, the archive is more than the ${this.#maxSize} bytes that \`maxSize\` allows`, "maxSize");
    }
    if (this.#unpacked > Math.max(HARMLESS, this.packed * this.#maxRatio)) {
      throw refused(
        `Unpacked, the archive of ${this.packed} bytes is more than ${this.#maxRatio} times as large, which is what \`maxRatio\` allows`,
        "maxRatio",
      );
    }
    this.onCounted?.();
  }

  /** What a stream gives, counted on its way. */
  async *counted(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of stream) {
      this.countBytes(piece.length);
      yield piece;
    }
  }
}

/** The failure of what is too much. */
export function refused(message: string, parameter: keyof ArchiveParameters): NodeError {
  return new NodeError("MEMORY_LIMIT_EXCEEDED", message, {
    advice: [`Set \`${parameter}\` higher, if the archive comes from a source that you trust.`],
    retry: false,
  });
}
