/** What does not get through: strangers, and what is too large or malformed. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FrameLike } from "../../src/desktop/electron.js";
import { createSenderPolicy } from "../../src/desktop/sender.js";
import { applications } from "./process/application.js";

const start = applications(() => ({ echo: ({ input }) => input }));
const NODE = { id: "a", type: "echo" };
const LEAF = { node: NODE };

afterEach(() => vi.restoreAllMocks());

describe("a page from elsewhere", () => {
  const stranger = { url: "https://evil.example/app", origin: "https://evil.example", parent: null };

  it("is refused on every way in, and reported once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { open } = start();
    const page = await open();
    for (const channel of ["conductor:result", "conductor:error"]) await page.ask("hear", channel);
    page.frame = stranger;
    const error = "Sender not allowed: https://evil.example";
    // The code tells callers that calling again does not help.
    const refused = { error, code: "VALIDATION_FAILED", channelError: true };
    for (const channel of ["node", "flow", "storage", "system", "path", "conductor"]) {
      expect(await page.ask("invoke", `${channel}:call`, "health")).toEqual(refused);
    }
    for (const call of ["conductor:execute", "channels:list", "channels:health", "channels:status"]) {
      expect(await page.ask("invoke", call, { flowId: "x" })).toEqual(refused);
    }
    expect(await page.ask("rpcRun", LEAF)).toEqual(refused);
    expect(await page.ask("rpcHealth")).toEqual(refused);
    await page.ask("sendMessage", "conductor:execute", { payload: { flowId: "x" }, id: "1" });
    expect(await page.hears("conductor:error")).toEqual({ id: "1", error, code: "VALIDATION_FAILED" });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain("https://evil.example");
  });

  it("cannot write to the log", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const page = await start({ logger }).open();
    page.frame = stranger;
    await page.ask("send", "logger", "log", { level: "error", message: "refused" });
    page.frame = null;
    await page.ask("send", "logger", "log", { level: "error", message: "refused" });
    page.frame = { url: "app://main/", origin: "app://main", parent: null };
    await page.ask("send", "logger", "log", { level: "error", message: "accepted" });
    await page.call("node", "health");
    expect(logger.error.mock.calls).toEqual([["accepted"]]);
  });

  it("is let in when its origin is named", async () => {
    const page = await start({ origins: ["https://evil.example/some/page"] }).open();
    page.frame = stranger;
    expect((await page.call("node", "execute", LEAF)).result.success).toBe(true);
  });
});

describe("the sender policy", () => {
  const log = { warn: () => {} };
  const accepts = (frame: Partial<FrameLike> | null | undefined, options = {}) =>
    createSenderPolicy({ developing: false, log, ...options }).refusal({ senderFrame: frame as FrameLike }) ===
    undefined;

  it.each<[string, Partial<FrameLike>, boolean]>([
    ["a file", { url: "file:///app/index.html", origin: "file://" }, true],
    ["a file, by its address alone", { url: "file:///app/index.html" }, true],
    ["a file of a network share", { url: "file://evil.example/share/x.html", origin: "file://" }, false],
    ["a file of a network share, otherwise written", { url: "file:////evil.example/x.html", origin: "file://" }, false],
    ["a scheme of its own", { url: "app://main/index.html", origin: "app://main" }, true],
    ["a scheme that Chromium does not know", { url: "app://main/index.html", origin: "null", parent: null }, true],
    ["the same in a frame", { url: "app://main/index.html", origin: "null", parent: {} }, false],
    ["a frame that has the origin of its page", { url: "about:srcdoc", origin: "file://", parent: {} }, true],
    ["a frame from elsewhere", { url: "https://ads.example/", origin: "https://ads.example", parent: {} }, false],
    ["a sandboxed file", { url: "file:///app/other.html", origin: "null", parent: {} }, false],
    ["a web page", { url: "https://example.com/", origin: "https://example.com" }, false],
    ["this machine's web server", { url: "http://localhost:5173/", origin: "http://localhost:5173" }, false],
    ["an empty page", { url: "about:blank", origin: "null" }, false],
    ["text as page", { url: "data:text/html,x", origin: "null" }, false],
    ["a blob", { url: "blob:https://example.com/1", origin: "https://example.com" }, false],
    ["an extension", { url: "chrome-extension://abc/", origin: "chrome-extension://abc" }, false],
    ["the developer tools", { url: "devtools://devtools/", origin: "devtools://devtools" }, false],
    ["a file that is sandboxed as a window's page", { url: "file:///app/a.html", origin: "null", parent: null }, false],
    ["a scheme of its own without a host", { url: "app:index.html", origin: "null", parent: null }, false],
    ["a scheme with a dash", { url: "my-app://bundle/", origin: "my-app://bundle" }, true],
    ["a scheme that begins like another", { url: "mst://main/", origin: "mst://main" }, true],
    ["no address at all", { url: "" }, false],
  ])("decides about %s", (_name, frame, expected) => {
    expect(accepts(frame)).toBe(expected);
  });

  it.each([
    "mailto:a@b.example",
    "tel:1",
    "smb://server/share",
    "intent://scan/#Intent;end",
    "android-app://com.example/",
    "chrome-search://local-ntp/",
    "chrome-untrusted://print/",
    "moz-extension://abc/",
    "ms-settings://x/",
    "web+shop://x/",
    "git+ssh://x/",
    "isolated-app://x/",
    "view-source:file:///x",
    "ftp://x/",
    "wss://x/",
  ])("does not take %s for a scheme of its own, unless it is named", (url) => {
    expect(accepts({ url, origin: "null", parent: null })).toBe(false);
    expect(accepts({ url })).toBe(false);
    if (url.startsWith("smb:")) expect(accepts({ url, origin: "smb://server" }, { origins: [url] })).toBe(true);
  });

  it("trusts this machine's web servers while developing, and no others", () => {
    const developing = { developing: true };
    for (const origin of ["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:80", "https://localhost"]) {
      expect(accepts({ url: `${origin}/`, origin }, developing)).toBe(true);
    }
    for (const origin of ["http://localhost.evil.example", "http://127.0.0.2", "http://10.0.0.1:3000"]) {
      expect(accepts({ url: `${origin}/`, origin }, developing)).toBe(false);
    }
  });

  it("compares whole origins", () => {
    const origins = ["https://app.example.com"];
    expect(accepts({ url: "https://app.example.com/x", origin: "https://app.example.com" }, { origins })).toBe(true);
    for (const origin of [
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com.evil.example",
      "https://evil.example",
    ]) {
      expect(accepts({ url: `${origin}/`, origin }, { origins })).toBe(false);
    }
  });

  it("refuses a frame that is gone, and accepts events that know no frames", () => {
    expect(accepts(null)).toBe(false);
    expect(accepts(undefined)).toBe(false);
    const policy = createSenderPolicy({ developing: false, log });
    expect(policy.refusal({})).toBeUndefined();
    expect(policy.refusal(undefined)).toBeUndefined();
    const contents = { send: () => {} };
    expect(policy.trusts(contents)).toBe(true);
    expect(policy.trusts({ ...contents, mainFrame: undefined as unknown as null })).toBe(false);
    const gone = Object.defineProperty({ url: "file:///" }, "origin", {
      get() {
        throw new Error("Render frame was disposed before WebFrameMain could be accessed");
      },
    });
    expect(accepts(gone)).toBe(false);
  });

  it("reports an origin once, however often it calls", () => {
    const warn = vi.fn();
    const policy = createSenderPolicy({ developing: false, log: { warn } });
    for (let index = 0; index < 500; index++) {
      policy.refusal({ senderFrame: { url: "", origin: `https://site${index % 250}.example` } });
    }
    expect(warn).toHaveBeenCalledTimes(100);
  });
});

describe("arguments over the limits", () => {
  it("are refused without being run", async () => {
    const page = await start().open();
    const big = { ...LEAF, context: { input: { text: "x".repeat(17 * 1024 * 1024) } } };
    const { result } = await page.call("node", "execute", big);
    expect(result).toMatchObject({
      success: false,
      error: {
        code: "VALIDATION_FAILED",
        message: 'Invalid execute parameters: The limit "bytes" is 16777216, found more',
      },
      duration: 0,
      executedNodes: [],
    });
    expect(await page.call("system", "restart", { note: "x".repeat(70_000) })).toEqual({
      error: 'Invalid restart parameters: The limit "bytes" is 65536, found more',
      code: "VALIDATION_FAILED",
      channelError: true,
    });
  });

  it.each([
    ["nodes that contain themselves", "cyclicFlow", [], 'node: The limit "groups" is 64, found more'],
    ["values nested too deeply", "deepInput", [500], 'The limit "depth" is 256, found more'],
    ["a prototype", "ownKey", ["__proto__"], 'The key "__proto__" is not allowed at node.parameters'],
    ["a constructor", "ownKey", ["constructor"], 'The key "constructor" is not allowed at node.parameters'],
  ])("are refused: %s", async (_name, what, args, message) => {
    const page = await start().open();
    const { result } = await page.ask(what, ...args);
    expect(result.error).toMatchObject({
      code: "VALIDATION_FAILED",
      message: `Invalid execute parameters: ${message}`,
    });
  });

  it("are fine just below", async () => {
    const page = await start().open();
    expect((await page.ask("deepInput", 100)).result.success).toBe(true);
  });
});

describe("malformed arguments", () => {
  it.each<[unknown, string]>([
    [undefined, "Required"],
    [{}, "node: Required"],
    [{ node: {} }, "node.id: Required, node.type: Required"],
    [{ node: { id: "", type: "" } }, "node.id: Node ID is required, node.type: Node type is required"],
    [{ node: { ...NODE, nodes: [{ id: "b" }] } }, "node.nodes.0.type: Required"],
    [{ node: { ...NODE, edges: [{ id: "e", source: "a" }] } }, "node.edges.0.target: Required"],
    [{ ...LEAF, context: { slowMo: -1 } }, "context.slowMo: Number must be greater than or equal to 0"],
    [{ ...LEAF, context: { slowMo: 3_600_001 } }, "context.slowMo: Number must be less than or equal to 3600000"],
    [{ ...LEAF, context: { input: [1] } }, "context.input: Expected object, received array"],
  ])("of execute are told: %j", async (args, message) => {
    const page = await start().open();
    await page.ask("listen", "node", "started");
    const { result } = await page.call("node", "execute", args);
    expect(result.error.message).toBe(`Invalid execute parameters: ${message}`);
    expect(result.error).toMatchObject({ code: "VALIDATION_FAILED", recovery: { retryable: false } });
    expect(result.error.context.validationErrors.length).toBeGreaterThan(0);
    expect(page.named("node.started")).toEqual([]);
  });

  it("never come back in the message", async () => {
    const page = await start().open();
    const secret = { node: { id: 7, type: "echo", parameters: "s3cret" }, context: { input: "s3cret" } };
    const { result } = await page.call("node", "execute", secret);
    expect(result.error.message).toContain("node.parameters");
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });

  it("of validate are listed", async () => {
    const page = await start().open();
    expect(await page.call("node", "validate", { node: { type: "echo" } })).toEqual({
      result: { valid: false, errors: ["node.id: Required"] },
    });
  });

  it("of other channels are errors", async () => {
    const page = await start().open();
    expect(await page.call("flow", "getTemplate", {})).toEqual({
      error: "Invalid getTemplate parameters: id: Required",
      code: "VALIDATION_FAILED",
      channelError: true,
    });
    expect(await page.call("storage", "saveFlow", { flow: { name: "x" } })).toMatchObject({
      error: "Invalid saveFlow parameters: flow.nodes: Required",
    });
    expect((await page.call("conductor", "execute", { inputs: {} })).result).toMatchObject({
      success: false,
      error: "Invalid request: flowId: Required",
      metadata: { error: { code: "VALIDATION_FAILED" } },
    });
  });

  it("that pages do send are accepted", async () => {
    const page = await start().open();
    const node = {
      id: "flow",
      type: "group",
      fields: [{ name: "x" }],
      inputPorts: [],
      metadata: { icon: "bolt", runtime: { language: "typescript" } },
      position: { x: 1, y: 2, z: 3 },
      nodes: [
        { id: "a", type: "echo" },
        { id: "b", type: "echo" },
      ],
      edges: [{ id: "ab", source: "a", target: "b", sourceHandle: null, targetHandle: null, animated: true }],
    };
    const { result } = await page.call("node", "execute", { node, context: { debug: true, input: { kept: 1 } } });
    expect(result).toMatchObject({ success: true, data: { default: { kept: 1 } } });
  });

  it("of an unknown command or channel are told", async () => {
    const page = await start().open();
    expect(await page.call("node", "explode")).toEqual({ error: "No handler for method: explode", channelError: true });
    expect(await page.ask("invoke", "node:call", "constructor", {})).toEqual({
      error: "No handler for method: constructor",
      channelError: true,
    });
    expect(await page.call("files", "read")).toEqual({ error: "Unknown channel: files", channelError: true });
    await expect(page.ask("listen", "node", "other")).rejects.toThrow("Unknown event: node.other");
    await expect(page.ask("send", "conductor", "execute", {})).rejects.toThrow("Unknown message: conductor.execute");
  });
});
