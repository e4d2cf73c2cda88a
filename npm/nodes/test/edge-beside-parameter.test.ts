/** An edge that names no handle beside a parameter with data: which of them counts, and what is told of the other. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { httpServer } from "./http-server.js";
import { failure, run, temporaryFolder } from "./run.js";
import { outcome, warned } from "./warned.js";

/** Gives back what it was sent. */
const server = httpServer(async (request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(await text(request));
});
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
/** What a node before brings over an edge that names no handle. */
const unnamed = (result: unknown) => ({ default: { result } });
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("an edge that names no handle, beside a parameter", () => {
  it("orders the nodes, where the parameter has the list of a transform", async () => {
    const parameters = { operation: "reverse", data: [1, 2] };
    const { output, warnings } = await outcome("transform", unnamed([7, 8, 9]), parameters);
    expect(output.result).toEqual([2, 1]);
    expect(warnings).toEqual([
      [
        "data-ignored",
        "An edge brings a list of 3, which is left out, because the parameter `data` counts; name the handle (`targetHandle: data`), or take the parameter out",
      ],
    ]);
    expect((await outcome("transform", { ...unnamed([7]), data: [5, 6] }, parameters)).output.result).toEqual([6, 5]);
    expect((await outcome("transform", unnamed([7, 8]), { ...parameters, data: [] })).output.result).toEqual([8, 7]);
    expect(await warned(run, "transform", unnamed("written.csv"), parameters)).toEqual([]);
  });

  it("does not change what is compressed", async () => {
    const { output, warnings } = await outcome("compress", unnamed([1]), { data: "mine" });
    expect(gunzipSync(Buffer.from(output.result, "base64")).toString()).toBe("mine");
    expect(warnings.map(([rule]) => rule)).toEqual(["data-ignored"]);
  });

  it("does not change what a webhook sends", async () => {
    const parameters = { url: server.base, secret: "x".repeat(40), data: { total: 3 } };
    const { output, warnings } = await outcome("webhook-out", unnamed([{ row: 1 }]), parameters);
    expect(warnings.map(([rule]) => rule)).toEqual(["data-ignored"]);
    expect(output.result).toBe('{"total":3}');
  });

  it("does not change what an archive is made of, or which one is read", async () => {
    const files = [{ path: "mine.txt", content: "mine" }];
    const other = [{ path: "other.txt", content: "other" }];
    const made = await outcome("archive", unnamed(other), { operation: "create", files });
    expect(made.warnings.map(([rule]) => rule)).toEqual(["files-ignored"]);
    const theirs = (await run("archive", {}, { operation: "create", files: other })).result;
    const listed = await outcome("archive", unnamed(theirs), { operation: "list", data: made.output.result });
    expect(listed.output.result).toMatchObject([{ path: "mine.txt" }]);
    expect(listed.warnings.map(([rule]) => rule)).toEqual(["data-ignored"]);
    writeFileSync(at("mine.zip"), made.output.result);
    const read = await outcome("archive", unnamed(theirs), { operation: "list", path: at("mine.zip") });
    expect(read.output.result).toMatchObject([{ path: "mine.txt" }]);
    expect(read.warnings.map(([rule]) => rule)).toEqual(["path-ignored"]);
    mkdirSync(at("packed"));
    writeFileSync(at("packed/in.txt"), "in");
    const packed = await outcome("archive", unnamed(other), { operation: "create", folder: at("packed") });
    expect(packed.output.count).toBe(1);
    expect(packed.warnings.map(([rule]) => rule)).toEqual(["folder-ignored"]);
  });

  it("does not change which picture is worked on", async () => {
    const { result: large } = await run("image", {}, { operation: "resize", width: 3, height: 3, baseImage: PIXEL });
    const info = { operation: "info", baseImage: PIXEL };
    const { output, warnings } = await outcome("image", unnamed(large), info);
    expect(output).toMatchObject({ width: 1, height: 1 });
    expect(warnings.map(([rule]) => rule)).toEqual(["base-image-ignored"]);
    expect((await outcome("image", { ...unnamed("x"), baseImage: large }, info)).output).toMatchObject({ width: 3 });
    expect((await outcome("image", unnamed("out/notes.txt"), info)).warnings).toEqual([]);
    expect((await failure("image", unnamed("none.png"), { operation: "info" })).message).toContain("none.png");
  });

  it("is told of where a digest or a file is made of the parameter", async () => {
    expect((await warned(run, "crypto", unnamed([1]), { operation: "hash", data: "a" })).map(([rule]) => rule)).toEqual(
      ["data-ignored"],
    );
    const write = { operation: "write", path: at("content.txt"), content: "mine" };
    expect((await warned(run, "file-system", unnamed([{ a: 1 }]), write)).map(([rule]) => rule)).toEqual([
      "content-ignored",
    ]);
    expect(readFileSync(at("content.txt"), "utf8")).toBe("mine");
  });
});
