import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Extract, extract } from "tar-stream";

import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { type ArchiveEntry, damaged } from "./entry.js";
import type { Limits } from "./limits.js";
import type { ArchiveSource } from "./source.js";

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** Bytes of a block of a tar. */
const BLOCK = 512;
/** Bytes that are handed on at once. */
const PIECE = 64 * 1024;

const KINDS: Readonly<Record<string, ArchiveEntry["kind"]>> = {
  file: "file",
  "contiguous-file": "file",
  directory: "folder",
  link: "link",
  symlink: "link",
  "character-device": "device",
  "block-device": "device",
  fifo: "device",
};

/**
 * The entries of a tar, one after the other as they come; every byte is counted, headers too.
 *
 * @param cutOff is told that the archive has no end, so that something may be missing
 * @throws NodeError DESERIALIZATION_FAILED or MEMORY_LIMIT_EXCEEDED
 */
export async function* tarEntries(
  source: ArchiveSource,
  limits: Limits,
  signal: AbortSignal | undefined,
  cutOff: () => void,
): AsyncGenerator<ArchiveEntry> {
  // Tars of the first form say nothing of it; the checksum of each header is looked at all the same.
  const options: object = { allowUnknownFormat: true };
  const reader = extract(options);
  const input = inputOf(source);
  const fed = feed(reader, input, limits, signal);
  let failure: unknown;
  fed.catch((error: unknown) => {
    failure = error;
    reader.destroy(error as Error);
  });
  try {
    for await (const entry of reader) {
      limits.countEntry();
      // An entry that is ended early tells it by an event, which would end the process if nothing listened.
      entry.on("error", () => undefined);
      yield archiveEntry(entry, source);
      // What was not read is passed over; without this the reader would wait.
      entry.resume();
    }
    if (!(await fed)) cutOff();
  } catch (error) {
    throwIfAborted(signal);
    throw unreadable(source, failure ?? error);
  } finally {
    reader.destroy(null);
    for (const stream of input) stream.destroy();
  }
}

/** The streams from the archive to the reader; the last one gives the tar. */
function inputOf(source: ArchiveSource): Readable[] {
  const { from, format } = source;
  let packed: Readable;
  if ("path" in from) {
    const file = createReadStream(from.path);
    source.taken = () => file.bytesRead;
    packed = file;
  } else {
    let taken = 0;
    source.taken = () => taken;
    packed = Readable.from(
      piecesOf(from.bytes, (end) => {
        taken = end;
      }),
      { objectMode: false },
    );
  }
  if (format === "tar") return [packed];
  const gunzip = createGunzip();
  packed.on("error", (error: Error) => gunzip.destroy(error));
  return [packed, packed.pipe(gunzip)];
}

function* piecesOf(bytes: Buffer, taken: (end: number) => void): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE) {
    yield bytes.subarray(start, start + PIECE);
    taken(Math.min(start + PIECE, bytes.length));
  }
}

/** Hands the tar to the reader, no faster than it is read, and says whether it ends as a tar does. */
async function feed(
  reader: Extract,
  input: readonly Readable[],
  limits: Limits,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let tail: Uint8Array = new Uint8Array(0);
  for await (const piece of input.at(-1) as AsyncIterable<Buffer>) {
    throwIfAborted(signal);
    limits.countBytes(piece.length);
    tail = piece.length >= BLOCK ? piece.subarray(-BLOCK) : Buffer.concat([tail, piece]).subarray(-BLOCK);
    if (reader.destroyed) return true;
    if (!reader.write(piece)) await drained(reader);
  }
  reader.end(null);
  return tail.length === BLOCK && tail.every((byte) => byte === 0);
}

function drained(reader: Extract): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      reader.off("drain", settle);
      reader.off("close", settle);
      resolve();
    };
    reader.on("drain", settle);
    reader.on("close", settle);
  });
}

function archiveEntry(entry: Entry, source: ArchiveSource): ArchiveEntry {
  const { name, type, size = 0, mode = 0, mtime } = entry.header;
  return {
    name,
    kind: KINDS[type ?? ""] ?? "unknown",
    size,
    modified: mtime ?? new Date(0),
    isExecutable: (mode & 0o111) !== 0,
    async *content() {
      try {
        yield* entry as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw unreadable(source, error, name);
      }
    },
  };
}

function unreadable({ name, format }: ArchiveSource, error: unknown, entry?: string): unknown {
  if (error instanceof NodeError) return error;
  const where = entry === undefined ? name : `The entry \`${entry}\` of ${name}`;
  return damaged(`${where} cannot be read as ${format}: ${messageOf(error)}`, error);
}
