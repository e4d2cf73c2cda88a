import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { fileAccess } from "../src/contract/file-access.js";
import { nodeExecutableRegistry } from "../src/executables.js";
import { failure, run, temporaryFolder } from "./run.js";
import { outcome } from "./warned.js";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
type Rgba = [number, number, number, number];

/** A PNG of which a function says the pixels. */
function png(width: number, height: number, colorAt: (x: number, y: number) => Rgba): Buffer {
  const rows = Buffer.alloc((width * 4 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(colorAt(x, y), y * (width * 4 + 1) + 1 + x * 4);
  }
  return pngOf(width, height, deflateSync(rows));
}

function pngOf(width: number, height: number, data: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, body, sum]);
}

const plain = (width: number, height: number, color: Rgba) => png(width, height, () => color);
/** A font that most Linux machines have. */
const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
const RED: Rgba = [255, 0, 0, 255];
const BLUE: Rgba = [0, 0, 255, 255];

/** The color of a pixel, read through lossless output by comparing with a picture of that color. */
async function isColor(picture: Uint8Array, left: number, top: number, color: Rgba): Promise<boolean> {
  const part = { operation: "crop", left, top, width: 1, height: 1, resultAs: "base64" };
  const one = await run("image", { baseImage: picture }, part);
  const other = await run("image", { baseImage: plain(1, 1, color) }, { operation: "convert", resultAs: "base64" });
  return one.result === other.result;
}

describe("pictures that an edge brings to `images`", () => {
  it("are laid as they say, whichever node gave them", async () => {
    const [base, mark] = [at("edge-base.png"), at("edge-mark.png")];
    writeFileSync(base, plain(8, 8, RED));
    writeFileSync(mark, plain(2, 2, BLUE));
    const laid = { path: mark, left: 5, top: 5 };
    const rounds = [{ result: laid }];
    for (const images of [
      [laid],
      laid,
      { result: [laid] },
      { result: laid },
      { records: [laid], headers: ["path", "left", "top"], rowCount: 1, success: true },
      { result: rounds, results: rounds, iterationCount: 1, success: true },
    ]) {
      const { result } = await run("image", { images }, { operation: "composite", baseImage: base, format: "png" });
      expect(await isColor(result, 6, 6, BLUE), JSON.stringify(images)).toBe(true);
      expect(await isColor(result, 3, 3, RED)).toBe(true);
    }
    const refused = await failure("image", { images: { width: 3 } }, { operation: "composite", baseImage: base });
    expect(refused).toMatchObject({
      code: "TYPE_MISMATCH",
      message: expect.stringContaining("`images` must be a path"),
    });
  });
});

const JPEG = (quality: number) => ({ operation: "convert", format: "jpeg", quality });

describe("image", () => {
  it.each(["png", "jpeg", "webp", "tiff"])("writes and reads %s, whatever the file is called", async (format) => {
    const path = at(`made/picture-${format}.bin`);
    const made = await run("image", { baseImage: plain(40, 20, RED) }, { operation: "convert", format, output: path });
    expect(made).toMatchObject({ result: path, imagePath: path, width: 40, height: 20, format, success: true });
    expect(made.size).toBe(readFileSync(path).length);
    const found = await run("image", {}, { operation: "info", baseImage: path });
    expect(found).toMatchObject({ format, width: 40, height: 20, size: made.size });
  });

  it.each([
    [{ width: 20 }, 20, 10],
    [{ width: 10, height: 10 }, 10, 10],
    [{ width: 10, height: 10, fit: "inside" }, 10, 5],
    [{ width: 10, height: 10, fit: "outside" }, 20, 10],
    [{ width: 10, height: 10, fit: "contain" }, 10, 10],
    [{ width: 80, enlarge: false }, 40, 20],
  ])("resizes by %j", async (size, width, height) => {
    expect(await run("image", { baseImage: plain(40, 20, RED) }, { operation: "resize", ...size })).toMatchObject({
      width,
      height,
    });
  });

  it.each([
    [40, 20, 90],
    [64, 64, 85],
    [33, 17, 1],
    [50, 50, 100],
  ])("writes a flat JPEG of %d × %d in quality %d with its color", async (width, height, quality) => {
    const made = await run("image", { baseImage: plain(width, height, [255, 255, 255, 255]) }, JPEG(quality));
    expect(await isColor(made.result, 10, 10, [255, 255, 255, 255])).toBe(true);
  });

  it("crops and turns pixels exactly", async () => {
    const halves = png(4, 2, (x) => (x < 2 ? RED : BLUE));
    const part = await run("image", { baseImage: halves }, { operation: "crop", left: 1, top: 0, width: 2, height: 2 });
    expect(await isColor(part.result, 0, 1, RED)).toBe(true);
    expect(await isColor(part.result, 1, 1, BLUE)).toBe(true);
    const turned = await run("image", { baseImage: halves }, { operation: "rotate", angle: 90 });
    expect(turned).toMatchObject({ width: 2, height: 4 });
    expect(await isColor(turned.result, 0, 0, RED)).toBe(true);
    expect(await isColor(turned.result, 0, 3, BLUE)).toBe(true);
  });

  it.each([
    ["over", [0, 0, 255, 255]],
    ["multiply", [0, 0, 0, 255]],
    ["screen", [255, 0, 255, 255]],
    ["difference", [255, 0, 255, 255]],
    ["dest", [255, 0, 0, 255]],
    ["add", [255, 0, 255, 255]],
    ["xor", [0, 0, 0, 0]],
  ] as [string, Rgba][])("lays a picture over another: %s", async (blendMode, color) => {
    const input = { baseImage: plain(6, 6, RED), overlayImage: plain(2, 2, BLUE) };
    const { result } = await run("image", input, { blendMode, position: "bottom-right" });
    expect(await isColor(result, 5, 5, color)).toBe(true);
    expect(await isColor(result, 0, 0, RED)).toBe(true);
  });

  it("leaves a filler in `images` alone where both pictures of an overlay are there, and says so", async () => {
    const input = { baseImage: plain(4, 4, RED), overlayImage: plain(2, 2, BLUE) };
    const warnings: unknown[] = [];
    const warn = (rule: string) => void warnings.push(rule);
    const { result } = await run("image", input, { images: ["placeholder.png"], warn });
    expect(await isColor(result, 2, 2, BLUE)).toBe(true);
    expect(warnings).toEqual(["images-ignored"]);
  });

  it("takes the opacity of what is on top into account", async () => {
    const input = { baseImage: plain(2, 2, RED), overlayImage: plain(2, 2, BLUE) };
    const { result } = await run("image", input, { opacity: 0.2 });
    expect(await isColor(result, 0, 0, [204, 0, 51, 255])).toBe(true);
  });

  it("takes files, outputs of nodes, base64 and data URLs", async () => {
    writeFileSync(at("red.png"), plain(3, 3, RED));
    const base64 = plain(3, 3, RED).toString("base64");
    for (const baseImage of [
      at("red.png"),
      { path: at("red.png"), result: "no" },
      base64,
      { result: base64 },
      `data:image/png;base64,${base64}`,
    ]) {
      expect(await run("image", { baseImage }, { operation: "info" })).toMatchObject({ width: 3, format: "png" });
    }
  });

  it.each([
    [{}, "No valid image inputs provided"],
    [{ operation: "overlay", baseImage: "x" }, "Overlay operation requires both baseImage and overlayImage"],
    [{ operation: "merge", images: ["x"] }, "Merge operation requires at least 2 images in the images array"],
    [{ operation: "resize", baseImage: "x", angle: 3 }, "`angle` is for rotate, and says nothing to resize"],
    [{ operation: "convert", baseImage: "x", output: "a.gif" }, "Unsupported image format"],
  ])("refuses %j", async (parameters, message) => {
    const error = await failure("image", {}, { operation: "convert", ...parameters });
    expect(error).toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringContaining(message) });
  });

  it("refuses none that only came in, which may be for other nodes", async () => {
    const baseImage = plain(2, 2, RED);
    const resized = await run("image", { baseImage, text: "Hello" }, { operation: "resize", width: 3 });
    expect(resized).toMatchObject({ width: 3 });
    const told = await run("image", { baseImage, output: "x.png" }, { operation: "info" });
    expect(told).toMatchObject({ width: 2 });
  });

  it("refuses formats that it does not know, saying what there is", async () => {
    const byFormat = await failure("image", { baseImage: plain(2, 2, RED) }, { operation: "convert", format: "heic" });
    expect(byFormat).toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringMatching(/webp/) });
    const byName = { operation: "convert", output: at("a.heic") };
    const error = await failure("image", { baseImage: plain(2, 2, RED) }, byName);
    expect(error).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/PNG, WebP, AVIF.*\.heic/),
    });
    const header = Buffer.concat([Buffer.from([0, 0, 0, 28]), Buffer.from("ftypheic"), Buffer.alloc(40)]);
    const read = await failure("image", { baseImage: header }, { operation: "convert" });
    expect(read).toMatchObject({ code: "DESERIALIZATION_FAILED", message: expect.stringMatching(/PNG, JPEG/) });
  });

  it("keeps pictures, fonts and output to the folders of the owner", async () => {
    const inside = at("inside");
    mkdirSync(inside);
    writeFileSync(join(inside, "in.png"), plain(3, 3, RED));
    writeFileSync(at("out.png"), plain(3, 3, RED));
    symlinkSync(at("out.png"), join(inside, "link.png"));
    const node = nodeExecutableRegistry.get("image");
    const rooted = (parameters: object) =>
      node
        ?.execute({
          nodeId: "n",
          executionId: "e",
          input: {},
          ...parameters,
          [fileAccess]: { roots: [inside] },
        } as never)
        .then(
          (answer) => ({ answer, code: undefined, message: "" }),
          ({ code, message }: { code: string; message: string }) => ({ answer: undefined, code, message }),
        );
    const [from, to] = [join(inside, "in.png"), join(inside, "made.webp")];
    const made = await rooted({ operation: "resize", width: 2, baseImage: from, output: to });
    expect(made?.answer).toMatchObject({ result: to, width: 2 });
    for (const parameters of [
      { operation: "info", baseImage: at("out.png") },
      { operation: "info", baseImage: join(inside, "link.png") },
      { operation: "info", baseImage: join(inside, "..", "none.png") },
      { operation: "overlay", baseImage: from, overlayImage: at("out.png") },
      { operation: "merge", images: [from, at("out.png")] },
      { operation: "convert", baseImage: from, output: at("made-outside.png") },
      { operation: "text", baseImage: from, text: "a", font: at("none.ttf") },
    ]) {
      const refused = await rooted(parameters);
      expect(refused, JSON.stringify(parameters)).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringMatching(/out(?:side)? of the folders that nodes may use/),
      });
    }
    expect(existsSync(at("made-outside.png"))).toBe(false);
  });

  it.skipIf(!existsSync(FONT))("writes words with a font from a file, within the picture", async () => {
    const words = { operation: "text", text: "\u2588", font: FONT, fontSize: 40, color: "blue" };
    const { result } = await run("image", { baseImage: plain(120, 60, RED) }, words);
    expect(await isColor(result, 60, 30, BLUE)).toBe(true);
    expect(await isColor(result, 2, 2, RED)).toBe(true);
  });

  it("says which font is missing", async () => {
    const parameters = { operation: "text", text: "a", font: at("none.ttf") };
    expect(await failure("image", { baseImage: plain(9, 9, RED) }, parameters)).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringContaining(`Font file not found: ${at("none.ttf")}`),
    });
  });

  it("says which file is missing", async () => {
    const error = await failure("image", {}, { baseImage: at("none.png"), overlayImage: at("red.png") });
    expect(error).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(error.message).toContain(`Base image file not found: ${at("none.png")}`);
  });

  it("refuses a picture with too many pixels before it decodes any", async () => {
    const bomb = pngOf(60_000, 60_000, deflateSync(Buffer.alloc(1000)));
    const bitmap = Buffer.alloc(60);
    bitmap.write("BM");
    for (const [place, value] of [
      [10, 54],
      [14, 40],
      [18, 60_000],
      [22, 60_000],
    ] as const)
      bitmap.writeUInt32LE(value, place);
    bitmap.set([1, 0, 24, 0], 26);
    const gif = Buffer.concat([Buffer.from("GIF89a"), Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x3b])]);
    for (const baseImage of [bomb, bitmap, gif]) {
      const error = await failure("image", { baseImage }, { operation: "convert" });
      expect(error.code).toBe("MEMORY_LIMIT_EXCEEDED");
      expect(error.message).toContain("`maxPixels`");
    }
  });

  it("refuses to make a picture with too many pixels", async () => {
    const parameters = { operation: "resize", width: 60_000, height: 60_000 };
    expect((await failure("image", { baseImage: plain(2, 2, RED) }, parameters)).code).toBe("MEMORY_LIMIT_EXCEEDED");
  });

  it.each(["png", "jpeg", "webp", "tiff"])("refuses %s that is cut short", async (format) => {
    const noise = png(64, 64, (x, y) => [(x * 37 + y * 91) % 256, (x * y) % 256, (x * 13) % 256, 255]);
    const { result } = await run("image", { baseImage: noise }, { operation: "convert", format });
    const error = await failure(
      "image",
      { baseImage: result.subarray(0, result.length / 2) },
      { operation: "convert" },
    );
    expect(error.code).toBe("DESERIALIZATION_FAILED");
  });

  it("names what is no picture", async () => {
    mkdirSync(at("no"), { recursive: true });
    writeFileSync(at("no/page.png"), "<!doctype html><p>no picture");
    const error = await failure("image", {}, { operation: "convert", baseImage: at("no/page.png") });
    expect(error).toMatchObject({ code: "DESERIALIZATION_FAILED", message: expect.stringContaining("is HTML or XML") });
  });

  it("warns where transparency is lost, and uses the background that is given", async () => {
    const baseImage = plain(8, 8, [0, 0, 0, 0]);
    expect((await outcome("image", { baseImage }, { operation: "convert", format: "jpeg" })).warnings[0]?.[0]).toBe(
      "transparency-lost",
    );
    const parameters = { operation: "convert", format: "jpeg", background: "black" };
    expect((await outcome("image", { baseImage }, parameters)).warnings).toEqual([]);
  });

  it("does not begin when it is cancelled already", async () => {
    const signal = AbortSignal.abort();
    expect((await failure("image", { baseImage: plain(2, 2, RED) }, { operation: "convert", signal })).code).toBe(
      "CANCELLED",
    );
  });
});
