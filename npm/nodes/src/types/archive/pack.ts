/** The bytes of an archive, made as they are asked for. */
import { constants, createReadStream, ReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { ZipFile } from "yazl";

import { throwIfAborted } from "../../contract/abort.js";
import { reports, sizeText } from "../../library/reports.js";
import type { ArchiveFormat, ArchiveWork } from "./parameters.js";

/** A file or folder that goes into an archive. */
export interface PackItem {
  /** With `/` between names. */
  name: string;
  kind: "file" | "folder";
  size: number;
  modified: Date;
  isExecutable: boolean;
  /** The content, of what is not on the disk. */
  bytes?: Uint8Array;
  /** Where it is on the disk. */
  place?: string;
}

/** A link that took the place of a file since it was looked at is not followed. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const FILE = 0o644;
const EXECUTABLE = 0o755;

/** An archive of these items, in pieces. Files are opened one at a time. */
export async function* packed(
  items: readonly PackItem[],
  format: ArchiveFormat,
  level: number,
  { signal, progress }: Pick<ArchiveWork, "signal" | "progress">,
): AsyncGenerator<Uint8Array> {
  const opened = new Set<Readable>();
  const total = items.reduce((sum, { size }) => sum + size, 0);
  const report = progress && reports(progress);
  let packedSize = 0;
  const taken = () => {
    let size = packedSize;
    for (const stream of opened) if (stream instanceof ReadStream) size += stream.bytesRead;
    return Math.min(size, total);
  };
  const open = (item: PackItem): Readable => {
    const stream =
      item.place === undefined
        ? Readable.from([item.bytes ?? new Uint8Array(0)])
        : createReadStream(item.place, { flags: READ as never, end: Math.max(item.size - 1, 0) });
    opened.add(stream);
    return stream.once("close", () => {
      opened.delete(stream);
      packedSize += item.size;
    });
  };
  const streams =
    format === "zip" ? [zipOf(items, level, open)] : tarOf(items, open, format === "tar" ? undefined : level);
  try {
    for await (const piece of streams.at(-1) as AsyncIterable<Uint8Array>) {
      throwIfAborted(signal);
      report?.(Math.min(99, (100 * taken()) / total || 0), () => `${sizeText(taken())} of ${sizeText(total)}`);
      yield piece;
    }
  } finally {
    for (const stream of [...streams, ...opened]) stream.destroy();
  }
}

type Open = (item: PackItem) => Readable;

function zipOf(items: readonly PackItem[], level: number, open: Open): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  const fail = (error: unknown) => output.destroy(error as Error);
  zip.on("error", fail);
  for (const item of items) {
    const { name, size, modified: mtime, isExecutable } = item;
    if (item.kind === "folder") {
      zip.addEmptyDirectory(name, { mtime });
      continue;
    }
    const mode = (isExecutable ? EXECUTABLE : FILE) | constants.S_IFREG;
    zip.addReadStreamLazy(name, { mtime, mode, size, compressionLevel: level }, (begin) => {
      // yazl passes the pieces on, and not what goes wrong with them.
      begin(null, size === 0 ? Readable.from([]) : open(item).on("error", fail));
    });
  }
  zip.end();
  return output;
}

function tarOf(items: readonly PackItem[], open: Open, level: number | undefined): Readable[] {
  const tar = pack();
  tar.on("error", () => undefined);
  const plain = Readable.from(tar, { objectMode: false });
  addAll(tar, items, open).catch((error: unknown) => plain.destroy(error as Error));
  if (level === undefined) return [plain];
  const gzip = createGzip({ level });
  plain.on("error", (error) => gzip.destroy(error));
  return [plain, plain.pipe(gzip)];
}

async function addAll(tar: Pack, items: readonly PackItem[], open: Open): Promise<void> {
  for (const item of items) {
    const { name, modified: mtime, isExecutable } = item;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(error) : resolve());
      if (item.kind === "folder") {
        tar.entry({ name, mtime, type: "directory" }, settle).on("error", reject);
        return;
      }
      const mode = isExecutable ? EXECUTABLE : FILE;
      const entry = tar.entry({ name, mtime, mode, size: item.size, type: "file" }, settle);
      // An archive that is given up on tells each part of it by an event, which would end the process if nothing listened.
      entry.on("error", reject);
      if (item.size === 0) entry.end(null);
      else open(item).on("error", reject).pipe(entry);
    });
  }
  tar.finalize();
}
