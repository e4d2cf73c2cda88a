/** Pictures in AVIF, made and looked at by sharp itself. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type SharpOptions } from "sharp";
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { optionalPackage } from "../src/machine/optional-package.js";
import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const plain = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 4, background } });
/** Red, green, blue and opacity of the pixel in the middle. */
async function middleOf(picture: Uint8Array | string): Promise<number[]> {
  const { data, info } = await sharp(picture).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const start = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  return [...data.subarray(start, start + 4)];
}
const near = (color: number[]) => color.map((channel) => expect.closeTo(channel, -1) as number);

describe("pictures in AVIF", () => {
  it("are read from files, bytes and base64, and written as other formats", async () => {
    const avif = await plain(40, 30, "#2060c0").avif().toBuffer();
    writeFileSync(at("in.avif"), avif);
    for (const baseImage of [at("in.avif"), new Uint8Array(avif), avif.toString("base64")]) {
      const output = await run("image", { baseImage }, { operation: "resize", width: 20 });
      expect(output).toMatchObject({ width: 20, height: 15, format: "png" });
      expect(await middleOf(output.result)).toEqual(near([0x20, 0x60, 0xc0, 255]));
    }
    const top = await plain(10, 10, "#ff0000").avif().toBuffer();
    const laid = await run(
      "image",
      { baseImage: at("in.avif"), overlayImage: new Uint8Array(top) },
      { format: "webp" },
    );
    expect(await middleOf(laid.result)).toEqual(near([255, 0, 0, 255]));
  });

  it("are written, by the end of the name or the format, from small to faithful", async () => {
    const baseImage = new Uint8Array(await plain(64, 64, "#10c04080").png().toBuffer());
    const output = await run("image", { baseImage }, { operation: "convert", output: at("out.avif") });
    const file = readFileSync(at("out.avif"));
    expect(output).toMatchObject({ result: at("out.avif"), width: 64, height: 64, format: "avif", size: file.length });
    expect(await sharp(file).metadata()).toMatchObject({
      format: "heif",
      compression: "av1",
      width: 64,
      hasAlpha: true,
    });
    expect(await middleOf(file)).toEqual(near([0x10, 0xc0, 0x40, 0x80]));
    const noise = {
      create: { width: 64, height: 64, channels: 3, background: "", noise: { type: "gaussian", mean: 128, sigma: 40 } },
    };
    const noisy = await sharp(noise as unknown as SharpOptions)
      .png()
      .toBuffer();
    const sizeOf = async (more: object) =>
      (await run("image", { baseImage: new Uint8Array(noisy) }, { operation: "convert", format: "avif", ...more }))
        .size;
    expect(await sizeOf({ quality: 20 })).toBeLessThan(await sizeOf({ quality: 80 }));
    const { result } = await run(
      "image",
      { baseImage: new Uint8Array(noisy) },
      { operation: "convert", format: "avif", lossless: true },
    );
    expect(await sharp(result).raw().toBuffer()).toEqual(await sharp(noisy).raw().toBuffer());
  });

  it("are described by info", async () => {
    writeFileSync(at("info.avif"), await plain(40, 30, "#2060c0").avif().toBuffer());
    const size = readFileSync(at("info.avif")).length;
    expect(await run("image", {}, { operation: "info", baseImage: at("info.avif") })).toMatchObject({
      result: { format: "avif", width: 40, height: 30, size, hasMore: false },
      format: "avif",
      size,
    });
  });

  it("are refused by name where they are damaged or too large", async () => {
    const avif = await plain(40, 30, "#2060c0").avif().toBuffer();
    writeFileSync(at("cut.avif"), avif.subarray(0, 100));
    const cut = await failure(
      "image",
      { baseImage: at("cut.avif") },
      { operation: "convert", output: at("never.png") },
    );
    expect(cut.code).toBe("DESERIALIZATION_FAILED");
    expect(cut.message).toContain("cut.avif` cannot be read as AVIF");
    const large = { operation: "resize", width: 3, maxPixels: 1199 };
    expect(await failure("image", { baseImage: new Uint8Array(avif) }, large)).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[image] Source image has 40 × 30 pixels, more than the 1199 that `maxPixels` allows",
    });
    expect(existsSync(at("never.png"))).toBe(false);
    const long = new Uint8Array(await plain(16_385, 1, "#ffffff").png().toBuffer());
    expect(await failure("image", { baseImage: long }, { operation: "convert", format: "avif" })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[image] A side of AVIF has at most 16384 pixels; the picture has 16385 × 1",
    });
  });

  it("need a package that is asked for by name", async () => {
    const missing = optionalPackage("sharp", "image", () => import("no-such-package" as string));
    const error = await missing.catch((error: unknown) => error);
    expect((error as Error).message).toContain("image needs the package sharp (npm install sharp)");
    expect(adviceOf(error)).toEqual(["npm install sharp"]);
  });
});
