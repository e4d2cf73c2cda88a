/** The node type `wasm`, with plugins written in WebAssembly's text format; `tests/nodes` has one in Rust. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import wabt from "wabt";

import { adviceOf, NodeError } from "../src/contract/error.js";
import { fileAccess } from "../src/contract/file-access.js";
import { networkAccess } from "../src/contract/network-access.js";
import { SHOUT } from "../src/types/wasm/examples.js";
import { withMemoryLimit } from "../src/types/wasm/memory-limit.js";
import { places, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const tools = await wabt();
const HOST = "extism:host/env";

function compiled(wat: string): Uint8Array {
  const module = tools.parseWat("plugin.wat", wat);
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}

let made = 0;
/** The path of a plugin with these functions; a number of imports of Extism are there by short names. */
function plugin(functions: string, memory = '(memory (export "memory") 1)'): string {
  const path = join(folder, `plugin-${made++}.wasm`);
  const wat = `(module
    (import "${HOST}" "input_length" (func $length (result i64)))
    (import "${HOST}" "input_load_u8" (func $load (param i64) (result i32)))
    (import "${HOST}" "alloc" (func $alloc (param i64) (result i64)))
    (import "${HOST}" "store_u8" (func $store (param i64 i32)))
    (import "${HOST}" "output_set" (func $output (param i64 i64)))
    (import "${HOST}" "error_set" (func $error (param i64)))
    (import "${HOST}" "config_get" (func $config (param i64) (result i64)))
    (import "${HOST}" "length" (func $lengthOf (param i64) (result i64)))
    (import "${HOST}" "log_info" (func $log (param i64)))
    (import "${HOST}" "http_request" (func $http (param i64 i64) (result i64)))
    (import "${HOST}" "http_status_code" (func $status (result i32)))
    (import "${HOST}" "http_headers" (func $headers (result i64)))
    ${memory}
    (func $copied (result i64) (local $at i64) (local $to i64)
      (local.set $to (call $alloc (call $length)))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $at) (call $length)))
        (call $store (i64.add (local.get $to) (local.get $at)) (call $load (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))
      (local.get $to))
    ${functions})`;
  writeFileSync(path, compiled(wat));
  return path;
}

const ECHO = `(func (export "echo") (result i32) (call $output (call $copied) (call $length)) (i32.const 0))`;
/** Gives what a call with the input gave. */
const GIVE = (call: string) =>
  `(func (export "f") (result i32) (local $got i64) (local.set $got ${call}) (call $output (local.get $got) (call $lengthOf (local.get $got))) (i32.const 0))`;

async function refused(input: unknown, parameters: Record<string, unknown>): Promise<NodeError> {
  const found: unknown = await run("wasm", input, parameters).catch((error: unknown) => error);
  if (found instanceof NodeError) return found;
  throw new Error(`expected a NodeError, got ${JSON.stringify(found)?.slice(0, 500)}`);
}

describe("a plugin", () => {
  const file = plugin(ECHO);

  it.each<[string, unknown, unknown, object]>([
    ["JSON", { a: [1, "é", null] }, { a: [1, "é", null] }, {}],
    ["JSON as text", [1], "[1]", { outputFormat: "text" }],
    ["text", "grüße 😀", "grüße 😀", { inputFormat: "text", outputFormat: "text" }],
    [
      "bytes",
      new Uint8Array([0, 255, 128]),
      new Uint8Array([0, 255, 128]),
      { inputFormat: "bytes", outputFormat: "bytes" },
    ],
    ["text as bytes", "é", new Uint8Array([0xc3, 0xa9]), { inputFormat: "bytes", outputFormat: "bytes" }],
  ])("gets and gives %s", async (_, data, expected, more) => {
    expect(await run("wasm", { data }, { file, function: "echo", ...more })).toEqual({ result: expected });
  });

  it("gets nothing where there is no data, and may give nothing", async () => {
    const more = { file, function: "echo", outputFormat: "text" };
    expect(await run("wasm", {}, more)).toEqual({ result: "" });
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    const silent = plugin('(func (export "f") (result i32) (i32.const 0))');
    expect(await run("wasm", {}, { file: silent, function: "f", warn })).toEqual({ result: null });
    expect(warnings).toEqual(["empty-result"]);
  });

  it("is the one of the examples", async () => {
    const path = join(folder, "shout.wasm");
    writeFileSync(path, Buffer.from(SHOUT, "base64"));
    const more = { file: path, function: "shout", inputFormat: "text", outputFormat: "text" };
    expect(await run("wasm", { data: "hello, é" }, more)).toEqual({ result: "HELLO, é" });
  });

  it("reads its settings, and nothing that objects inherit", async () => {
    const reads = plugin(GIVE("(call $config (call $copied))"));
    const more = { file: reads, function: "f", inputFormat: "text", outputFormat: "text", config: { language: "en" } };
    expect(await run("wasm", { data: "language" }, more)).toEqual({ result: "en" });
    for (const data of ["constructor", "__proto__", "toString"]) {
      // The address of nothing, where Extism has one zero byte.
      expect(await run("wasm", { data }, more), data).toEqual({ result: "\0" });
    }
    expect(await refused("language", { ...more, config: { language: 5 } })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("`config.language` must be text, found 5"),
    });
  });

  it("logs as progress, and not without end", async () => {
    const reports: string[] = [];
    const progress = (_: number, message?: string) => reports.push(message ?? "");
    const talks = plugin(
      '(func (export "f") (result i32) (local $at i64) (local.set $at (call $copied)) (loop $l (call $log (local.get $at)) (br $l)) (i32.const 0))',
    );
    const more = { file: talks, function: "f", inputFormat: "text", timeout: 1500, progress };
    expect((await refused("working", more)).code).toBe("TIMEOUT");
    expect(reports[0]).toBe("working");
    expect(reports.length).toBeLessThan(1001);
  });

  it("comes as bytes too", async () => {
    const bytes = Buffer.from(SHOUT, "base64");
    const more = { function: "shout", inputFormat: "text", outputFormat: "text" };
    expect(await run("wasm", { data: "hi", module: { result: bytes } }, more)).toEqual({ result: "HI" });
    for (const place of places) {
      const why = async (input: object, given: object = {}) =>
        (await place.failure("wasm", input, { ...more, ...given })).message;
      expect(await why({ data: "hi" })).toContain("give the node a `file`, or bytes over an edge to `module`");
      expect(await why({ data: "hi", module: "text" })).toContain("`module` must be the bytes of a plugin");
    }
  });

  it("says in a page what that cannot do; tests/browser has what it can", async () => {
    const page = places[1] as (typeof places)[number];
    const why = async (more: object) => {
      const { code, message } = await page.failure("wasm", { data: "x" }, { function: "shout", ...more });
      return `${code} ${message}`;
    };
    const file = `data:application/wasm;base64,${SHOUT}`;
    expect(await why({ file, allowedHosts: ["a.example"] })).toMatch(/^NO_TRANSPORT .*redirected/);
    expect(await why({ file, allowedPaths: { "/a": "." } })).toMatch(/^NO_TRANSPORT .*folders/);
    expect(await why({ file: "file:///a.wasm" })).toMatch(/^INVALID_PARAMETERS .*http:, https: or data:/);
    expect(await why({ file: "data:application/wasm;base64,%%" })).toMatch(/^INVALID_PARAMETERS .*cannot be read/);
    expect(await why({ file: "data:,x" })).toMatch(/not in base64/);
    // Node has no workers of pages.
    expect(await why({ file })).toMatch(/^INTERNAL_ERROR .*worker-src/);
  });
});

describe("a wrong use of a plugin", () => {
  const file = plugin(`${ECHO} (func (export "add") (param i32 i32) (result i32) (i32.const 0))`);

  it.each<[string, unknown, Record<string, unknown>, string, string]>([
    [
      "a function that it has not",
      "x",
      { function: "ecko" },
      "INVALID_PARAMETERS",
      "exports no function `ecko`. Did you mean `echo`?",
    ],
    [
      "a memory as a function",
      "x",
      { function: "memory" },
      "INVALID_PARAMETERS",
      "exports no function `memory`; there are `echo`, `add`",
    ],
    ["a function of another kind", "x", { function: "add" }, "INVALID_PARAMETERS", "`add` takes 2 parameters"],
    ["data that is no text", { a: 1 }, { inputFormat: "text" }, "TYPE_MISMATCH", "takes text, found"],
    ["data that is no bytes", [1], { inputFormat: "bytes" }, "TYPE_MISMATCH", "takes bytes or text"],
    ["data that is no JSON", { data: 1n }, {}, "TYPE_MISMATCH", "nothing that JSON can say"],
    ["an output that is no JSON", "x y", { inputFormat: "text" }, "DESERIALIZATION_FAILED", "no JSON"],
    [
      "an output that is no text",
      new Uint8Array([255]),
      { inputFormat: "bytes", outputFormat: "text" },
      "DESERIALIZATION_FAILED",
      "no text in UTF-8",
    ],
    [
      "an output that is too large",
      "x".repeat(5000),
      { inputFormat: "text", outputFormat: "text", maxBytes: 4999 },
      "MEMORY_LIMIT_EXCEEDED",
      "has 5000 bytes, and `maxBytes` allows 4999",
    ],
    ["a file that is not there", "x", { file: join(folder, "nothing.wasm") }, "EXECUTION_FAILED", "Plugin not found"],
    ["a folder", "x", { file: folder }, "EXECUTION_FAILED", "not a file but a folder"],
  ])("is told of: %s", async (_, data, more, code, words) => {
    const error = await refused({ data }, { file, function: "echo", ...more });
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  });

  it.each<[string, Uint8Array | string, string, string]>([
    ["text", "hello", "DESERIALIZATION_FAILED", "is no module"],
    ["nothing", "", "DESERIALIZATION_FAILED", "is no module"],
    ["a component", new Uint8Array([0, 97, 115, 109, 13, 0, 1, 0]), "DESERIALIZATION_FAILED", "is no module"],
    [
      "half of a module",
      compiled('(module (memory 1) (func (export "f") (result i32) (i32.const 0)))').slice(0, 20),
      "DESERIALIZATION_FAILED",
      "damaged",
    ],
    ["a broken body", broken(), "DESERIALIZATION_FAILED", "can be run here"],
    [
      "an unknown import",
      compiled('(module (import "env" "fetch" (func)) (memory 1))'),
      "EXECUTION_FAILED",
      "needs `env.fetch`",
    ],
    [
      "an unknown import of Extism",
      compiled(`(module (import "${HOST}" "nothing" (func)) (func (export "f") (result i32) (i32.const 0)))`),
      "EXECUTION_FAILED",
      "nothing",
    ],
    [
      "an imported memory",
      compiled('(module (import "env" "memory" (memory 1)))'),
      "EXECUTION_FAILED",
      "imports a memory",
    ],
  ])("is told of: a file with %s", async (name, content, code, words) => {
    const path = join(folder, `${name}.wasm`);
    writeFileSync(path, content);
    const error = await refused({}, { file: path, function: "f" });
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  });
});

function broken(): Uint8Array {
  const bytes = compiled('(module (func (export "f") (result i32) (i32.const 0)))').slice();
  bytes[bytes.length - 3] = 0xff;
  return bytes;
}

describe("a hostile plugin", () => {
  const LOOP = '(func (export "f") (result i32) (loop $l (br $l)) (i32.const 0))';

  it("is ended at the time limit, and by a cancel", async () => {
    const file = plugin(LOOP);
    expect(await refused({}, { file, function: "f", timeout: 500 })).toMatchObject({
      code: "TIMEOUT",
      message: "[wasm] The plugin was ended after 500 ms",
    });
    const cancel = new AbortController();
    const running = refused({}, { file, function: "f", signal: cancel.signal });
    setTimeout(() => cancel.abort(), 200);
    expect((await running).code).toBe("CANCELLED");
    expect((await refused({}, { file, function: "f", signal: AbortSignal.abort() })).code).toBe("CANCELLED");
  });

  it("may loop at its start", async () => {
    const file = plugin(`${LOOP} (func $begin (loop $l (br $l))) (start $begin)`);
    expect((await refused({}, { file, function: "f", timeout: 500 })).code).toBe("TIMEOUT");
  });

  const GROWS = `(func (export "f") (result i32)
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (i32.store8 (i32.const 0) (i32.const 48))
    (call $store (call $alloc (i64.const 1)) (i32.const 0))
    (call $output (call $pages) (i64.const 8)) (i32.const 0))
    (func $pages (result i64) (local $to i64) (local $i i64) (local.set $to (call $alloc (i64.const 8)))
      (loop $l
        (call $store (i64.add (local.get $to) (local.get $i)) (i32.add (i32.const 48) (i32.rem_u (i32.shr_u (memory.size) (i32.wrap_i64 (i64.mul (i64.const 4) (local.get $i)))) (i32.const 16))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $l (i64.lt_u (local.get $i) (i64.const 8))))
      (local.get $to))`;
  /** Pages out of eight digits to the base of 16, the least first. */
  const pagesOf = (text: string) =>
    [...text].reduce((sum, digit, at) => sum + (digit.charCodeAt(0) - 48) * 16 ** at, 0);

  it.each<[string, number]>([
    ['(memory (export "memory") 1)', 64],
    ['(memory (export "memory") 1 65536)', 64],
    ['(memory (export "memory") 1 32)', 32],
  ])("gets no more memory than it may: %s", async (memory, expected) => {
    const file = plugin(GROWS, memory);
    const { result } = await run("wasm", {}, { file, function: "f", outputFormat: "text", memoryPages: 64 });
    // It grows by 16 pages, from one.
    expect(pagesOf(result)).toBe(expected - 15);
  });

  it("does not begin with more memory than it may", async () => {
    const error = await refused(
      {},
      { file: plugin(ECHO, '(memory (export "memory") 100)'), function: "echo", memoryPages: 99 },
    );
    expect([error.code, error.message]).toEqual([
      "INVALID_PARAMETERS",
      expect.stringContaining("begins with 100 pages of memory, and `memoryPages` allows 99"),
    ]);
    expect(adviceOf(error)?.join()).toContain("Set `memoryPages` to 100 or more");
  });

  it.each<[string, string]>([
    ["at once", "(drop (call $alloc (i64.const 1099511627776)))"],
    ["a negative number of bytes", "(drop (call $alloc (i64.const -1)))"],
    ["piece by piece", "(loop $l (drop (call $alloc (i64.const 1048576))) (br $l))"],
  ])("asks its host for no more than it may: %s", async (_, body) => {
    const file = plugin(`(func (export "f") (result i32) ${body} (i32.const 0))`);
    const error = await refused({}, { file, function: "f", memoryPages: 64 });
    expect(["MEMORY_LIMIT_EXCEEDED", "EXECUTION_FAILED"]).toContain(error.code);
    expect(error.message).toMatch(/asked its host for more than 4194304 bytes|Invalid/);
  });

  it.each<[string, string, string]>([
    ["unreachable code", "unreachable", "The plugin trapped in `f`: unreachable"],
    ["a division by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))", "divide by zero"],
    ["memory out of bounds", "(drop (i32.load (i32.const -1)))", "memory access out of bounds"],
    ["endless recursion", "(drop (call $r))", "call stack"],
    [
      "an output from nowhere",
      "(call $output (i64.const 281474976710656000) (i64.const 5))",
      "cannot assign to this block",
    ],
    [
      "an output longer than its block",
      "(call $output (call $alloc (i64.const 1)) (i64.const 99))",
      "length longer than target block",
    ],
  ])("fails alone by %s", async (_, body, words) => {
    const file = plugin(
      `(func $r (result i32) (i32.add (call $r) (i32.const 1))) (func (export "f") (result i32) ${body} (i32.const 0))`,
    );
    const error = await refused({}, { file, function: "f" });
    expect([error.code, error.message]).toEqual(["EXECUTION_FAILED", expect.stringContaining(words)]);
  });

  it("says its error in its own words", async () => {
    const file = plugin('(func (export "f") (result i32) (call $error (call $copied)) (i32.const 1))');
    expect(await refused("no such region", { file, function: "f", inputFormat: "text" })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "[wasm] The plugin failed: no such region",
    });
  });

  it("fails by its code alone as well", async () => {
    const file = plugin('(func (export "f") (result i32) (call $output (call $copied) (call $length)) (i32.const 3))');
    expect(await refused("1", { file, function: "f" })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "[wasm] The plugin failed in `f` with code 3, and does not say why",
    });
  });

  it("ends no process by the exit of WASI", async () => {
    const path = join(folder, "exits.wasm");
    writeFileSync(
      path,
      compiled(
        '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "f") (result i32) (call $exit (i32.const 7)) (i32.const 0)))',
      ),
    );
    expect((await refused({}, { file: path, function: "f" })).code).toBe("EXECUTION_FAILED");
  });

  it("keeps its maximum in every form of a module", () => {
    const head = [0, 97, 115, 109, 1, 0, 0, 0];
    const several = Uint8Array.from([...head, 5, 9, 3, 0, 1, 1, 2, 9, 1, 3, 4]);
    expect([...withMemoryLimit(several, 5)]).toEqual([...head, 5, 10, 3, 1, 1, 5, 1, 2, 5, 1, 3, 4]);
    expect(() => withMemoryLimit(several, 2)).toThrow("begins with 3 pages");
    expect(WebAssembly.validate(withMemoryLimit(compiled("(module (memory 1))"), 200))).toBe(true);
    for (let length = 0; length < several.length; length++) {
      try {
        withMemoryLimit(several.slice(0, length), 5);
      } catch (error) {
        expect(error).toBeInstanceOf(NodeError);
      }
    }
  });
});

describe("what a plugin reaches", () => {
  let server: Server;
  let origin = "";
  const file = plugin(`${GIVE("(call $http (call $copied) (i64.const 0))")}`);
  const call = (url: string, more: object = {}) => ({
    input: { data: { url, method: "GET", headers: { "x-from": "plugin" } } },
    parameters: { file, function: "f", outputFormat: "text", ...more },
  });

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: "http://example.invalid/" }).end("moved");
      else if (request.url === "/endless") {
        const write = () => response.write("x".repeat(100_000), (error) => error ?? write());
        write();
      } else if (request.url !== "/hangs") response.end(`${request.method} ${request.headers["x-from"]}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("is a server that the flow allows, and no other", async () => {
    const allowed = call(`${origin}/x`, { allowedHosts: ["127.0.0.1"] });
    expect(await run("wasm", allowed.input, allowed.parameters)).toEqual({ result: "GET plugin" });
    for (const [url, allowedHosts] of [
      [`${origin}/x`, []],
      [`${origin}/x`, ["example.com", "*.0.0.1.example"]],
      ["http://notexample.com/", ["*.example.com"]],
      ["file:///etc/passwd", ["*", ""]],
      ["http:", ["x"]],
    ] as [string, string[]][]) {
      const { input, parameters } = call(url, { allowedHosts: allowedHosts.filter((each) => each !== "") });
      expect((await refused(input, parameters)).message, url).toMatch(
        /not among `allowedHosts`|is not allowed|Invalid URL/,
      );
    }
  });

  it("tells the status and the headers of its answer", async () => {
    const path = plugin(
      GIVE("(call $headers)").replace(
        "(local.set $got",
        "(drop (call $http (call $copied) (i64.const 0))) (local.set $got",
      ),
      '(memory (export "memory") 1)',
    );
    const { input, parameters } = call(`${origin}/x`, {
      file: path,
      allowedHosts: ["127.0.0.1"],
      outputFormat: "json",
    });
    expect((await run("wasm", input, parameters)).result).toMatchObject({ "content-length": "10" });
  });

  it("is no server that the owner forbids", async () => {
    const { input, parameters } = call(`${origin}/x`, {
      allowedHosts: ["127.0.0.1"],
      [networkAccess]: { privateAddresses: false },
    });
    expect((await refused(input, parameters)).message).toContain("it is not a public address");
  });

  it("is not where a redirect leads, nor more than it can take", async () => {
    const away = call(`${origin}/away`, { allowedHosts: ["127.0.0.1"] });
    expect(await run("wasm", away.input, away.parameters)).toEqual({ result: "moved" });
    const endless = call(`${origin}/endless`, { allowedHosts: ["127.0.0.1"], memoryPages: 16 });
    expect((await refused(endless.input, endless.parameters)).message).toContain(
      "the answer has more than 1048576 bytes",
    );
    const hangs = call(`${origin}/hangs`, { allowedHosts: ["127.0.0.1"], timeout: 700 });
    expect((await refused(hangs.input, hangs.parameters)).code).toBe("TIMEOUT");
  });

  it("is a plugin in the folders of the owner alone", async () => {
    const root = join(folder, "root");
    mkdirSync(root, { recursive: true });
    const inside = join(root, "plugin.wasm");
    writeFileSync(inside, Buffer.from(SHOUT, "base64"));
    symlinkSync(file, join(root, "link.wasm"));
    const access = { [fileAccess]: { roots: [root] }, function: "shout", inputFormat: "text", outputFormat: "text" };
    expect(await run("wasm", { data: "a" }, { ...access, file: inside })).toEqual({ result: "A" });
    for (const path of [file, `${root}/../${file.split("/").at(-1)}`, join(root, "link.wasm")]) {
      expect((await refused("a", { ...access, file: path })).code, path).toBe("INVALID_PARAMETERS");
    }
    const error = await refused("a", { ...access, file: inside, allowedPaths: { "/d": root } });
    expect([error.code, error.message]).toEqual([
      "EXECUTION_FAILED",
      expect.stringContaining("may not run programs here"),
    ]);
  });

  it("is a folder that the flow allows, over WASI", async () => {
    const data = join(folder, "data");
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "a.txt"), "of a file");
    const path = join(folder, "reads.wasm");
    writeFileSync(
      path,
      compiled(`(module
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "${HOST}" "alloc" (func $alloc (param i64) (result i64)))
        (import "${HOST}" "store_u8" (func $store (param i64 i32)))
        (import "${HOST}" "output_set" (func $output (param i64 i64)))
        (memory (export "memory") 1)
        (data (i32.const 0) "a.txt") (data (i32.const 32) "\\40\\00\\00\\00\\10\\00\\00\\00")
        (func (export "f") (result i32) (local $i i32) (local $to i64)
          (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)) (then unreachable))
          (if (call $read (i32.load (i32.const 16)) (i32.const 32) (i32.const 1) (i32.const 24)) (then unreachable))
          (local.set $to (call $alloc (i64.extend_i32_u (i32.load (i32.const 24)))))
          (loop $l
            (call $store (i64.add (local.get $to) (i64.extend_i32_u (local.get $i))) (i32.load8_u (i32.add (i32.const 64) (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.load (i32.const 24)))))
          (call $output (local.get $to) (i64.extend_i32_u (local.get $i))) (i32.const 0)))`),
    );
    const more = { file: path, function: "f", outputFormat: "text" };
    expect(await run("wasm", {}, { ...more, allowedPaths: { "/data": data } })).toEqual({ result: "of a file" });
    expect((await refused({}, more)).message).toContain("trapped");
  });
});
