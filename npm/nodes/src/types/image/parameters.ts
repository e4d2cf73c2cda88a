import { namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { ParameterSchema } from "../../definition/node-type.js";
import type { NodeWork } from "../../library/work.js";
import { image } from "./definition.js";

type Operation = (typeof image.parameterSchema.properties.operation.enum)[number];

/** How something is laid on a picture. */
export interface Laid {
  position?: string;
  left?: number;
  top?: number;
  margin?: number;
  blendMode?: string;
  opacity?: number;
  scale?: number;
  tile?: boolean;
}

/** The parameters of an image node, checked. */
export interface ImageParameters extends Required<Omit<Laid, "left" | "top" | "scale">> {
  operation: Operation;
  baseImage?: string;
  overlayImage?: string;
  images?: unknown[];
  output?: string;
  resultAs: "bytes" | "base64" | "data-url";
  width?: number;
  height?: number;
  fit: string;
  enlarge: boolean;
  left?: number;
  top?: number;
  angle?: number;
  flip: boolean;
  flop: boolean;
  scale?: number;
  text?: string;
  font?: string;
  fontSize: number;
  color: string;
  blur?: number;
  sharpen?: boolean | number;
  grayscale: boolean;
  format: "png" | "jpeg" | "webp" | "tiff" | "avif";
  quality: number;
  lossless: boolean;
  background?: string;
  maxPixels: number;
}

export type ImageWork = NodeWork<ImageParameters>;

type Name = keyof ImageParameters & string;

const SIZE = ["width", "height", "fit", "enlarge"] as const satisfies Name[];
const PLACE = ["position", "left", "top"] as const satisfies Name[];
const LAYER = [...PLACE, "margin", "blendMode", "opacity", "scale", "tile"] as const satisfies Name[];
const WORDS = ["text", "font", "fontSize", "color"] as const satisfies Name[];
const WRITING = ["output", "resultAs", "format", "quality", "lossless", "background"] as const satisfies Name[];
const EFFECTS = ["blur", "sharpen", "grayscale", ...WRITING] as const satisfies Name[];
const TOP = ["overlayImage", "images"] as const satisfies Name[];

/** What each operation looks at, beside the picture itself and `maxPixels`. */
const USED: Readonly<Record<Operation, readonly Name[]>> = {
  overlay: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  merge: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  composite: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  blend: [...SIZE, "position", "blendMode", "opacity", ...TOP, ...EFFECTS],
  watermark: [...SIZE, ...LAYER, ...TOP, ...WORDS, ...EFFECTS],
  text: [...SIZE, ...PLACE, "margin", "opacity", ...WORDS, "images", ...EFFECTS],
  resize: [...SIZE, "position", "opacity", "images", ...EFFECTS],
  convert: [...SIZE, "position", "opacity", "images", ...EFFECTS],
  crop: ["width", "height", ...PLACE, "opacity", "images", ...EFFECTS],
  rotate: ["angle", "flip", "flop", "opacity", "images", ...EFFECTS],
  info: ["images"],
};

const CHECKED = [...new Set(Object.values(USED).flat())];

/**
 * Refuses parameters that the operation would ignore. One that equals its default was written by an editor.
 *
 * @throws NodeError INVALID_PARAMETERS naming the parameter and the operations that use it
 */
export function refuseUnused({ parameters, isGiven }: ImageWork): void {
  const { operation } = parameters;
  const properties: Readonly<Record<string, ParameterSchema>> = image.parameterSchema.properties;
  for (const name of CHECKED) {
    if (USED[operation].includes(name) || !isGiven(name)) continue;
    const value = parameters[name];
    if (value === undefined || value === properties[name]?.default) continue;
    const users = Object.entries(USED).filter(([, names]) => names.includes(name));
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`${name}\` has no effect with operation ${operation}; it is used by ${namesText(users.map(([user]) => user))}`,
    );
  }
}
