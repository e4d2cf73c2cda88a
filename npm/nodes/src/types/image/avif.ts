/**
 * AVIF, which the package sharp reads and writes. Its codec is larger than all that the addon brings for other formats, and few flows
 * need it.
 */
import { open } from "node:fs/promises";

import type { ImageHeader } from "@atomiton/conductor-native";

import { messageOf, NodeError } from "../../contract/error.js";
import { optionalPackage } from "../../machine/optional-package.js";
import type { NamedPicture } from "./sources.js";

/** The most bytes of a file that is read, as for other formats. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Pixels on a side of a picture that is written. */
const LONGEST_SIDE = 16_384;
/** Where a file of this kind says what it is: the length of that part, `ftyp`, and names of four letters. */
const HEAD_BYTES = 64;

/** An AVIF file in memory. */
export interface Avif {
  name: string;
  bytes: Uint8Array;
}

/** The AVIF file that a picture is; `undefined` for another format. */
export async function avifIn(picture: NamedPicture): Promise<Avif | undefined> {
  const { name, path, bytes } = picture;
  if (path === undefined) return isAvif(bytes) ? { name, bytes } : undefined;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    if (!isAvif(buffer.subarray(0, bytesRead))) return undefined;
    const { size } = await file.stat();
    if (size > MOST_BYTES) {
      throw new NodeError(
        "MEMORY_LIMIT_EXCEEDED",
        `${name} has ${size} bytes, more than the ${MOST_BYTES} that are read`,
      );
    }
    return { name, bytes: await file.readFile() };
  } finally {
    await file.close();
  }
}

/**
 * What the header of an AVIF file says.
 *
 * @throws NodeError EXECUTION_FAILED without the package sharp, DESERIALIZATION_FAILED, MEMORY_LIMIT_EXCEEDED beyond `maxPixels`
 */
export async function headerOfAvif(
  { name, bytes }: Avif,
  maxPixels: number,
): Promise<Omit<ImageHeader, "format"> & { format: "avif" }> {
  const sharp = await loaded();
  const { width, height, hasAlpha, bitsPerSample, hasProfile, pages } = await decoded(name, sharp(bytes).metadata());
  if (width * height > maxPixels) {
    throw new NodeError(
      "MEMORY_LIMIT_EXCEEDED",
      `${name} has ${width} × ${height} pixels, more than the ${maxPixels} that \`maxPixels\` allows`,
    );
  }
  return {
    format: "avif",
    width,
    height,
    hasAlpha,
    depth: bitsPerSample ?? 8,
    // Decoding turns the picture already.
    orientation: 1,
    hasMore: (pages ?? 1) > 1,
    hasProfile,
    size: bytes.length,
  };
}

/** The picture of an AVIF file as PNG. */
export async function pngOfAvif(avif: Avif, maxPixels: number): Promise<Uint8Array> {
  await headerOfAvif(avif, maxPixels);
  const sharp = await loaded();
  // It is read again at once, so that little is gained by making it small.
  return decoded(avif.name, sharp(avif.bytes).png({ compressionLevel: 1 }).toBuffer());
}

/** Fails where the package is not installed, before a picture is made that nothing could write. */
export async function checkAvif(): Promise<void> {
  await loaded();
}

/**
 * A PNG picture as AVIF. `quality`: from 1 to 100.
 *
 * @throws NodeError INVALID_PARAMETERS for a picture with a side that AVIF has no room for
 */
export async function avifOfPng(
  { bytes, width, height }: { bytes: Uint8Array; width: number; height: number },
  quality: number,
  lossless: boolean,
): Promise<Buffer> {
  if (Math.max(width, height) > LONGEST_SIDE) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `A side of AVIF has at most ${LONGEST_SIDE} pixels; the picture has ${width} × ${height}`,
    );
  }
  const sharp = await loaded();
  try {
    return await sharp(bytes, { limitInputPixels: false }).avif({ quality, lossless }).toBuffer();
  } catch (error) {
    throw new NodeError("EXECUTION_FAILED", `Image processing failed: ${messageOf(error)}`, {
      cause: error,
      retry: false,
    });
  }
}

async function loaded() {
  const { default: sharp } = await optionalPackage("sharp", "image", () => import("sharp"));
  return sharp;
}

async function decoded<T>(name: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw new NodeError("DESERIALIZATION_FAILED", `${name} cannot be read as AVIF: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Pictures of AVIF say so among the names at the beginning of the file, also those that begin with another name. */
function isAvif(file: Uint8Array): boolean {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, HEAD_BYTES));
  if (head.length < 16 || head.toString("latin1", 4, 8) !== "ftyp") return false;
  const end = Math.min(head.readUInt32BE(0), head.length);
  for (let at = 8; at + 4 <= end; at += 4) {
    const name = head.toString("latin1", at, at + 4);
    if (name === "avif" || name === "avis") return true;
  }
  return false;
}
