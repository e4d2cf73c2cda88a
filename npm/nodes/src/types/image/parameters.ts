import type { NodeWork } from "../../library/work.js";
import type { image } from "./definition.js";

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
  overwrite?: boolean;
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
