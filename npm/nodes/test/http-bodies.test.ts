import { createHash } from "node:crypto";
import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { networkAccess } from "../src/contract/network-access.js";
import { bodyOf, json, testServer } from "./http-server.js";
import { places, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

let shrunk = "";
const server = testServer({
  "/form": async (request, response) => {
    // A reader of forms from outside this library.
    const type = request.headers["content-type"] ?? "";
    const form = await new Response(new Uint8Array(await bodyOf(request)), {
      headers: { "content-type": type },
    }).formData();
    const parts = [...form].map(async ([name, value]) =>
      typeof value === "string" ? [name, value] : [name, value.name, value.type, await value.text()],
    );
    json(response, { type, parts: await Promise.all(parts) });
  },
  "/digest": async (request, response) => {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of request) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    const { "content-length": length, "transfer-encoding": coding = null, "content-type": type } = request.headers;
    json(response, { size, length, coding, type, sha256: hash.digest("hex") });
  },
  "/kept": (request, response) => void response.writeHead(307, { location: "/digest" }).end(void request.resume()),
  "/too-large": (_, response) => void response.writeHead(413, { connection: "close" }).end("too large"),
  "/shrinks": (request, response) => {
    request.once("data", () => truncateSync(shrunk, 1000));
    request.resume();
    request.on("end", () => response.end());
  },
});

describe.each(places)("the body of http-request in $name", ({ name, run, failure }) => {
  const post = (path: string, parameters: object, input?: unknown) =>
    run("http-request", input, { method: "POST", url: server.base + path, ...parameters });
  const refusal = (parameters: object, input?: unknown) =>
    failure("http-request", input, { method: "POST", url: `${server.base}/echo`, ...parameters });

  it("is JSON also where it is text", async () => {
    const { result } = await post("/echo", { bodyType: "json", body: "a" });
    expect(result).toMatchObject({ body: '"a"', headers: { "content-type": "application/json" } });
    const own = { bodyType: "json", body: { a: 1 }, headers: { "content-type": "application/merge-patch+json" } };
    expect((await post("/echo", own)).result.headers["content-type"]).toBe("application/merge-patch+json");
    expect((await post("/echo", { bodyType: "json" }, { body: [1] })).result.body).toBe("[1]");
  });

  it("is text", async () => {
    const { result } = await post("/echo", { bodyType: "text", body: "é" });
    expect(result).toMatchObject({ body: "é", headers: { "content-type": "text/plain;charset=UTF-8" } });
  });

  it("is a form as web pages send them", async () => {
    const { result } = await post("/form", { bodyType: "form", body: { a: "1 &=é", b: [1, true], c: null } });
    expect(result.type).toBe("application/x-www-form-urlencoded;charset=UTF-8");
    expect(result.parts).toEqual([
      ["a", "1 &=é"],
      ["b", "1"],
      ["b", "true"],
    ]);
  });

  it("has parts", async () => {
    const evil = 'a"\r\nX-Evil: 1';
    const body = {
      a: "é\r\n--x",
      n: [1, 2],
      none: null,
      bytes: new Uint8Array([65, 66]),
      made: { content: "text", filename: "m.csv", contentType: "text/csv" },
      [evil]: { content: "", filename: evil },
    };
    const { result } = await post("/form", { bodyType: "multipart", body });
    expect(result.type).toMatch(/^multipart\/form-data; boundary=-{4}conductor[0-9a-f]{32}$/);
    expect(result.parts).toEqual([
      ["a", "é\r\n--x"],
      ["n", "1"],
      ["n", "2"],
      ["bytes", "blob", "application/octet-stream", "AB"],
      ["made", "m.csv", "text/csv", "text"],
      [expect.stringContaining("X-Evil"), expect.stringContaining("X-Evil"), "application/octet-stream", ""],
    ]);
    const empty = await post("/echo", { bodyType: "multipart", body: {} });
    expect(empty.result.body).toMatch(/^-{6}conductor[0-9a-f]{32}--\r\n$/);
  });

  it.each([
    [{ bodyType: "form" }, "`bodyType: form` needs `body`"],
    [{ bodyType: "file", body: null }, "`bodyType: file` needs `body`"],
    [{ bodyType: "form", body: [1] }, "body must be an object or the JSON text of one"],
    [{ bodyType: "form", body: { a: { b: 1 } } }, "`body.a` must be text, a number, true or false, or a list of these"],
    [{ bodyType: "text", body: { a: 1 } }, "`body` must be text for `bodyType: text`, found an object"],
    [{ bodyType: "file", body: 1 }, "`body` must be the path of a file, found 1"],
    [{ bodyType: "file", body: { path: "a", name: "b" } }, "`body` may have path and contentType"],
    [{ bodyType: "multipart", body: "a=1" }, "body must be an object or the JSON text of one"],
    [{ bodyType: "multipart", body: { a: { file: "x" } } }, "`body.a` may have path, content, filename, contentType"],
    [{ bodyType: "multipart", body: { a: { filename: "x" } } }, "`body.a` must have either `path` or `content`"],
    [{ bodyType: "multipart", body: { a: { path: "x", content: "y" } } }, 'either `path` or `content`, found "both"'],
    [{ bodyType: "multipart", body: { a: { content: 1 } } }, "`body.a.content` must be text or bytes"],
    [
      { bodyType: "multipart", body: { a: { content: "", contentType: "a\r\nb: c" } } },
      "must be text without line breaks",
    ],
    [
      { bodyType: "multipart", body: {}, headers: { "content-type": "multipart/form-data" } },
      "may not have content-type",
    ],
    [{ bodyType: "xml", body: "a" }, "`bodyType` must be one of"],
  ])("is refused as %j", async (parameters, message) => {
    const refused = await refusal(parameters);
    expect(refused.code).toBe("INVALID_PARAMETERS");
    expect(refused.message).toContain(message);
  });

  it("is refused where it cannot be written as JSON", async () => {
    const round: Record<string, unknown> = {};
    round["self"] = round;
    expect(await refusal({ body: round })).toMatchObject({ code: "TYPE_MISMATCH" });
  });

  it("names no file by what an edge brings", async () => {
    const path = file("secret.txt", "secret");
    for (const [bodyType, body] of [
      ["file", path],
      ["file", { path }],
      ["multipart", { a: { path } }],
    ]) {
      const refused = await refusal({ bodyType }, { body });
      expect(refused.code).toBe("INVALID_PARAMETERS");
      expect(refused.message).toContain("came over an edge; only parameters may name files");
    }
  });

  if (name === "a page") {
    it("is no file in a page", async () => {
      for (const parameters of [
        { bodyType: "file", body: "a.txt" },
        { bodyType: "multipart", body: { a: { path: "a.txt" } } },
      ]) {
        expect(await refusal(parameters)).toMatchObject({
          code: "NO_TRANSPORT",
          message: "[http-request] A page has no files: run this flow on a server or in the desktop application",
        });
      }
    });
    return;
  }

  const bytes = Buffer.alloc(3_000_001, "0123456789");
  const sha256 = createHash("sha256").update(bytes).digest("hex");

  it.each([
    ["everywhere", {}],
    ["guarded", { [networkAccess]: { hosts: ["127.0.0.1"] } }],
  ])("is a file, announced with its length, also after a redirect: %s", async (_, access) => {
    const body = file("large.bin", bytes);
    for (const path of ["/digest", "/kept"]) {
      const { result } = await post(path, { ...access, method: "PUT", bodyType: "file", body });
      expect(result).toEqual({
        size: bytes.length,
        length: String(bytes.length),
        coding: null,
        type: "application/octet-stream",
        sha256,
      });
    }
    const typed = { path: file("empty.csv", ""), contentType: "text/csv" };
    expect((await post("/digest", { ...access, bodyType: "file", body: typed })).result).toMatchObject({
      size: 0,
      length: "0",
      type: "text/csv",
    });
  });

  it("has files among its parts, announced with their length", async () => {
    const body = { a: "1", f: [{ path: file("a.txt", "first") }, { path: file("b.txt", "é"), filename: "c.txt" }] };
    const { result } = await post("/form", { bodyType: "multipart", body });
    expect(result.parts).toEqual([
      ["a", "1"],
      ["f", "a.txt", "application/octet-stream", "first"],
      ["f", "c.txt", "application/octet-stream", "é"],
    ]);
    expect((await post("/digest", { bodyType: "multipart", body })).result).toMatchObject({ coding: null });
  });

  it("says which file cannot be sent", async () => {
    file("orders.csv", "a");
    expect(await refusal({ bodyType: "file", body: join(folder, "orderz.csv") })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringMatching(/`body` cannot be read: .*orderz\.csv does not exist$/) as string,
    });
    const body = { a: { path: folder } };
    expect((await refusal({ bodyType: "multipart", body })).message).toContain(
      `\`body.a.path\` is not a file: ${folder}`,
    );
  });

  it("is told where the file shrinks while it is sent", async () => {
    shrunk = file("shrinks.bin", Buffer.alloc(40_000_000));
    const url = `${server.base}/shrinks`;
    const refused = await failure("http-request", {}, { method: "PUT", url, bodyType: "file", body: shrunk });
    expect(refused.code).toBe("EXECUTION_FAILED");
    expect(refused.message).toContain("a file changed while it was sent");
  });

  it("is what was announced where the file grows", async () => {
    const body = file("grows.bin", bytes);
    const growing = post("/digest", { method: "PUT", bodyType: "file", body });
    appendFileSync(body, "more");
    const { result } = await growing;
    expect(result.size).toBe(Number(result.length));
  });

  it("stops with the node", async () => {
    const body = file("sparse.bin", "");
    const handle = openSync(body, "r+");
    writeSync(handle, "x", 2 ** 32);
    closeSync(handle);
    const abort = new AbortController();
    const stopped = failure(
      "http-request",
      {},
      {
        method: "PUT",
        url: `${server.base}/digest`,
        bodyType: "file",
        body,
        signal: abort.signal,
      },
    );
    setTimeout(() => abort.abort(), 50);
    expect((await stopped).code).toBe("CANCELLED");
  });
});
