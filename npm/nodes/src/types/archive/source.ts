/** Archives that are read: files, or bytes. */
import { open, stat } from "node:fs/promises";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData, handleValue, unwrap } from "../../data/input.js";
import { chosenData, warnOfLeftOut } from "../../library/chosen-data.js";
import { bytesOfBase64 } from "../../machine/base64.js";
import { missingPath } from "../../machine/missing-path.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { plainValue } from "../../table/port-value.js";
import { damaged } from "./entry.js";
import type { ArchiveFormat, ArchiveWork } from "./parameters.js";

/** An archive to read. */
export interface ArchiveSource {
  /** Where it is, or its bytes. */
  from: { path: string } | { bytes: Buffer };
  size: number;
  format: ArchiveFormat;
  /** How messages call it. */
  name: string;
  /** Bytes of the contents of its entries as they are in it; missing where it has no directory. */
  contents?: number;
  /** Bytes of it that were read so far; missing where only entries tell. */
  taken?: () => number;
}

/** Bytes by which the format is known. */
const HEAD = 263;

/**
 * The archive that a node is to read.
 *
 * @throws NodeError INVALID_PARAMETERS (none is given), EXECUTION_FAILED (no such file), TYPE_MISMATCH, or
 *   DESERIALIZATION_FAILED (no archive that can be read here)
 */
export async function sourceOf(work: ArchiveWork): Promise<ArchiveSource> {
  const { format } = work.parameters;
  const path = pathOf(work);
  const named = handleValue(work.input, "data") ?? handleValue(work.input, "content") ?? work.parameters.data;
  if (path !== undefined && named !== undefined) {
    throw new NodeError("INVALID_PARAMETERS", "There is both `path` and `data`; an archive is one of them");
  }
  if (path !== undefined) {
    warnOfLeftOut(work, "path", findData(work.input, ["data", "content"]), "data");
    return fileSource(work, path, format);
  }
  const data = plainValue(chosenData(work, "data", ["data", "content"]));
  if (data === undefined)
    throw new NodeError("INVALID_PARAMETERS", "There is no archive: give the node `path` or `data`");
  const bytes = bytesOf(data);
  const name = "The data";
  return { from: { bytes }, size: bytes.length, format: format ?? formatOf(bytes.subarray(0, HEAD), name), name };
}

/** Where the archive is, or is to be. */
export function pathOf({ input, parameters }: ArchiveWork): string | undefined {
  const brought = unwrap(handleValue(input, "path"));
  return typeof brought === "string" && brought !== "" ? brought : parameters.path;
}

async function fileSource(work: ArchiveWork, path: string, format: ArchiveFormat | undefined): Promise<ArchiveSource> {
  const place = await rootedPath(work.files, path);
  const facts = await stat(place).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    throw await missingPath(`File not found: ${path}`, path, { cause: error });
  });
  if (!facts.isFile()) throw new NodeError("EXECUTION_FAILED", `Path is not a file: ${path}`);
  const name = `\`${path}\``;
  const found = format ?? formatOf(await headOf(place), name, path.toLowerCase().endsWith(".tar"));
  return { from: { path: place }, size: facts.size, format: found, name };
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What the first bytes say. */
function formatOf(head: Buffer, name: string, isCalledTar = false): ArchiveFormat {
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
  if (starts(0x50, 0x4b, 0x03, 0x04) || starts(0x50, 0x4b, 0x05, 0x06)) return "zip";
  if (starts(0x1f, 0x8b)) return "tar.gz";
  // Tars of the first form begin like anything.
  if (isCalledTar || head.subarray(257, 262).toString("latin1") === "ustar") return "tar";
  const other = OTHERS.find(([, ...bytes]) => starts(...bytes))?.[0];
  const found = other === undefined ? "begins like none of them" : `is ${other}`;
  throw damaged(`zip, tar and tar.gz can be read, and ${name} ${found}; \`format\` says what it is`);
}

/** What is asked for now and then, by its first bytes. */
const OTHERS: readonly [string, ...number[]][] = [
  ["7z", 0x37, 0x7a, 0xbc, 0xaf],
  ["RAR", 0x52, 0x61, 0x72, 0x21],
  ["compressed with xz", 0xfd, 0x37, 0x7a, 0x58, 0x5a],
  ["compressed with bzip2", 0x42, 0x5a, 0x68],
  ["compressed with zstd", 0x28, 0xb5, 0x2f, 0xfd],
];

function bytesOf(data: unknown): Buffer {
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const bytes = typeof data === "string" ? bytesOfBase64(data) : undefined;
  if (bytes !== undefined) return bytes;
  throw new NodeError("TYPE_MISMATCH", `An archive is bytes or their base64, found ${foundText(data)}`);
}
