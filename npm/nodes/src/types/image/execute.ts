import type { ImageAnswer, ImageHeader } from "@atomiton/conductor-native";
import { writeAtomically, writeThrough } from "@atomiton/storage/files";

import { throwIfAborted } from "../../contract/abort.js";
import { adviceOf, NodeError } from "../../contract/error.js";
import { toBase64 } from "../../data/base64.js";
import { refuseUnread } from "../../library/unread.js";
import { executable } from "../../library/work.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { refuseTaken, writeOver } from "../../machine/writing-over.js";
import { cancellable } from "../../table/addon.js";
import { avifIn, avifOfPng, checkAvif, headerOfAvif, pngOfAvif } from "./avif.js";
import { image } from "./definition.js";
import { fontOf } from "./font.js";
import { formatOf, type ImageFormat } from "./format.js";
import { hasWords, jobOf } from "./job.js";
import type { ImageParameters, ImageWork } from "./parameters.js";
import { type Pictures, picturesOf } from "./pictures.js";
import { sourceOf } from "./sources.js";

/**
 * Makes one picture of one or more, on another thread. How many pixels each has is looked at before it is decoded, and EXIF
 * says which side is up.
 *
 * Fails with INVALID_PARAMETERS (no picture, a parameter that is missing or has no effect, a part that stands out), TYPE_MISMATCH
 * (what came is no picture), EXECUTION_FAILED (`Base image file not found: p`, and what there is close by),
 * DESERIALIZATION_FAILED (no picture, damaged, cut short), MEMORY_LIMIT_EXCEEDED or CANCELLED.
 */
export const imageNode = executable<ImageParameters>(image, run, { fromPorts: ["output", "text"], tellsReads: true });

async function run(work: ImageWork): Promise<object> {
  throwIfAborted(work.signal);
  refuseUnread(image, work);
  const pictures = await picturesOf(work);
  checkPictures(work, pictures);
  if (work.parameters.operation === "info") return infoOf(work, pictures);
  const format = formatOf(work);
  if (format === "avif") await checkAvif();
  const { output, overwrite, resultAs } = work.parameters;
  // Before the work, so that a place that may not be written is told at once.
  const place = output === undefined ? undefined : await rootedPath(work.files, output);
  if (place !== undefined) await refuseTaken(overwrite, place, output as string);
  const answer = await process(work, pictures, format);
  const { quality, lossless } = work.parameters;
  const made = answer.bytes ?? Buffer.alloc(0);
  const { width, height } = answer;
  const bytes = format === "avif" ? await avifOfPng({ bytes: made, width, height }, quality, lossless) : made;
  throwIfAborted(work.signal);
  const facts = { width, height, format, size: bytes.length, success: true };
  if (place === undefined) return { result: inForm(bytes, resultAs, format), ...facts };
  await writeOver(work, { place, path: output as string, overwrite, appends: false }, (isNew) =>
    writeAtomically(place, (beside, mode) => writeThrough(beside, bytes, mode), { isNew }),
  );
  return { result: output, imagePath: output, ...facts };
}

async function infoOf(work: ImageWork, pictures: Pictures): Promise<object> {
  const { source } = await process(work, pictures, undefined);
  const { format, width, height, size } = source;
  const path = pictures.base?.path;
  return {
    result: source,
    ...(path !== undefined && { imagePath: path }),
    ...{ width, height, format, size, success: true },
  };
}

async function process(
  work: ImageWork,
  pictures: Pictures,
  format: ImageFormat | undefined,
): Promise<Omit<ImageAnswer, "source"> & { source: Omit<ImageHeader, "format"> & { format: string } }> {
  const { operation, maxPixels } = work.parameters;
  const isMerge = operation === "merge";
  const baseName = isMerge ? "Image" : operation === "overlay" ? "Base image" : "Source image";
  const sources = [await sourceOf(work, pictures.base as NonNullable<Pictures["base"]>, baseName)];
  for (const { picture } of pictures.tops) {
    sources.push(await sourceOf(work, picture, isMerge || operation === "composite" ? "Image" : "Overlay image"));
  }
  const job = JSON.stringify(jobOf(work, pictures, format, await fontOf(work)));
  try {
    for (const [at, source] of sources.entries()) {
      const avif = await avifIn(source);
      if (avif === undefined) continue;
      if (format === undefined) {
        const header = await headerOfAvif(avif, maxPixels);
        return { width: header.width, height: header.height, source: header, warnings: [] };
      }
      sources[at] = { name: source.name, bytes: await pngOfAvif(avif, maxPixels) };
      throwIfAborted(work.signal);
    }
    const answer = await cancellable(work.signal, (addon, cancel) =>
      addon.processImage(sources.map(withBuffer), job, cancel),
    );
    for (const { rule, message } of answer.warnings) work.warn(rule, message);
    return answer;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    if (error.code !== "DESERIALIZATION_FAILED" && error.code !== "EXECUTION_FAILED") throw error;
    throw new NodeError(error.code, `Image processing failed: ${error.message}`, {
      cause: error,
      advice: adviceOf(error),
      retry: false,
    });
  }
}

/** Whether there are as many pictures as the operation needs. */
function checkPictures({ parameters, warn }: ImageWork, { base, tops }: Pictures): void {
  const { operation } = parameters;
  const refuse = (message: string): never => {
    throw new NodeError("INVALID_PARAMETERS", message);
  };
  if (operation === "overlay" && (!base || tops.length === 0)) {
    refuse("Overlay operation requires both baseImage and overlayImage");
  }
  if (operation === "merge" && (!base || tops.length === 0)) {
    refuse("Merge operation requires at least 2 images in the images array");
  }
  if (!base) return refuse("No valid image inputs provided");
  if (operation === "watermark" && tops.length === 0 && !hasWords(parameters)) {
    refuse("Operation watermark needs `overlayImage`, a second picture in `images`, or `text`");
  }
  if (operation === "blend" && tops.length === 0) {
    warn("nothing-to-blend", "There is one picture only; `overlayImage` or `images` give what is blended over it");
  }
  if (["resize", "convert", "crop", "rotate", "text", "info"].includes(operation) && tops.length > 0) {
    const advice = ["Put the node into a loop, which runs it for each picture."];
    const message = `Operation ${operation} works on one picture, and ${tops.length + 1} were given`;
    throw new NodeError("INVALID_PARAMETERS", message, { advice });
  }
}

function inForm(bytes: Buffer, form: ImageParameters["resultAs"], format: ImageFormat): string | Uint8Array {
  if (form === "base64") return toBase64(bytes);
  if (form === "data-url") return `data:image/${format};base64,${toBase64(bytes)}`;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function withBuffer({
  name,
  path,
  bytes,
}: {
  name: string;
  path?: string | undefined;
  bytes?: Uint8Array | undefined;
}) {
  if (bytes === undefined) return { name, ...(path !== undefined && { path }) };
  return { name, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
