/** Sharpness, and where watermarks are laid. */
import { decode, encode } from "fast-png";
import { describe, expect, it } from "vitest";

import type { image } from "../src/types/image/definition.js";
import { run } from "./run.js";
import { seededRandom } from "./seeded-random.js";

type Color = readonly [number, number, number, number];

const pngOf = (width: number, height: number, colorAt: (x: number, y: number) => Color): Buffer => {
  const pixels = Array.from({ length: width * height }, (_, at) => colorAt(at % width, Math.floor(at / width)));
  return Buffer.from(encode({ width, height, data: Uint8Array.from(pixels.flat()), channels: 4, depth: 8 }));
};

/** Red, green and blue of a picture that was made, pixel by pixel. */
async function pixelsOf(baseImage: Buffer, parameters: object, input: object = {}): Promise<number[][]> {
  const { result } = await run("image", { baseImage, ...input }, { format: "png", ...parameters });
  const { data, channels, width, height } = decode(result);
  const color = (at: number, channel: number) => data[at * channels + (channels < 3 ? 0 : channel)] as number;
  return Array.from({ length: width * height }, (_, at) => [color(at, 0), color(at, 1), color(at, 2)]);
}

describe("`sharpen` of image", () => {
  const [width, height] = [32, 20];
  const random = seededRandom(3);
  const noise = Array.from(
    { length: width * height },
    (): Color => [60 + Math.floor(random() * 136), 60 + Math.floor(random() * 136), Math.floor(random() * 256), 255],
  );
  const noisy = pngOf(width, height, (x, y) => noise[y * width + x] as Color);

  /** What a Gaussian blur takes away is added, edges going on as they are. */
  function sharpened(sigma: number): number[][] {
    const reach = Math.ceil(sigma * 5);
    const weights = Array.from({ length: reach * 2 + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    const within = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
    return noise.map((color, at) =>
      [0, 1, 2].map((channel) => {
        let blurred = 0;
        for (const [row, down] of weights.entries()) {
          for (const [column, across] of weights.entries()) {
            const x = within((at % width) + column - reach, width);
            const y = within(Math.floor(at / width) + row - reach, height);
            const weight = (down / sum) * (across / sum);
            blurred += weight * ((noise[y * width + x] as Color)[channel] as number);
          }
        }
        return Math.min(255, Math.max(0, 2 * (color[channel] as number) - blurred));
      }),
    );
  }

  it.each([
    [true, 1],
    [1, 1],
    [0.6, 0.6],
    [2.5, 2.5],
  ])("%j adds what a blur would take away", async (sharpen, sigma) => {
    const expected = sharpened(sigma);
    const found = await pixelsOf(noisy, { operation: "convert", sharpen });
    const distances = found.map((color, at) =>
      Math.max(...color.map((value, channel) => Math.abs(value - (expected[at]?.[channel] as number)))),
    );
    expect(Math.max(...distances)).toBeLessThanOrEqual(4);
  });

  it.each([false, 0])("%j leaves a picture as it is", async (sharpen) => {
    expect(await pixelsOf(noisy, { operation: "convert", sharpen })).toEqual(noise.map((color) => color.slice(0, 3)));
  });

  it("leaves opacity as it is, and flat parts to one step", async () => {
    const flat = pngOf(6, 6, () => [10, 200, 90, 128]);
    const { result } = await run("image", { baseImage: flat }, { operation: "convert", format: "png", sharpen: 2 });
    const [made, was] = [decode(result).data, decode(flat).data];
    expect(made).toHaveLength(was.length);
    for (const [at, value] of made.entries()) {
      expect(Math.abs(value - (was[at] as number))).toBeLessThanOrEqual(at % 4 === 3 ? 0 : 1);
    }
  });
});

describe("the position of a watermark", () => {
  const [left, middle, right, top, bottom] = [0, 9, 18, 0, 14];
  const center = 7;
  const places: Record<(typeof image.parameterSchema.properties.position.enum)[number], [number, number]> = {
    center: [middle, center],
    centre: [middle, center],
    top: [middle, top],
    north: [middle, top],
    "top-right": [right, top],
    northeast: [right, top],
    right: [right, center],
    east: [right, center],
    "bottom-right": [right, bottom],
    southeast: [right, bottom],
    bottom: [middle, bottom],
    south: [middle, bottom],
    "bottom-left": [left, bottom],
    southwest: [left, bottom],
    left: [left, center],
    west: [left, center],
    "top-left": [left, top],
    northwest: [left, top],
  };
  const base = pngOf(20, 16, () => [0, 0, 0, 255]);
  const mark = pngOf(2, 2, () => [200, 100, 50, 255]);

  /** The place of the upper left pixel that is not black, and its color; fails where others than two by two are not black. */
  async function marked(parameters: object): Promise<{ at: [number, number]; color: number[] }> {
    const pixels = await pixelsOf(base, { operation: "watermark", ...parameters }, { overlayImage: mark });
    const lit = pixels.flatMap((color, at) => (color.some((value) => value > 0) ? [at] : []));
    const first = lit[0] as number;
    expect(lit).toEqual([first, first + 1, first + 20, first + 21]);
    return { at: [first % 20, Math.floor(first / 20)], color: pixels[first] as number[] };
  }

  it.each(Object.entries(places))("%s", async (position, at) => {
    expect((await marked({ position })).at).toEqual(at);
  });

  it("is the lower right corner unless given, and the mark half transparent", async () => {
    const { at, color } = await marked({});
    expect(at).toEqual(places["bottom-right"]);
    for (const [channel, value] of [100, 50, 25].entries())
      expect(Math.abs((color[channel] as number) - value)).toBeLessThan(2);
    expect(await marked({ opacity: 1 })).toEqual({ at, color: [200, 100, 50] });
  });

  it("keeps the margin from the edges that it is at, and gives way to exact pixels", async () => {
    expect((await marked({ position: "southeast", margin: 3 })).at).toEqual([15, 11]);
    expect((await marked({ position: "northwest", margin: 3 })).at).toEqual([3, 3]);
    expect((await marked({ position: "north", margin: 3 })).at).toEqual([middle, 3]);
    expect((await marked({ left: 5, top: 4 })).at).toEqual([5, 4]);
  });
});
