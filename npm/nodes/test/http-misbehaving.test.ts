/** Servers that do what servers must not. */
import type { Socket } from "node:net";
import { createGzip, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { networkAccess } from "../src/contract/network-access.js";
import { socketServer } from "./http-server.js";
import { failure, run } from "./run.js";

const text = Buffer.from(Array.from({ length: 20_000 }, (_, n) => n).join(" "));
const zipped = gzipSync(text);

/** Sends a head and a body, and closes the connection. */
const sends =
  (head: string, body: string | Uint8Array = "") =>
  (socket: Socket): void => {
    socket.write(`HTTP/1.1 ${head.replaceAll("\n", "\r\n")}\r\n\r\n`);
    socket.end(body);
  };
const gzipped = (body: Uint8Array) =>
  sends(`200 OK\ncontent-type: text/plain\ncontent-encoding: gzip\ncontent-length: ${body.length}`, body);
const damaged = Buffer.from(zipped);
damaged[1000] = (damaged[1000] as number) ^ 0xff;

/** Calls a function each time that something of an answer was sent. */
let sent = (): void => {};
function drip(socket: Socket): void {
  const next = () => {
    if (socket.destroyed) return;
    socket.write("a", sent);
    setTimeout(next, 5);
  };
  next();
}

const server = socketServer({
  "/short": sends("200 OK\ncontent-length: 100", "abc"),
  "/long": sends("200 OK\ncontent-type: text/plain\ncontent-length: 3", "abcdef"),
  "/two-lengths": sends("200 OK\ncontent-length: 3\ncontent-length: 5", "abcde"),
  "/length-and-chunks": sends("200 OK\ncontent-length: 3\ntransfer-encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
  "/negative": sends("200 OK\ncontent-length: -5", "abcde"),
  "/reset": (socket) =>
    void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    ),
  "/half-chunk": sends("200 OK\ntransfer-encoding: chunked", "ff\r\nabc"),
  "/no-last-chunk": sends("200 OK\ntransfer-encoding: chunked", "3\r\nabc\r\n"),
  "/chunk-garbage": sends("200 OK\ntransfer-encoding: chunked", "zz\r\nabc\r\n0\r\n\r\n"),
  "/chunk-huge": sends("200 OK\ntransfer-encoding: chunked", "ffffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
  "/large-headers": sends(`200 OK\nx-a: ${"a".repeat(100_000)}`),
  "/many-headers": sends(`200 OK\n${Array.from({ length: 5000 }, (_, n) => `x-${n}: 1`).join("\n")}`),
  "/100": sends("100 Continue\n\nHTTP/1.1 200 OK\ncontent-length: 3", "abc"),
  "/103": sends("103 Early Hints\nlink: </a>\n\nHTTP/1.1 200 OK\ncontent-length: 3", "abc"),
  "/101": sends("101 Switching Protocols\nupgrade: x\nconnection: upgrade", "abc"),
  "/204": sends("204 No Content\ncontent-length: 3", "abc"),
  "/garbage": (socket) => void socket.end("\0\x01\x02\r\n\r\n"),
  "/nothing": (socket) => void socket.end(),
  "/nul": sends("200 OK\nx-a: a\0b\ncontent-length: 3", "abc"),
  "/cut-gzip": gzipped(zipped.subarray(0, zipped.length - 30)),
  "/cut-trailer": gzipped(zipped.subarray(0, zipped.length - 1)),
  "/damaged-gzip": gzipped(damaged),
  "/no-gzip": gzipped(text.subarray(0, 50)),
  "/gzip-and-more": gzipped(Buffer.concat([zipped, Buffer.from("garbage")])),
  "/gzip": gzipped(zipped),
  "/two-gzips": gzipped(Buffer.concat([gzipSync("a"), gzipSync("b")])),
  "/empty-gzip": gzipped(new Uint8Array()),
  "/coding": sends("200 OK\ncontent-type: text/plain\ncontent-encoding: x-own\ncontent-length: 3", "abc"),
  "/codings": sends(`200 OK\ncontent-encoding: ${Array(50).fill("gzip").join(", ")}\ncontent-length: 3`, "abc"),
  "/charset": sends("200 OK\ncontent-type: text/plain; charset=none\ncontent-length: 3", "abc"),
  "/circle": sends("302 Found\nlocation: /circle\ncontent-length: 0"),
  "/to-a": sends("302 Found\nlocation: /to-b\ncontent-length: 0"),
  "/to-b": sends("302 Found\nlocation: /to-a\ncontent-length: 0"),
  "/to-file": sends("302 Found\nlocation: file:///etc/passwd\ncontent-length: 0"),
  "/to-nowhere": sends("302 Found\nlocation: http://\ncontent-length: 0"),
  "/drip-body": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
    drip(socket);
  },
  "/drip-headers": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nx-a: ");
    drip(socket);
  },
  "/silent": () => sent(),
  "/silent-body": (socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na", sent),
  "/after": sends("200 OK\ncontent-type: text/plain\ncontent-length: 5", "after"),
});

/** By itself: on the connections of the other one, which it closes, a request may meet the end. */
const bombs = socketServer({
  "/bomb": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n");
    const gzip = createGzip();
    gzip.on("data", (chunk: Buffer) =>
      socket.write(`${chunk.length.toString(16)}\r\n${chunk.toString("latin1")}\r\n`, "latin1"),
    );
    const zeros = Buffer.alloc(1024 * 1024);
    const fill = (): void => {
      while (!socket.destroyed && gzip.write(zeros));
    };
    gzip.on("drain", fill);
    fill();
  },
});

describe.each([
  ["where nodes may connect everywhere", {}],
  ["where they may not", { [networkAccess]: { hosts: ["127.0.0.1"] } }],
])("a server that misbehaves, %s", (_, access) => {
  const ask = (path: string, more: object = {}) =>
    run("http-request", {}, { url: server.base + path, ...access, ...more });
  const refusal = (path: string, more: object = {}) =>
    failure("http-request", {}, { url: server.base + path, ...access, ...more });

  it.each([
    ["/short", "EXECUTION_FAILED", "closed the connection before the end of its answer"],
    ["/two-lengths", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/length-and-chunks", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/negative", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/reset", "EXECUTION_FAILED", "closed the connection before the end of its answer"],
    ["/half-chunk", "EXECUTION_FAILED", "closed the connection before the end of its answer"],
    ["/no-last-chunk", "EXECUTION_FAILED", "closed the connection before the end of its answer"],
    ["/chunk-garbage", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/chunk-huge", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/large-headers", "EXECUTION_FAILED", "the headers of the answer are larger than 16 KiB"],
    ["/many-headers", "EXECUTION_FAILED", "the headers of the answer are larger than 16 KiB"],
    ["/100", "EXECUTION_FAILED", "fetch failed"],
    ["/101", "EXECUTION_FAILED", "fetch failed"],
    ["/garbage", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/nothing", "EXECUTION_FAILED", "closed the connection before it had answered"],
    ["/nul", "EXECUTION_FAILED", "with what is no HTTP"],
    ["/cut-gzip", "DESERIALIZATION_FAILED", "the answer is compressed, and its data ends too early"],
    ["/cut-trailer", "DESERIALIZATION_FAILED", "the answer is compressed, and its data ends too early"],
    ["/damaged-gzip", "DESERIALIZATION_FAILED", "its data cannot be decompressed"],
    ["/no-gzip", "DESERIALIZATION_FAILED", "its data cannot be decompressed"],
    ["/gzip-and-more", "DESERIALIZATION_FAILED", "its data cannot be decompressed"],
    ["/coding", "DESERIALIZATION_FAILED", 'in the content coding "x-own", which is not known here'],
    ["/codings", "EXECUTION_FAILED", "content-encodings"],
    ["/charset", "DESERIALIZATION_FAILED", 'its charset is "none"'],
    ["/circle", "EXECUTION_FAILED", "its redirects lead in a circle"],
    ["/to-a", "EXECUTION_FAILED", "its redirects lead in a circle"],
    ["/to-file", "EXECUTION_FAILED", "fetch failed"],
    ["/to-nowhere", "EXECUTION_FAILED", "fetch failed"],
  ])("%s is %s: %s", async (path, code, message) => {
    const failed = await refusal(path);
    expect(failed.message).toContain(message);
    expect(failed.code).toBe(code);
    expect((await ask("/after")).result).toBe("after");
  });

  it.each([
    ["/long", "abc"],
    ["/103", "abc"],
    ["/204", ""],
    ["/gzip", text.toString()],
    ["/two-gzips", "ab"],
    ["/empty-gzip", ""],
  ])("%s is an answer all the same", async (path, result) => {
    expect((await ask(path)).result).toBe(result);
  });

  it("takes no more of a bomb than is allowed", async () => {
    const failed = await failure("http-request", {}, { url: `${bombs.base}/bomb`, ...access, maxSize: 10_000_000 });
    expect(failed).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(failed.message).toContain("The answer is larger than 10000000 bytes");
  });

  it.each(["/drip-body", "/drip-headers", "/silent", "/silent-body"])(
    "%s ends with the node's time, and with the node",
    async (path) => {
      sent = () => {};
      expect((await refusal(path, { timeout: 100 })).code).toBe("TIMEOUT");
      const abort = new AbortController();
      sent = () => abort.abort();
      expect((await refusal(path, { signal: abort.signal })).code).toBe("CANCELLED");
      sent = () => {};
    },
  );
});
