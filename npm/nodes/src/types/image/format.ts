import { extname } from "node:path";

import { NodeError } from "../../contract/error.js";
import type { ImageParameters, ImageWork } from "./parameters.js";

export type ImageFormat = ImageParameters["format"];

const BY_ENDING: Readonly<Record<string, ImageFormat>> = {
  png: "png",
  jpg: "jpeg",
  jpeg: "jpeg",
  jpe: "jpeg",
  webp: "webp",
  tif: "tiff",
  tiff: "tiff",
  avif: "avif",
};

/** Whether a file is called as a picture is that can be written. */
export function isPictureName(path: string): boolean {
  return Object.hasOwn(BY_ENDING, extname(path).slice(1).toLowerCase());
}

/**
 * The format of a picture that is made: what the parameter says, else the end of the name of the file, else PNG.
 *
 * @throws NodeError INVALID_PARAMETERS for a file that is called like a format that is not written
 */
export function formatOf({ parameters, isGiven, warn }: ImageWork): ImageFormat {
  const { output, quality } = parameters;
  const ending = output === undefined ? "" : extname(output).slice(1).toLowerCase();
  const ofEnding = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
  if (ending !== "" && ofEnding === undefined && !isGiven("format")) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Unsupported image format. Supported: JPEG, PNG, WebP, AVIF, TIFF. \`output\` ends with .${ending}; end it otherwise, or give \`format\``,
    );
  }
  const format = isGiven("format") ? parameters.format : (ofEnding ?? parameters.format);
  if (ofEnding !== undefined && ofEnding !== format) {
    warn("format-differs", `\`${output}\` is written as ${format}, which its name does not say`);
  }
  if (parameters.lossless && format !== "webp" && format !== "avif") {
    throw new NodeError("INVALID_PARAMETERS", `\`lossless\` is for webp and avif; the format is ${format}`);
  }
  if (quality !== 90 && (format === "png" || format === "tiff" || parameters.lossless)) {
    warn("unused-quality", `\`quality\` has no effect here: nothing of the picture is left out`);
  }
  return format;
}
