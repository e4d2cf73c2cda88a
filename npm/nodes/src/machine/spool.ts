/** Texts that are put aside: short ones in memory, others in a file without a name, which goes with what refers to it. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { messageOf, NodeError } from "../contract/error.js";
import type { Batch } from "../sandbox/sandbox.js";

/** Bytes that are kept in memory. */
const MOST_IN_MEMORY = 8 * 1024 * 1024;
/** Bytes that are put aside at most: as many as `sql` may, unless it is told otherwise. */
const MOST_BYTES = 10 * 1024 ** 3;

const writeTo = promisify(write);
/** Closes the files of spools that nothing refers to any more. */
const forgotten = new FinalizationRegistry<number>(closeSync);

/** A text: in memory, or where it is in the file. */
type Segment = { count: number } & ({ bytes: Buffer } | { at: number; length: number });

/** Batches of text, added one after the other and read in this order as often as need be. */
export class Spool {
  readonly #segments: Segment[] = [];
  /** Texts that are not in the file yet. */
  #waiting: Buffer[] = [];
  #size = 0;
  /** Bytes that are in the file, and that were put aside in all. */
  #written = 0;
  /** How many segments, the first ones, are in the file. */
  #inFile = 0;
  #file: number | undefined;
  #writing: Promise<void> | undefined;

  /** @throws NodeError MEMORY_LIMIT_EXCEEDED */
  add({ text, count }: Batch): void {
    const bytes = Buffer.from(text);
    this.#size += bytes.length;
    if (this.#size > MOST_BYTES) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `The results take more than ${MOST_BYTES} bytes of temporary files`);
    }
    this.#segments.push({ count, bytes });
    this.#waiting.push(bytes);
  }

  /**
   * Ends when little of what was added is still in memory.
   *
   * @throws NodeError EXECUTION_FAILED where there is no room in the folder for temporary files
   */
  async drained(): Promise<void> {
    if (this.#size <= MOST_IN_MEMORY) return;
    // One after the other, since each goes behind the one before.
    this.#writing = (this.#writing ?? Promise.resolve()).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      this.#file ??= this.#open();
      for (const bytes of waiting) {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await writeTo(this.#file, bytes, done, bytes.length - done, this.#written + done);
          done += bytesWritten;
        }
        const at = this.#written;
        this.#written += bytes.length;
        this.#moved(bytes, at);
      }
    } catch (error) {
      throw new NodeError(
        "EXECUTION_FAILED",
        `The results of a stream are put aside in the folder ${tmpdir()}, and this failed: ${messageOf(error)}`,
        { cause: error, advice: ["Make room there, or name another folder by the environment variable TMPDIR."] },
      );
    }
  }

  #moved(bytes: Buffer, at: number): void {
    const segment = this.#segments[this.#inFile] as Segment;
    this.#segments[this.#inFile++] = { count: segment.count, at, length: bytes.length };
  }

  #open(): number {
    const path = join(tmpdir(), `conductor-rows-${randomBytes(8).toString("hex")}`);
    const file = openSync(path, "wx+", 0o600);
    forgotten.register(this, file);
    // What has no name goes when it is closed, also by the end of the process.
    unlinkSync(path);
    return file;
  }

  /** All texts. Nothing is to be added any more. */
  *batches(): Generator<Batch, void, undefined> {
    for (const segment of this.#segments) yield { text: this.#textAt(segment), count: segment.count };
  }

  #textAt(segment: Segment): string {
    if ("bytes" in segment) return segment.bytes.toString();
    const bytes = Buffer.allocUnsafe(segment.length);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(this.#file as number, bytes, done, bytes.length - done, segment.at + done);
      if (read === 0) throw new NodeError("EXECUTION_FAILED", "The temporary file of a stream has become shorter");
      done += read;
    }
    return bytes.toString();
  }
}
