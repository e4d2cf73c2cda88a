import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";

import { fileAccess } from "../src/contract/file-access.js";
import { networkAccess } from "../src/contract/network-access.js";
import { testServer } from "./http-server.js";
import { failure, places, run, temporaryFolder } from "./run.js";

const bytes = randomBytes(3_000_001);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const parent = temporaryFolder();
let folder = "";
let count = 0;
let asked = 0;
/** Called when the slow answer has begun. */
let begun = (): void => {};

beforeEach(() => {
  folder = join(parent, String(++count));
  mkdirSync(folder);
  asked = 0;
});

const server = testServer({
  "/file": (_, response) => {
    asked++;
    response.writeHead(200, { "content-type": "image/png", "content-length": bytes.length }).end(bytes);
  },
  "/gzip": (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(bytes)),
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": 2_000_000 });
    response.write(bytes.subarray(0, 1_000_000), () => response.destroy());
  },
  "/half": (_, response) => {
    response.writeHead(200, { "content-length": 2_000_000 });
    response.write(bytes.subarray(0, 1_000_000), () => begun());
  },
  "/large": (_, response) => void response.writeHead(200).end(Buffer.alloc(5_000_000)),
  "/announced": (_, response) => void response.writeHead(200, { "content-length": 10 ** 12 }).write("a"),
  "/missing": (_, response) => void response.writeHead(404, { "content-type": "text/plain" }).end("no such report"),
  "/empty": (_, response) => void response.writeHead(200, { "content-length": 0 }).end(),
  "/nothing": (_, response) => void response.writeHead(204).end(),
  "/part": (_, response) => void response.writeHead(206, { "content-range": "bytes 0-2/9" }).end("abc"),
});

const at = (name: string): string => join(folder, name);
const save = (path: string, parameters: object = {}) =>
  run("http-request", {}, { url: server.base + path, saveTo: at("a.bin"), ...parameters });
const refusal = (path: string, parameters: object = {}) =>
  failure("http-request", {}, { url: server.base + path, saveTo: at("a.bin"), ...parameters });

describe("an answer that goes to a file", () => {
  it.each([
    ["everywhere", {}],
    ["guarded", { [networkAccess]: { hosts: ["127.0.0.1"] } }],
  ])("is there as it was sent, with what it is: %s", async (_, access) => {
    const reports: number[] = [];
    const progress = (percent: number) => void reports.push(percent);
    const output = await save("/file", { saveTo: at("new/folder/a.png"), progress, ...access });
    expect(output).toMatchObject({
      result: at("new/folder/a.png"),
      path: at("new/folder/a.png"),
      size: bytes.length,
      sha256,
      contentType: "image/png",
      status: 200,
      ok: true,
      url: `${server.base}/file`,
    });
    expect(readFileSync(at("new/folder/a.png")).equals(bytes)).toBe(true);
    expect(readdirSync(at("new/folder"))).toEqual(["a.png"]);
    expect(reports[0]).toBeLessThan(100);
    expect(reports.at(-1)).toBe(100);
  });

  it("is decompressed", async () => {
    expect(await save("/gzip")).toMatchObject({ size: bytes.length, sha256 });
    expect(readFileSync(at("a.bin")).equals(bytes)).toBe(true);
  });

  it("may be empty", async () => {
    expect(await save("/empty")).toMatchObject({ size: 0, contentType: "" });
    expect(statSync(at("a.bin")).size).toBe(0);
  });

  it("replaces a file, unless that must stay: then nothing is asked for", async () => {
    writeFileSync(at("a.bin"), "old");
    expect(await refusal("/file", { overwrite: false })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: `[http-request] \`saveTo\` is there already: ${at("a.bin")}`,
    });
    expect(asked).toBe(0);
    expect(readFileSync(at("a.bin"), "utf8")).toBe("old");
    await save("/file");
    expect(statSync(at("a.bin")).size).toBe(bytes.length);
    expect(await save("/file", { saveTo: at("b.bin"), overwrite: false })).toMatchObject({ sha256 });
  });

  it.each([
    ["/cut", {}, "EXECUTION_FAILED", "closed the connection before the end of its answer"],
    ["/large", { maxSize: 1_000_000 }, "EXECUTION_FAILED", "The answer is larger than 1000000 bytes"],
    ["/announced", {}, "EXECUTION_FAILED", "The answer is larger than 17179869184 bytes"],
    ["/missing", {}, "EXECUTION_FAILED", "404 Not Found from 127.0.0.1"],
    ["/missing", { failOn: "5xx" }, "EXECUTION_FAILED", "no such report"],
    ["/nothing", {}, "EXECUTION_FAILED", "answers 204, which has no content; nothing was saved"],
    ["/part", {}, "EXECUTION_FAILED", "answers 206 with a part of the file, which was not asked for"],
  ])("leaves nothing of %s %j", async (path, parameters, code, message) => {
    const saveTo = at("made/for/it.bin");
    const failed = await refusal(path, { ...parameters, saveTo });
    expect(failed.code).toBe(code);
    expect(failed.message).toContain(message);
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(at("a.bin"), "old");
    await refusal(path, parameters);
    expect(readFileSync(at("a.bin"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.bin"]);
  });

  it("is a part where one was asked for", async () => {
    expect(await save("/part", { headers: { range: "bytes=0-2" } })).toMatchObject({ size: 3, status: 206 });
  });

  it("leaves nothing where the node is stopped in the middle, or its time is over", async () => {
    const abort = new AbortController();
    begun = () => abort.abort();
    expect((await refusal("/half", { signal: abort.signal, saveTo: at("x/a.bin") })).code).toBe("CANCELLED");
    begun = () => {};
    expect((await refusal("/half", { timeout: 200, saveTo: at("x/a.bin") })).code).toBe("TIMEOUT");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("stays in the owner's folders, over links too", async () => {
    mkdirSync(at("root"));
    mkdirSync(at("outside"));
    symlinkSync("../outside", at("root/link"));
    symlinkSync("../outside/made.bin", at("root/file"));
    const access = { [fileAccess]: { roots: [at("root")] } };
    for (const path of ["outside/a.bin", "root/../outside/a.bin", "root/link/a.bin", "root/file", "a.bin"]) {
      const refused = await refusal("/file", { saveTo: at(path), ...access });
      expect(refused.code, path).toBe("INVALID_PARAMETERS");
    }
    expect(asked).toBe(0);
    expect(readdirSync(at("outside"))).toEqual([]);
    expect(await save("/file", { saveTo: at("root/deep/a.bin"), ...access })).toMatchObject({ sha256 });
  });

  it("says what is in the way", async () => {
    writeFileSync(at("file"), "");
    for (const [saveTo, message] of [
      [folder, `\`saveTo\` is a folder: ${folder}`],
      [at("new/"), "`saveTo` is a folder"],
      [at("file/a.bin"), "`saveTo` cannot be written"],
      ["/dev/null", "`saveTo` is not a file: /dev/null"],
    ]) {
      const refused = await refusal("/file", { saveTo });
      expect(refused.code).toBe("EXECUTION_FAILED");
      expect(refused.message).toContain(message);
    }
    expect(asked).toBe(0);
  });

  it.each([
    [{ pagination: { type: "link" } }, "`saveTo` writes one answer as it comes"],
    [{ method: "HEAD" }, "The answer to a HEAD has no body"],
    [{ saveTo: undefined, overwrite: false }, "`overwrite` is about the file of `saveTo`, which is not set"],
    [{ saveTo: undefined, maxSize: 2 ** 30 }, "`maxSize` may be 268435456 at most where there is no `saveTo`"],
  ])("refuses %j", async (parameters, message) => {
    const refused = await refusal("/file", parameters);
    expect(refused.code).toBe("INVALID_PARAMETERS");
    expect(refused.message).toContain(message);
    expect(asked).toBe(0);
  });

  it("is named by the flow, never by what an edge brings", async () => {
    const output = await run("http-request", { saveTo: at("evil.bin") }, { url: `${server.base}/file` });
    expect(output.path).toBeUndefined();
    expect(existsSync(at("evil.bin"))).toBe(false);
  });

  it("bounds an answer that is not saved as well", async () => {
    const refused = await failure("http-request", {}, { url: `${server.base}/large`, maxSize: 1000 });
    expect(refused.message).toContain("The answer is larger than 1000 bytes");
  });

  it("is refused in a page, before a request is sent", async () => {
    const page = places[1] as (typeof places)[number];
    expect(await page.failure("http-request", {}, { url: `${server.base}/file`, saveTo: "a.bin" })).toMatchObject({
      code: "NO_TRANSPORT",
      message: "[http-request] A page has no files: run this flow on a server or in the desktop application",
    });
    expect(asked).toBe(0);
  });
});
