import { isUtf8 } from "node:buffer";
import * as zlib from "node:zlib";
import { type Entry, fromBufferPromise, getFileNameLowLevel, openPromise, type ZipFile } from "yauzl";

import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { type ArchiveEntry, damaged } from "./entry.js";
import type { Limits } from "./limits.js";
import type { ArchiveSource } from "./source.js";

/** Whether checksums can be worked out: Node has the function from 20.15 on. */
export const checksCrc = typeof zlib.crc32 === "function";

/** Bytes of a local header before its name. */
const LOCAL_HEADER = 30;
/** The flag of an entry whose name is in UTF-8, and the systems on which names are. */
const UTF8_NAME = 0x800;
const MADE_BY_UNIX = 3;
const MADE_BY_MACOS = 19;
/** Bytes of names, comments and extra fields of a whole archive, which are held while it is read. */
const MOST_NAMES = 64 * 1024 * 1024;
/** Kinds of files in the mode that Unix programs write beside an entry. */
const KIND_OF_MODE = 0o170000;
const KINDS: ReadonlyMap<number, ArchiveEntry["kind"]> = new Map([
  [0o120000, "link"],
  [0o060000, "device"],
  [0o020000, "device"],
  [0o010000, "device"],
  [0o140000, "device"],
]);
const METHODS: Readonly<Record<number, string>> = { 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz" };

/**
 * The entries of a zip archive, in the order of its directory, which is read before any content: entries that share bytes are
 * a bomb, and refused before one of them is unpacked.
 *
 * @throws NodeError DESERIALIZATION_FAILED or MEMORY_LIMIT_EXCEEDED
 */
export async function* zipEntries(
  source: ArchiveSource,
  limits: Limits,
  signal: AbortSignal | undefined,
): AsyncGenerator<ArchiveEntry> {
  // Names are checked where entries are written to a disk, so that `list` can show what is wrong with them.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false };
  const { from } = source;
  const zip = await ("path" in from ? openPromise(from.path, options) : fromBufferPromise(from.bytes, options)).catch(
    (error: unknown) => {
      throw unreadable(source, error);
    },
  );
  // What happens beside the calls below, such as a failure to close, ends nothing.
  zip.on("error", () => undefined);
  try {
    const entries = await directoryOf(zip, source, limits, signal);
    refuseOverlaps(entries, source);
    source.contents = entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
    for (const entry of entries) yield archiveEntry(zip, entry, source, limits);
  } finally {
    zip.close();
  }
}

async function directoryOf(
  zip: ZipFile,
  source: ArchiveSource,
  limits: Limits,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let names = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      throwIfAborted(signal);
      limits.countEntry();
      names += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      if (names > MOST_NAMES) throw damaged(`The directory of ${source.name} has more than ${MOST_NAMES} bytes`);
      entries.push(entry);
    }
  } catch (error) {
    throw unreadable(source, error);
  }
  return entries;
}

/** Each entry has bytes of its own in an archive that was made to hold files. */
function refuseOverlaps(entries: readonly Entry[], { name }: ArchiveSource): void {
  const sorted = [...entries].sort((one, other) => one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const entry of sorted) {
    const start = entry.relativeOffsetOfLocalHeader;
    if (start < end) throw damaged(`Entries of ${name} overlap, as they do in archives made to fill the disk`);
    end = start + LOCAL_HEADER + entry.fileNameLength + entry.compressedSize;
  }
}

function archiveEntry(zip: ZipFile, entry: Entry, source: ArchiveSource, limits: Limits): ArchiveEntry {
  const { uncompressedSize, compressedSize } = entry;
  const name = nameOf(entry);
  const mode = entry.externalFileAttributes >>> 16;
  const reason = reasonOf(entry);
  return {
    name,
    kind: KINDS.get(mode & KIND_OF_MODE) ?? (name.endsWith("/") ? "folder" : "file"),
    size: uncompressedSize,
    compressedSize,
    modified: entry.getLastModDate(),
    isExecutable: (mode & 0o111) !== 0,
    ...(reason !== undefined && { unreadable: reason }),
    async *content() {
      try {
        // The stream fails where there is more or less than the directory says.
        let checksum = 0;
        for await (const piece of limits.counted(await zip.openReadStreamPromise(entry))) {
          if (checksCrc) checksum = zlib.crc32(piece, checksum);
          yield piece;
        }
        if (checksCrc && checksum !== entry.crc32)
          throw new Error("its checksum is another one, so that it was changed or damaged");
      } catch (error) {
        throw unreadable(source, error, name);
      }
    },
  };
}

/** Programs on Unix write names in UTF-8, and some do not say so. */
function nameOf({ generalPurposeBitFlag: flags, fileNameRaw, extraFields, versionMadeBy }: Entry): string {
  const isFromUnix = versionMadeBy >> 8 === MADE_BY_UNIX || versionMadeBy >> 8 === MADE_BY_MACOS;
  const isUtf8Name = isFromUnix && isUtf8(fileNameRaw);
  return getFileNameLowLevel(isUtf8Name ? flags | UTF8_NAME : flags, fileNameRaw, extraFields, false);
}

function reasonOf(entry: Entry): string | undefined {
  if (entry.isEncrypted()) return "it is encrypted";
  if (entry.canDecodeFileData()) return undefined;
  const { compressionMethod: method } = entry;
  return `it is compressed with ${METHODS[method] ?? `method ${method}`}`;
}

function unreadable({ name }: ArchiveSource, error: unknown, entry?: string): unknown {
  if (error instanceof NodeError) return error;
  const where = entry === undefined ? name : `The entry \`${entry}\` of ${name}`;
  return damaged(`${where} cannot be read as zip: ${messageOf(error)}`, error);
}
