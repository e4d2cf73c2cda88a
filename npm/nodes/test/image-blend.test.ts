/**
 * Each blend mode beside the formulas of Compositing and Blending Level 1 (W3C) and, for `add` and `saturate`, of cairo. Of opaque
 * pictures also beside libvips, which weighs the parts of others in another way in half of the modes.
 */
import { decode, encode } from "fast-png";
import sharp, { type Blend } from "sharp";
import { describe, expect, it } from "vitest";

import { image } from "../src/types/image/definition.js";
import { run } from "./run.js";
import { seededRandom } from "./seeded-random.js";

const SIDE = 24;
/** Values that formulas treat by themselves; the rest is random. */
const SPECIAL = [0, 255, 63, 64, 127, 128];

function picture(seed: number): Uint8Array {
  const random = seededRandom(seed);
  const data = new Uint8Array(SIDE * SIDE * 4);
  for (const at of data.keys()) {
    const special = random() < 0.4;
    data[at] = special ? (SPECIAL[Math.floor(random() * SPECIAL.length)] as number) : Math.floor(random() * 256);
  }
  return data;
}

const [below, above] = [picture(1), picture(2)];
const pngOf = (data: Uint8Array) =>
  Buffer.from(encode({ width: SIDE, height: SIDE, data: new Uint8Array(data), channels: 4, depth: 8 }));

/** Without 0 and 255, for which libvips knows no case of their own when it dodges and burns. */
const opaque = (data: Uint8Array) => data.map((value, at) => (at % 4 === 3 ? 255 : Math.min(254, Math.max(1, value))));

/** Fa and Fb of Porter and Duff, of the opacities of what is above and what is below. */
const FACTORS: Record<string, (above: number, below: number) => [number, number]> = {
  clear: () => [0, 0],
  source: () => [1, 0],
  over: (a) => [1, 1 - a],
  in: (_, b) => [b, 0],
  out: (_, b) => [1 - b, 0],
  atop: (a, b) => [b, 1 - a],
  dest: () => [0, 1],
  "dest-over": (_, b) => [1 - b, 1],
  "dest-in": (a) => [0, a],
  "dest-out": (a) => [0, 1 - a],
  "dest-atop": (a, b) => [1 - b, a],
  xor: (a, b) => [1 - b, 1 - a],
  add: () => [1, 1],
  saturate: (a, b) => [a === 0 ? 1 : Math.min(1, (1 - b) / a), 1],
};

const screen = (b: number, s: number) => 1 - (1 - b) * (1 - s);
const hardLight = (b: number, s: number) => (s <= 0.5 ? b * 2 * s : screen(b, 2 * s - 1));
const dodge = (b: number, s: number) => (b === 0 ? 0 : s === 1 ? 1 : Math.min(1, b / (1 - s)));
const burn = (b: number, s: number) => (b === 1 ? 1 : s === 0 ? 0 : 1 - Math.min(1, (1 - b) / s));

/** B(cb, cs) of the separable modes, whose colors go over what is below. */
const MIXED: Record<string, (below: number, above: number) => number> = {
  multiply: (b, s) => b * s,
  screen,
  overlay: (b, s) => hardLight(s, b),
  darken: Math.min,
  lighten: Math.max,
  "color-dodge": dodge,
  "colour-dodge": dodge,
  "color-burn": burn,
  "colour-burn": burn,
  "hard-light": hardLight,
  "soft-light": (b, s) => {
    const d = b <= 0.25 ? ((16 * b - 12) * b + 4) * b : Math.sqrt(b);
    return s <= 0.5 ? b - (1 - 2 * s) * b * (1 - b) : b + (2 * s - 1) * (d - b);
  },
  difference: (b, s) => Math.abs(b - s),
  exclusion: (b, s) => b + s - 2 * b * s,
};

/** One pixel by the formulas; colors are multiplied by the opacity, as sums of light are. */
function modelled(mode: string, dest: readonly number[], source: readonly number[]): number[] {
  const [ab, as] = [(dest[3] as number) / 255, (source[3] as number) / 255];
  const [fa, fb] = (FACTORS[mode] ?? (FACTORS["over"] as (typeof FACTORS)[string]))(as, ab);
  const mix = MIXED[mode] ?? ((_: number, s: number) => s);
  const colors = [0, 1, 2].map((channel) => {
    const [cb, cs] = [(dest[channel] as number) / 255, (source[channel] as number) / 255];
    const mixed = (1 - ab) * cs + ab * mix(cb, cs);
    return as * fa * mixed + ab * fb * cb;
  });
  return [...colors, as * fa + ab * fb].map((value) => Math.min(1, value));
}

/** Pixels of a PNG, colors multiplied by the opacity, from 0 to 1. */
function pixelsOf(png: Uint8Array): number[][] {
  const { data, channels, width, height } = decode(png);
  expect([width, height]).toEqual([SIDE, SIDE]);
  return Array.from({ length: width * height }, (_, at) => {
    const alpha = channels % 2 === 0 ? (data[at * channels + channels - 1] as number) / 255 : 1;
    const color = (channel: number) => ((data[at * channels + (channels < 3 ? 0 : channel)] as number) / 255) * alpha;
    return [color(0), color(1), color(2), alpha];
  });
}

const pixelAt = (data: Uint8Array, at: number) => [...data.subarray(at * 4, at * 4 + 4)];

/** One step of a channel for the color, one for the opacity by which it is multiplied. */
const STEPS = 2.1 / 255;

/** The pixel that is furthest from what it must be. */
function furthest(pixels: number[][], expectedAt: (at: number) => readonly number[]): [number, string] {
  return pixels
    .map((pixel, at): [number, string] => {
      const expected = expectedAt(at);
      const distance = Math.max(...pixel.map((value, channel) => Math.abs(value - (expected[channel] as number))));
      const said = `${pixelAt(above, at)} on ${pixelAt(below, at)}: ${pixel} instead of ${expected}`;
      return [distance, said];
    })
    .reduce((one, other) => (other[0] > one[0] ? other : one));
}

const MODES = image.parameterSchema.properties.blendMode.enum;

describe.each(MODES)("the blend mode %s", (blendMode) => {
  it("is that of the formulas", async () => {
    expect(blendMode in FACTORS || blendMode in MIXED).toBe(true);
    const pixels = await blended(blendMode, below, above);
    const expectedAt = (at: number) => modelled(blendMode, pixelAt(below, at), pixelAt(above, at));
    const [distance, where] = furthest(pixels, expectedAt);
    expect(distance, where).toBeLessThan(STEPS);
  });

  it("is that of libvips where both are opaque", async () => {
    const [base, top] = [opaque(below), opaque(above)];
    const layer = { input: pngOf(top), blend: blendMode as Blend };
    const other = pixelsOf(await sharp(pngOf(base)).composite([layer]).png().toBuffer());
    const [distance, where] = furthest(await blended(blendMode, base, top), (at) => other[at] as number[]);
    expect(distance, where).toBeLessThan(STEPS);
  });
});

async function blended(blendMode: string, base: Uint8Array, top: Uint8Array): Promise<number[][]> {
  const input = { baseImage: pngOf(base), overlayImage: pngOf(top) };
  return pixelsOf((await run("image", input, { operation: "overlay", blendMode, format: "png" })).result);
}
