/** Pictures beside what Pillow makes of the same ones; `pillow/make.py` says how. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DecodedPng, decode } from "fast-png";
import { describe, expect, it } from "vitest";

import { run } from "./run.js";

type Case = [name: string, parameters: Record<string, unknown>, png: string];

const at = (name: string) => fileURLToPath(new URL(`pillow/${name}`, import.meta.url));
const cases = JSON.parse(readFileSync(at("expected.json"), "utf8")) as Case[];

/** The largest part of a channel's range by which pixels may differ on average. */
const TOLERANCE = 0.01;

describe("image, as Pillow,", () => {
  it.each(cases)("%s", async (_name, parameters, png) => {
    const { baseImage, overlayImage } = parameters as { baseImage: string; overlayImage?: string };
    const files = { baseImage: at(baseImage), ...(overlayImage !== undefined && { overlayImage: at(overlayImage) }) };
    const { result } = await run("image", {}, { ...parameters, ...files, format: "png" });
    const [made, expected] = [decode(result), decode(Buffer.from(png, "base64"))];
    expect([made.width, made.height]).toEqual([expected.width, expected.height]);
    expect(difference(rgba(made), rgba(expected))).toBeLessThan(TOLERANCE);
  });
});

/** Values from 0 to 1 of red, green, blue, each times opacity, and of the opacity itself, pixel by pixel. */
function rgba({ width, height, data, channels, depth }: DecodedPng): Float64Array {
  expect(depth).toBe(8);
  const pixels = new Float64Array(width * height * 4);
  const isGrey = channels < 3;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    const alpha = channels % 2 === 0 ? (data[from + channels - 1] as number) / 255 : 1;
    for (let color = 0; color < 3; color++) {
      pixels[pixel * 4 + color] = ((data[from + (isGrey ? 0 : color)] as number) / 255) * alpha;
    }
    pixels[pixel * 4 + 3] = alpha;
  }
  return pixels;
}

function difference(one: Float64Array, other: Float64Array): number {
  const total = one.reduce((sum, value, index) => sum + Math.abs(value - (other[index] as number)), 0);
  return total / one.length;
}
