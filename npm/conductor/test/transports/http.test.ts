import { type AddressInfo, createServer } from "node:net";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { createHTTPTransport } from "../../src/transports/http.js";
import { httpServer, json } from "./servers.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A fetch that answers only when it is aborted. */
const silent: typeof fetch = (_, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });

/** The address of a port at which nobody listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("must reject"),
    (error: TransportError) => error,
  );

describe("an HTTP transport", () => {
  it.each(["", "/"])("posts a request to <apiUrl>/execute (apiUrl ends in '%s')", async (end) => {
    const server = await httpServer((_, response) => json(response, { success: true, outputs: { a: 1 } }));
    const transport = createHTTPTransport({ apiUrl: `${server.url}/api${end}`, headers: { "X-Team": "blue" } });
    const request = { flowId: "f", inputs: { n: 1 } };
    expect(await transport.execute(request)).toEqual({ success: true, outputs: { a: 1 } });
    expect(server.requests).toMatchObject([
      { method: "POST", path: "/api/execute", headers: { "content-type": "application/json", "x-team": "blue" } },
    ]);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual(request);
  });

  it.each([
    ["", "/execute"],
    ["/api", "/api/execute"],
    ["/v2/api", "/v2/api/execute"],
  ])("finds commands below /api and executions below apiUrl '%s'", async (end, execute) => {
    const server = await httpServer((_, response) => json(response, {}));
    const transport = createHTTPTransport({ apiUrl: server.url + end });
    await transport.call("node", "cancel", "exec_1");
    await transport.execute({ flowId: "f" });
    const base = end.replace(/\/api$/, "");
    expect(server.requests.map(({ path }) => path)).toEqual([`${base}/api/node/cancel`, execute]);
    expect(server.requests[0]?.body).toBe('"exec_1"');
  });

  it("takes the body as the result, an empty one as nothing", async () => {
    const server = await httpServer(({ path }, response) =>
      path.endsWith("empty") ? response.writeHead(204).end() : json(response, [1, { error: "a field" }]),
    );
    const transport = createHTTPTransport({ apiUrl: server.url });
    expect(await transport.call("x", "list")).toEqual([1, { error: "a field" }]);
    expect(await transport.call("x", "empty")).toBeUndefined();
    expect(server.requests[0]?.body).toBe("");
  });

  it("asks system.health for its health", async () => {
    const server = await httpServer((_, response) => json(response, { status: "ok", timestamp: 5 }));
    expect(await createHTTPTransport({ apiUrl: server.url }).health()).toEqual({ status: "ok", timestamp: 5 });
    expect(server.requests[0]?.path).toBe("/api/system/health");
  });

  it("sends the token of the moment as bearer", async () => {
    const server = await httpServer((_, response) => json(response, {}));
    let token: string | undefined;
    const transport = createHTTPTransport({ apiUrl: server.url, token: () => token });
    await transport.call("a", "b");
    token = "t1";
    await transport.call("a", "b");
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer t1"]);
  });
});

describe("what goes wrong over HTTP", () => {
  it.each([
    [500, "Internal Server Error", "TRANSPORT_ERROR", true],
    [503, "Down For Tea", "TRANSPORT_ERROR", true],
    [400, "Bad Request", "TRANSPORT_ERROR", false],
    [404, "Not Found", "TRANSPORT_ERROR", false],
    [408, "Request Timeout", "TIMEOUT", true],
    [425, "Too Early", "TRANSPORT_ERROR", true],
    [429, "Too Many Requests", "RATE_LIMIT_EXCEEDED", true],
    [504, "Gateway Timeout", "TIMEOUT", true],
  ])("status %i is told by its text", async (status, text, code, retryable) => {
    const server = await httpServer((_, response) => json(response, { detail: "secret" }, status, text));
    const transport = createHTTPTransport({ apiUrl: server.url });
    const expected = { code, retryable, status, answered: true };
    expect(await caught(transport.execute({ flowId: "f" }))).toMatchObject({
      ...expected,
      message: `Execution failed: ${text}`,
    });
    expect(await caught(transport.call("node", "execute"))).toMatchObject({
      ...expected,
      message: `HTTP ${status}: ${text}`,
    });
  });

  it("a status without text is told by its number", async () => {
    const fetch = async () => new Response("", { status: 502, statusText: "" });
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch });
    expect(await caught(transport.execute({ flowId: "f" }))).toMatchObject({ message: "Execution failed: 502" });
    expect(await caught(transport.call("a", "b"))).toMatchObject({ message: "HTTP 502" });
  });

  it.each([200, 401])("an error of the channel counts before status %i", async (status) => {
    const body = { error: "Invalid credentials", channelError: true, code: "VALIDATION_FAILED" };
    const server = await httpServer((_, response) => json(response, body, status));
    const error = await caught(createHTTPTransport({ apiUrl: server.url }).call("auth", "login"));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ message: "Invalid credentials", code: "VALIDATION_FAILED", retryable: false });
  });

  it("an error that is no text is told as JSON", async () => {
    const server = await httpServer((_, response) => json(response, { error: { why: 1 }, channelError: true }));
    const error = await caught(createHTTPTransport({ apiUrl: server.url }).execute({ flowId: "f" }));
    expect(error).toMatchObject({ message: '{"why":1}', code: "TRANSPORT_ERROR", retryable: true });
  });

  it.each(["{", "<html>", ""])(
    "an answer to execute that is no result is DESERIALIZATION_FAILED: '%s'",
    async (text) => {
      const transport = createHTTPTransport({ apiUrl: "http://h", fetch: async () => new Response(text) });
      const error = await caught(transport.execute({ flowId: "f" }));
      expect(error).toMatchObject({ code: "DESERIALIZATION_FAILED", retryable: false });
      expect(error.message).not.toContain("html");
    },
  );

  it("a server that is not there is TRANSPORT_ERROR with its cause", async () => {
    const { url } = await httpServer(() => {});
    const gone = new URL(url);
    gone.port = "1";
    const error = await caught(createHTTPTransport({ apiUrl: gone.href }).call("a", "b"));
    expect(error).toMatchObject({ code: "TRANSPORT_ERROR", retryable: true, answered: false });
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).toContain("http://127.0.0.1:1");
  });

  it("a connection that breaks before the answer is TRANSPORT_ERROR", async () => {
    const server = await httpServer((_, response) => response.destroy());
    const error = await caught(createHTTPTransport({ apiUrl: server.url }).call("a", "b"));
    expect(error).toMatchObject({ code: "TRANSPORT_ERROR", retryable: true });
  });

  it.each<[string, unknown]>([
    ["a bigint", { n: 1n }],
    ["a function", { f: () => 1 }],
    ["a symbol", [Symbol("s")]],
    ["not a number", { n: Number.NaN }],
    ["an infinite number", { deep: [{ n: Number.POSITIVE_INFINITY }] }],
    ["a map", { m: new Map() }],
    ["a set", { s: new Set([1]) }],
    ["bytes", new Uint8Array(3)],
    ["a promise", { p: Promise.resolve(1) }],
    ["a buffer", { b: Buffer.from("text") }],
    ["an error", { e: new Error("boom") }],
    ["a regular expression", { r: /x/ }],
    ["nothing in a list", { u: [undefined] }],
    ["a hole in a list", { u: new Array(1) }],
    ["an invalid date", { d: new Date(Number.NaN) }],
    ["an instance of a class", { m: new (class Money {})() }],
    ["a list of instances in what says itself what it is", { l: { toJSON: () => [new Map()] } }],
  ])("%s is SERIALIZATION_FAILED before anything is sent", async (_, args) => {
    const fetch = vi.fn();
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch });
    expect(await caught(transport.call("a", "b", args))).toMatchObject({
      code: "SERIALIZATION_FAILED",
      retryable: false,
    });
    const request = { flowId: "f", inputs: { args } };
    expect(await caught(transport.execute(request))).toMatchObject({ code: "SERIALIZATION_FAILED" });
    expect(fetch).not.toHaveBeenCalled();
  });

  it("a cycle, and nesting beyond the stack, are SERIALIZATION_FAILED", async () => {
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch: vi.fn() });
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    let deep: unknown = 0;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    for (const args of [cycle, deep]) {
      expect(await caught(transport.call("a", "b", args))).toMatchObject({ code: "SERIALIZATION_FAILED" });
    }
  });

  it("names where in the arguments it is", async () => {
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch: vi.fn() });
    const error = await caught(transport.call("a", "b", { node: { nodes: [{}, { parse: () => 1 }] } }));
    expect(error.message).toBe("Cannot be sent as JSON: node.nodes[1].parse is a function");
  });

  it("names what in a list it is", async () => {
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch: vi.fn() });
    const first = await caught(transport.call("a", "b", { list: [1, new TypeError("secret")] }));
    expect(first.message).toBe("Cannot be sent as JSON: list[1] is an instance of TypeError");
    const second = await caught(transport.call("a", "b", [[undefined]]));
    expect(second.message).toBe("Cannot be sent as JSON: [0][0] is undefined");
  });

  it("what says itself what it is, and objects without a prototype or of other realms, are sent", async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const bare = Object.assign(Object.create(null), { a: 1 });
    class Own {
      b = 2;
      toJSON() {
        return this;
      }
    }
    const args = { bare, foreign: runInNewContext("({ c: [3] })"), self: new Own(), url: new URL("http://h/p") };
    await createHTTPTransport({ apiUrl: server.url }).call("a", "b", args);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      bare: { a: 1 },
      foreign: { c: [3] },
      self: { b: 2 },
      url: "http://h/p",
    });
  });

  it("dates, undefined fields and shared objects are sent", async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const shared = { at: new Date(0), nothing: undefined };
    await createHTTPTransport({ apiUrl: server.url }).call("a", "b", { x: shared, y: shared });
    const at = "1970-01-01T00:00:00.000Z";
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({ x: { at }, y: { at } });
  });
});

describe("time over HTTP", () => {
  it.each([
    ["a command", "system", "health", 30_000, "Request timeout"],
    ["an execution", "node", "execute", 300_000, "Execution timeout"],
    ["the result of one", "node", "attach", 300_000, "Execution timeout"],
  ])("%s has its time", async (_, channel, command, ms, message) => {
    vi.useFakeTimers();
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch: silent });
    let error: unknown;
    transport.call(channel, command).catch((thrown) => {
      error = thrown;
    });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(error).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(error).toMatchObject({ code: "TIMEOUT", message, retryable: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a request has 300 s, or what is set", async () => {
    vi.useFakeTimers();
    for (const [options, ms] of [
      [{}, 300_000],
      [{ timeout: 50 }, 50],
    ] as const) {
      const transport = createHTTPTransport({ apiUrl: "http://h", fetch: silent, ...options });
      const error = caught(transport.execute({ flowId: "f" }));
      await vi.advanceTimersByTimeAsync(ms);
      expect(await error).toMatchObject({ code: "TIMEOUT", message: "Execution timeout" });
    }
  });

  it("includes reading the answer, and the request is aborted when it is over", async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await httpServer((_, response) => {
      response.on("close", () => closed?.());
      response.writeHead(200).write('{"never":');
    });
    let isAnswered = () => {};
    const answered = new Promise<void>((resolve) => {
      isAnswered = resolve;
    });
    const answering: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      isAnswered();
      return response;
    };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const transport = createHTTPTransport({ apiUrl: server.url, timeout: 50, fetch: answering });
    const error = caught(transport.call("a", "b"));
    await answered;
    await vi.advanceTimersByTimeAsync(50);
    expect(await error).toMatchObject({ code: "TIMEOUT" });
    await gone;
  });

  it("is not limited by a timeout of 0, and no timer stays behind an answer", async () => {
    vi.useFakeTimers();
    const pending = createHTTPTransport({ apiUrl: "http://h", fetch: silent, timeout: 0 });
    pending.call("a", "b").catch(() => {});
    expect(vi.getTimerCount()).toBe(0);
    const answered = createHTTPTransport({ apiUrl: "http://h", fetch: async () => new Response("1") });
    expect(await answered.call("a", "b")).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("whether a request may be carried out although it was not answered", () => {
  const uncertain = async (call: Promise<unknown>) => (await caught(call)).uncertain;
  const over = (fetch: typeof globalThis.fetch, timeout = 0) =>
    createHTTPTransport({ apiUrl: "http://h", fetch, timeout });

  it("is open when the connection breaks after the request", async () => {
    const server = await httpServer((_, response) => response.destroy());
    expect(await uncertain(createHTTPTransport({ apiUrl: server.url }).call("a", "b"))).toBe(true);
    const half = await httpServer((_, response) => {
      response.writeHead(200, { "Content-Length": "10" }).write("{");
      setImmediate(() => response.destroy());
    });
    expect(await uncertain(createHTTPTransport({ apiUrl: half.url }).call("a", "b"))).toBe(true);
  });

  it("is open when the platform does not tell how far it got", async () => {
    const inPage = over(async () => {
      throw new TypeError("Failed to fetch");
    });
    expect(await uncertain(inPage.call("a", "b"))).toBe(true);
    expect(await uncertain(inPage.execute({ flowId: "f" }))).toBe(true);
  });

  it("is open when the answer, or that of the server behind it, takes too long", async () => {
    expect(await uncertain(over(silent, 1).call("a", "b"))).toBe(true);
    expect(await uncertain(over(async () => new Response("", { status: 504 })).call("a", "b"))).toBe(true);
  });

  it("is not when nothing was delivered", async () => {
    const gone = createHTTPTransport({ apiUrl: await closedAddress() });
    expect(await uncertain(gone.call("a", "b"))).toBe(false);
    for (const status of [408, 429, 503]) {
      expect(await uncertain(over(async () => new Response("", { status })).call("a", "b"))).toBe(false);
    }
    expect(await uncertain(over(silent).call("a", "b", { n: 1n }))).toBe(false);
  });
});

describe("shutting an HTTP transport down", () => {
  it("ends what is pending, and what comes later", async () => {
    vi.useFakeTimers();
    let signal: AbortSignal | null | undefined;
    const fetch: typeof globalThis.fetch = (input, init) => {
      signal = init?.signal;
      return silent(input, init);
    };
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch });
    const pending = caught(transport.call("a", "b"));
    await transport.shutdown();
    expect(await pending).toMatchObject({ code: "CANCELLED", retryable: false });
    expect(signal?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(await caught(transport.execute({ flowId: "f" }))).toMatchObject({ code: "NO_TRANSPORT", retryable: false });
  });
});

describe("a request that was answered", () => {
  it("is none of those that are pending", async () => {
    let signal: AbortSignal | null | undefined;
    const fetch: typeof globalThis.fetch = async (_, init) => {
      signal = init?.signal;
      return new Response("1");
    };
    const transport = createHTTPTransport({ apiUrl: "http://h", fetch });
    await transport.call("a", "b");
    await transport.shutdown();
    expect(signal?.aborted).toBe(false);
  });
});

describe("events over HTTP", () => {
  it("are not there, which is said once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const transport = createHTTPTransport({ apiUrl: "http://h" });
    transport.listen("node", "progress", () => {})();
    transport.listen("node", "completed", () => {})();
    expect(warn.mock.calls).toEqual([["[HTTP] Real-time events not supported over HTTP transport"]]);
  });

  it("come from another transport if there is one, which ends with this one", async () => {
    const warn = vi.spyOn(console, "warn");
    const end = vi.fn();
    const events = { listen: vi.fn(() => end), shutdown: vi.fn(async () => {}) };
    const transport = createHTTPTransport({ apiUrl: "http://h", events });
    const callback = () => {};
    transport.listen("node", "progress", callback)();
    expect(events.listen).toHaveBeenCalledWith("node", "progress", callback);
    expect(end).toHaveBeenCalledOnce();
    await transport.shutdown();
    expect(events.shutdown).toHaveBeenCalledOnce();
    expect(warn).not.toHaveBeenCalled();
  });

  describe("whose connection is being opened", () => {
    const overEvents = (listening: () => Promise<void>) => {
      vi.useFakeTimers();
      const sent = vi.fn(async () => new Response("1"));
      const events = { listen: () => () => {}, listening: vi.fn(listening), shutdown: async () => {} };
      const transport = createHTTPTransport({ apiUrl: "http://h", fetch: sent, events });
      return { transport, events, sent };
    };

    it("are waited for for a second, by the first calls", async () => {
      const { transport, events, sent } = overEvents(() => new Promise(() => {}));
      const first = Promise.all([transport.call("a", "b"), transport.call("a", "c")]);
      await vi.advanceTimersByTimeAsync(999);
      expect(sent).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(await first).toEqual([1, 1]);
      expect(await transport.call("a", "d")).toBe(1);
      expect(events.listening).toHaveBeenCalledTimes(2);
      expect(vi.getTimerCount()).toBe(0);
    });

    it("are waited for no longer than it takes, also if that fails", async () => {
      for (const listening of [async () => {}, () => Promise.reject(new Error("closed"))]) {
        const { transport } = overEvents(listening);
        expect(await transport.call("a", "b")).toBe(1);
        expect(vi.getTimerCount()).toBe(0);
      }
    });
  });
});

describe("the settings of an HTTP transport", () => {
  it.each([
    "ftp://h",
    "ws://h",
    "file:///etc",
    "javascript:alert(1)",
    "h:3000",
    "/api",
    "",
    "http://user:pa55@h",
    "https://tok3n@h",
    "http://h/api?key=k",
    "http://h/#x",
  ])("refuse the address '%s'", (apiUrl) => {
    try {
      createHTTPTransport({ apiUrl });
    } catch (error) {
      expect(error).toMatchObject({ name: "TransportError", code: "INVALID_PARAMETERS" });
      expect((error as Error).message).not.toMatch(/pa55|tok3n|key/);
      return;
    }
    expect.fail("must throw");
  });

  it("take an address relative to the page", async () => {
    vi.stubGlobal("location", { href: "https://app.example.com/page" });
    const fetch = vi.fn(async (_url: unknown) => new Response("{}"));
    await createHTTPTransport({ apiUrl: "/api", fetch }).call("a", "b");
    expect(fetch.mock.calls[0]?.[0]).toBe("https://app.example.com/api/a/b");
    vi.unstubAllGlobals();
  });

  it("refuse headers and tokens that cannot be sent, without quoting them", async () => {
    const secret = "s3cret\r\nX-More: 1";
    expect(() => createHTTPTransport({ apiUrl: "http://h", headers: { "X-Key": secret } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
    );
    const transport = createHTTPTransport({ apiUrl: "http://h", token: () => "s3c\u0000ret" });
    const error = await caught(transport.call("a", "b"));
    expect(error).toMatchObject({ code: "INVALID_PARAMETERS", message: expect.not.stringContaining("s3c") });
  });

  it.each(["..", ".", "a/b", "", "a?b", "%2e%2e", "1x"])(
    "refuse the name '%s' for a channel or command",
    async (name) => {
      const fetch = vi.fn();
      const transport = createHTTPTransport({ apiUrl: "http://h", fetch });
      expect(await caught(transport.call(name, "x"))).toMatchObject({ code: "INVALID_PARAMETERS" });
      expect(await caught(transport.call("x", name))).toMatchObject({ code: "INVALID_PARAMETERS" });
      expect(fetch).not.toHaveBeenCalled();
    },
  );
});
