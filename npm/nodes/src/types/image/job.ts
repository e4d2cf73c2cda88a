import { NodeError } from "../../contract/error.js";
import { colorOf } from "./color.js";
import type { ImageFormat } from "./format.js";
import type { ImageParameters, ImageWork, Laid } from "./parameters.js";
import type { Pictures } from "./pictures.js";

/** How opaque a watermark is, and where, unless the flow says so. */
const WATERMARK = { opacity: 0.5, position: "bottom-right" } as const;

/**
 * What native code is to do, as `nodes-native/src/image/job.rs` reads it. `format` is `undefined` for a look at the
 * header, `font` the family or the file of the words.
 *
 * @throws NodeError INVALID_PARAMETERS where the operation lacks something, or for a colour that cannot be read
 */
export function jobOf(
  work: ImageWork,
  pictures: Pictures,
  format: ImageFormat | undefined,
  font: string | undefined,
): object {
  const { parameters } = work;
  const { operation, blur, grayscale, background, maxPixels: pixels, quality, lossless } = parameters;
  if (format === undefined) return { maxPixels: pixels };
  requireWhatItNeeds(work);
  const laid = laidOf(work);
  const words = hasWords(parameters) ? wordsOf(parameters, laid, font) : undefined;
  const isAlone = pictures.tops.length === 0 && words === undefined;
  return {
    maxPixels: pixels,
    crop: operation === "crop" ? cropOf(parameters) : undefined,
    resize: operation === "crop" ? undefined : resizeOf(parameters, isAlone),
    turn: operation === "rotate" ? turnOf(parameters) : undefined,
    layers: pictures.tops.map(({ laid: own }, index) => layerOf(operation, laid, own, index + 1)),
    text: words,
    blur: blur === 0 ? undefined : blur,
    sharpen: parameters.sharpen === true ? 1 : parameters.sharpen || undefined,
    grayscale,
    opacity: isAlone && parameters.opacity < 1 ? parameters.opacity : undefined,
    background: background === undefined ? undefined : colorOf("background", background),
    // Another step makes AVIF of it.
    output: format === "avif" ? { format: "png", quality: 90, lossless: false } : { format, quality, lossless },
  };
}

/** Whether the node writes text on the picture. */
export function hasWords({ operation, text }: ImageParameters): boolean {
  return text !== undefined && (operation === "text" || operation === "watermark");
}

function requireWhatItNeeds({ parameters }: ImageWork): void {
  const { operation, width, height, angle, flip, flop, text } = parameters;
  const needs = (words: string): never => {
    throw new NodeError("INVALID_PARAMETERS", `Operation ${operation} needs ${words}`);
  };
  if (operation === "resize" && width === undefined && height === undefined) needs("`width`, `height` or both");
  if (operation === "crop" && (width === undefined || height === undefined)) needs("`width` and `height`");
  if (operation === "rotate" && angle === undefined && !flip && !flop) needs("`angle`, `flip` or `flop`");
  if (operation === "text" && text === undefined) needs("`text`");
}

function laidOf({ parameters, isGiven }: ImageWork): Laid {
  const { position, left, top, margin, blendMode, opacity, scale, tile } = parameters;
  const isMark = parameters.operation === "watermark";
  return {
    position: isMark && !isGiven("position") ? WATERMARK.position : position,
    opacity: isMark && !isGiven("opacity") ? WATERMARK.opacity : opacity,
    margin,
    blendMode,
    tile,
    ...(left !== undefined && { left }),
    ...(top !== undefined && { top }),
    ...(scale !== undefined && { scale }),
  };
}

/** What is said of a picture alone goes before what the node says of all. */
function layerOf(operation: string, all: Laid, own: Laid, source: number): object {
  const { left, top, ...others } = all;
  const exact = own.position === undefined ? { left, top } : {};
  const { blendMode, ...laid } = { ...others, ...exact, ...own };
  return { source, fit: operation === "blend" ? "fill" : undefined, blend: blendMode, ...laid };
}

function wordsOf({ text, fontSize, color }: ImageParameters, laid: Laid, font: string | undefined): object {
  const { position, margin, left, top, opacity } = laid;
  return { text, font, size: fontSize, color: colorOf("color", color), position, margin, left, top, opacity };
}

function cropOf({ width, height, left, top, position }: ImageParameters): object {
  return { width, height, left, top, position };
}

/** With something on top the position is that of it. */
function resizeOf({ width, height, fit, position, enlarge }: ImageParameters, isAlone: boolean): object | undefined {
  if (width === undefined && height === undefined) return undefined;
  return { width, height, fit, position: isAlone ? position : "center", enlarge };
}

function turnOf({ angle = 0, flip, flop }: ImageParameters): object {
  return { angle, flip, flop };
}
