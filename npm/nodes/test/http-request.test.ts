import type { IncomingMessage, ServerResponse } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { bodyOf, httpServer } from "./http-server.js";
import { places } from "./run.js";
import { warned } from "./warned.js";

const server = httpServer(answer);
let base = "";
beforeAll(() => {
  base = server.base;
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? "/", base);
  if (pathname === "/silent") return;
  if (pathname === "/elsewhere") {
    return void response.writeHead(302, { location: `${base.replace("127.0.0.1", "localhost")}/echo` }).end();
  }
  if (pathname === "/endless") {
    response.writeHead(200, { "content-type": "text/plain" });
    const piece = Buffer.alloc(4 * 1024 * 1024);
    const fill = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", fill);
    return fill();
  }
  if (pathname === "/echo-moved") return void response.writeHead(307, { location: "/echo" }).end();
  if (pathname === "/round") return void response.writeHead(302, { location: "/round" }).end();
  if (pathname === "/moved") return void response.writeHead(302, { location: "/text" }).end();
  if (pathname === "/text") return void response.writeHead(200, { "content-type": "text/plain" }).end("words");
  if (pathname === "/bytes")
    return void response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from([1, 2]));
  if (pathname === "/lie") return void response.writeHead(200, { "content-type": "application/json" }).end("{");
  if (pathname === "/written") {
    const { type, hex, status } = Object.fromEntries(new URL(request.url ?? "/", base).searchParams);
    return void response
      .writeHead(Number(status ?? 200), { "content-type": type ?? "" })
      .end(Buffer.from(hex ?? "", "hex"));
  }
  if (pathname === "/missing")
    return void response.writeHead(404, { "content-type": "application/json" }).end('{"e":1}');
  const body = (await bodyOf(request)).toString();
  const { authorization = null, "content-type": type = null, "x-a": own = null } = request.headers;
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ method: request.method, search, body, authorization, type, own }));
}

describe.each(places)("http-request in $name", ({ name, run, failure }) => {
  const written = (type: string, hex: string, status = 200) => ({
    url: `${base}/written?${new URLSearchParams({ type, hex, status: String(status) })}`,
  });

  it.each([
    ["text/plain; charset=iso-8859-1", "636166e9", "café"],
    ['text/plain;format=flowed; Charset = "Windows-1252"', "8081929fe9", "€\u0081’Ÿé"],
    ["text/html; charset=utf-16", "e900", "é"],
    ["text/html; charset=utf-16", "feff00e9", "é"],
    ["text/csv; charset=shift_jis", "93fa967b", "日本"],
    ["text/plain; charset=gb18030", "d6d0", "中"],
    ["application/xml; charset=koi8-r", "c4", "д"],
    ["text/plain; charset=UTF8", "c3a9", "é"],
    ["text/plain; charset=iso-8859-1", "efbbbfc3a9", "é"],
    ["text/plain", "fffee900", "é"],
    ["text/plain", "c3a9", "é"],
    ["text/plain; charset=", "c3a9", "é"],
    ["application/json", "efbbbf22c3a922", "é"],
    ["application/json; charset=iso-8859-1", "22e922", "é"],
    ["application/octet-stream; charset=utf-16", "e900", "6QA="],
  ])("reads %s as what it says, or as its byte order mark says", async (type, hex, expected) => {
    expect((await run("http-request", undefined, written(type, hex))).result).toBe(expected);
  });

  it.each([
    [Buffer.from('{"a":[1]}'), { a: [1] }],
    [Buffer.from("\n[1]"), [1]],
    [Buffer.from("{ no JSON"), "{ no JSON"],
    [Buffer.from("12"), "12"],
    [Buffer.from("é"), "é"],
    [Buffer.from("fffee900", "hex"), "é"],
    [Buffer.from("89504e470d0a1a0a", "hex"), "iVBORw0KGgo="],
    [Buffer.from("610062", "hex"), "YQBi"],
    [Buffer.alloc(0), ""],
  ])("reads an answer without a type by its bytes: %j", async (bytes, expected) => {
    expect((await run("http-request", undefined, written("", bytes.toString("hex")))).result).toEqual(expected);
  });

  it("warns of an error status that it hands on as data, unless the flow takes it as data", async () => {
    const url = `${base}/missing?key=secret`;
    const said = (more: object) => warned(run, "http-request", undefined, { url, ...more });
    const words = `404 Not Found from ${new URL(base).host} (GET ${base}/missing) was handed on as data; set \`failOn: 4xx,5xx\` for such an answer to be a failure, or \`failOn: []\` where it is not one`;
    expect(await said({})).toEqual([["error-status", words]]);
    expect(await run("http-request", undefined, { url })).toMatchObject({ status: 404, result: { e: 1 } });
    for (const failOn of [[], "", "5xx"]) expect(await said({ failOn })).toEqual([]);
    expect(await warned(run, "http-request", undefined, written("text/plain", "61", 399))).toEqual([]);
  });

  it("says which charset it does not know, but for an answer that is an error anyway", async () => {
    expect(await failure("http-request", undefined, written("text/plain; charset=x-klingon", "61"))).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message:
        '[http-request] The answer says that its charset is "x-klingon", which is not known here; ask the server for UTF-8',
    });
    expect(await run("http-request", undefined, written("text/plain; charset=x-klingon", "61", 500))).toMatchObject({
      status: 500,
      result: "a",
    });
  });

  it("sends what parameters say and gives the parsed answer", async () => {
    const output = await run("http-request", undefined, {
      method: "POST",
      url: `${base}/echo?q=1`,
      headers: '{"X-A":"1"}',
      body: { a: [1] },
    });
    expect(output).toMatchObject({ status: 200, statusText: "OK", success: true, ok: true, url: `${base}/echo?q=1` });
    expect(output.result).toEqual({
      method: "POST",
      search: "?q=1",
      body: '{"a":[1]}',
      authorization: null,
      type: "application/json",
      own: "1",
    });
    expect(output.headers["content-type"]).toContain("json");
    expect(output.duration).toBeGreaterThanOrEqual(0);
  });

  it("prefers what edges bring", async () => {
    const input = {
      url: { result: `${base}/echo` },
      method: "PUT",
      body: { result: { x: 1 } },
      params: { a: "1 2", b: [1, 2] },
      auth: { type: "bearer", token: "t" },
    };
    expect((await run("http-request", input, { url: `${base}/other` })).result).toMatchObject({
      method: "PUT",
      search: "?a=1+2&b=1&b=2",
      body: '{"x":1}',
      authorization: "Bearer t",
    });
    const basic = { auth: { type: "basic", username: "u", password: "p" } };
    expect((await run("http-request", basic, { url: `${base}/echo` })).result.authorization).toBe("Basic dTpw");
    expect((await run("http-request", { url: `${base}/echo` })).status).toBe(200);
  });

  it("gives text as text, other types as base64, and follows redirects", async () => {
    const moved = await run("http-request", {}, { url: `${base}/moved` });
    expect(moved).toMatchObject({ result: "words", url: `${base}/text` });
    expect((await run("http-request", {}, { url: `${base}/bytes` })).result).toBe("AQI=");
  });

  it("takes keys along within an origin, and to no other", async () => {
    const headers = { "x-a": "key", authorization: "Bearer t" };
    const within = await run("http-request", {}, { url: `${base}/echo-moved`, headers });
    expect(within.result).toMatchObject({ own: "key", authorization: "Bearer t" });
    if (name === "a page") return;
    const elsewhere = await run("http-request", {}, { url: `${base}/elsewhere`, headers });
    expect(elsewhere.url).toBe(`${base.replace("127.0.0.1", "localhost")}/echo`);
    expect(elsewhere.result).toMatchObject({ own: null, authorization: null });
    const moved = { url: `${base}/elsewhere`, method: "POST", body: { n: 1 }, headers };
    expect((await run("http-request", {}, moved)).result).toMatchObject({ method: "GET", body: "", type: null });
    const round = await failure("http-request", {}, { url: `${base}/round`, headers });
    expect(round.message).toContain("fetch failed");
  });

  it("takes an error status for an answer", async () => {
    expect(await run("http-request", {}, { url: `${base}/missing` })).toMatchObject({
      status: 404,
      ok: false,
      success: false,
      result: { e: 1 },
    });
  });

  it("gives up in time, and when told to", async () => {
    const late = await failure("http-request", {}, { url: `${base}/silent`, timeout: 50 });
    expect(late).toMatchObject({ code: "TIMEOUT", message: "[http-request] The request was given up after 50 ms" });
    const abort = new AbortController();
    const pending = failure("http-request", {}, { url: `${base}/silent`, signal: abort.signal });
    setImmediate(() => abort.abort());
    expect((await pending).code).toBe("CANCELLED");
  });

  it("stops reading an answer that has no end", async () => {
    expect(await failure("http-request", {}, { url: `${base}/endless` })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringContaining("larger than") as string,
    });
  });

  it("takes credentials out of the URL, and drops them when it is sent elsewhere", async () => {
    const withPassword = base.replace("//", "//u:p%20q@");
    const output = await run("http-request", {}, { url: `${withPassword}/echo` });
    expect(output).toMatchObject({ url: `${base}/echo`, result: { authorization: "Basic dTpwIHE=" } });
    expect((await run("http-request", {}, { url: `${withPassword}/elsewhere` })).result.authorization).toBeNull();
  });

  it("repeats no secret that cannot be sent", async () => {
    const auth = { type: "bearer", token: "s3cret\r\nx: y" };
    const refused = await failure("http-request", { auth }, { url: `${base}/echo` });
    expect(refused).toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(refused.message).not.toContain("s3cret");
  });

  it("takes any timeout that parameters allow", async () => {
    for (const timeout of [1500.5, 2 ** 31, 1e12]) {
      expect((await run("http-request", {}, { url: `${base}/text`, timeout })).result).toBe("words");
    }
  });

  it("repeats neither a password nor a query of an address that it refuses", async () => {
    const refused = await failure("http-request", { url: "ftp://user:hunter2@host/a?token=abc" }, { url: "http://x" });
    expect(refused.message).toContain("Invalid URL: ftp://host/a?… (only http and https are supported)");
  });

  it("fails as may be tried again where JSON is cut short, but for requests that may have done something", async () => {
    const message =
      '[http-request] The answer says it is JSON and ends too early, after character 1; it begins with "{"';
    const cut = await failure("http-request", {}, { url: `${base}/lie` });
    expect([cut.code, cut.message]).toEqual(["EXECUTION_FAILED", message]);
    expect(adviceOf(cut)).toEqual([expect.stringContaining("policy: { retries: 3 }")]);
    const posted = await failure("http-request", {}, { url: `${base}/lie`, method: "POST" });
    expect([posted.code, posted.message]).toEqual(["DESERIALIZATION_FAILED", message]);
    for (const text of ['{"a":tru', "[1,2", '{"a":"x', '[{"a":1},', "[1."]) {
      const half = written("application/json", Buffer.from(text).toString("hex"));
      expect(await failure("http-request", {}, half)).toMatchObject({ code: "EXECUTION_FAILED" });
    }
  });

  it("says what is wrong", async () => {
    expect((await failure("http-request", {}, {})).message).toMatch(
      /^Invalid http-request parameters: .*Must be a valid URL/,
    );
    expect((await failure("http-request", {}, { url: "nonsense" })).message).toContain("Must be a valid URL");
    expect((await failure("http-request", { url: "file:///etc" }, { url: base })).message).toContain(
      "Invalid URL: file:///etc",
    );
    expect(
      await failure("http-request", {}, written("application/json", Buffer.from('{"a" 1}').toString("hex"))),
    ).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message:
        '[http-request] The answer says it is JSON but cannot be read as such from character 6; it begins with "{\\"a\\" 1}"',
    });
    const refused = await failure("http-request", {}, { url: "http://127.0.0.1:1" });
    expect(refused.code).toBe("EXECUTION_FAILED");
    expect(refused.message).toContain("fetch failed");
  });
});
