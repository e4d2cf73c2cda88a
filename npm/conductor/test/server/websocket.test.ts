/** Callers over WebSockets: the client of this package, and clients that do what they should not. */
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";

import { createConductor } from "../../src/exports/node.js";
import { NodeWebSocket } from "../../src/transports/node-websocket.js";
import { createWebSocketTransport } from "../../src/transports/websocket.js";
import { seededRandom } from "../seeded-random.js";
import { type Message, rawSocket } from "./raw.js";
import { byKey, flowOf, keyOf, serving } from "./serving.js";

const isHello = ({ type }: Message) => type === "hello";
const isEvent = (event: string) => (message: Message) => message.type === "event" && message.event === event;
const isPong = ({ type }: Message) => type === "pong";

/** A way to a server that can be cut. */
async function cuttable(port: number) {
  const sockets = new Set<Socket>();
  const proxy = createTcpServer((near) => {
    const far = connectTcp(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    cut();
    proxy.close();
  });
  return { apiUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/api`, cut };
}

/** The client of this package, with a session of an admin. */
async function client(apiUrl: string) {
  const remote = createConductor({ transport: "websocket", apiUrl, wsUrl: `${apiUrl.replace(/^http/, "ws")}/ws` });
  onTestFinished(() => remote.shutdown());
  await remote.auth.login({ username: "ada", password: "right" });
  return remote;
}

/** Sessions whose tokens are the keys of the tests. */
const auth = {
  login: async ({ username }: { username: string }) => ({ token: keyOf(username === "ada" ? "admin" : "viewer") }),
  logout: async () => {},
  getCurrentUser: async () => null,
  refreshToken: async () => ({ token: "none" }),
};

describe("a client of a server", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs flows and is told of them", async () => {
    const { apiUrl } = await serving({ auth });
    const remote = await client(apiUrl);
    const completed = vi.fn();
    remote.node.onComplete(completed);
    await remote.storage.saveFlow(flowOf("say") as never);
    expect(await remote.execute({ flowId: "f", inputs: { x: 1 } } as never)).toMatchObject({ success: true });
    await vi.waitFor(() => expect(completed).toHaveBeenCalledTimes(1));
  });

  it("is told of everything once, also of what happened while its connection was cut", async () => {
    // Time to connect again passes only here.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { conductor, port, server } = await serving({ auth });
    const { apiUrl, cut } = await cuttable(port);
    const remote = await client(apiUrl);
    const saved: string[] = [];
    remote.storage.onFlowSaved(({ id }) => saved.push(id));
    await remote.storage.saveFlow(flowOf("say", "f0") as never);
    await vi.waitFor(() => expect(saved).toEqual(["f0"]));
    cut();
    await vi.waitFor(() => expect(server.clients).toBe(0));
    for (let index = 1; index <= 50; index++) await conductor.storage.saveFlow(flowOf("say", `f${index}`) as never);
    await vi.waitFor(() => expect(saved).toHaveLength(51));
    expect(saved).toEqual(Array.from({ length: 51 }, (_, index) => `f${index}`));
  });
});

describe("events of a server", () => {
  it("are sent again after a number, neither fewer nor twice", async () => {
    const { apiUrl, post } = await serving();
    const first = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const { session } = await first.take(isHello);
    for (let index = 0; index < 5; index++) await post("editor", "/flows", flowOf("say", `f${index}`));
    const seen = [];
    for (let index = 0; index < 5; index++) seen.push(Number((await first.take(isEvent("flowSaved"))).seq));
    first.socket.terminate();
    await post("editor", "/flows", flowOf("say", "f5"));
    const second = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await second.take(isHello);
    second.say({ type: "resume", session, seq: seen[2] });
    expect(await second.take(isHello)).toMatchObject({ session });
    await post("editor", "/flows", flowOf("say", "f6"));
    await second.take((message) => isEvent("flowSaved")(message) && (message.data as { id: string }).id === "f6");
    const told = second.received.filter(isEvent("flowSaved")) as never as { seq: number; data: { id: string } }[];
    expect(told.map(({ data }) => data.id)).toEqual(["f3", "f4", "f5", "f6"]);
    expect(told.map(({ seq }) => seq)).toEqual([...new Set(told.map(({ seq }) => seq))].sort((a, b) => a - b));
  });

  it("are a gap where more came than is kept, and of another process of the server", async () => {
    const { apiUrl, conductor } = await serving();
    const other = await serving();
    const { take, say } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const { session } = await take(isHello);
    // Together more than the 4 MiB of text that are kept.
    for (let index = 0; index < 6; index++) await conductor.node.run(flowOf("large") as never);
    for (let index = 0; index < 6; index++) await take(isEvent("completed"));
    say({ type: "resume", session, seq: 1 });
    const after = await take(isHello);
    expect(after.session).not.toBe(session);
    const foreign = await rawSocket(other.apiUrl, { token: keyOf("viewer") });
    await foreign.take(isHello);
    foreign.say({ type: "resume", session, seq: 1 });
    expect((await foreign.take(isHello)).session).not.toBe(session);
  });

  it.each([
    [undefined, 1],
    ["", 1],
    [{ a: 1 }, 1],
    ["own", -1],
    ["own", 1.5],
    ["own", "1"],
    ["own", null],
    ["own", 2 ** 60],
    ["own", 1000],
  ])("begin anew for a client that resumes with session %j and number %j", async (session, seq) => {
    const { apiUrl } = await serving();
    const { take, say, call } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const hello = await take(isHello);
    say({ type: "resume", session: session === "own" ? hello.session : session, seq });
    expect((await take(isHello)).session).not.toBe(hello.session);
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("tell why an execution failed, as answers do", async () => {
    const { apiUrl, post } = await serving();
    const { take, call } = await rawSocket(apiUrl, { token: keyOf("runner") });
    await take(isHello);
    await post("editor", "/flows", flowOf("fail"));
    const error = { code: "EXECUTION_FAILED", message: expect.stringContaining("it fails"), nodeId: "a" };
    const answer = await call("conductor", "execute", { flowId: "f", context: { executionId: "one" } });
    expect(answer).toMatchObject({ result: { success: false, metadata: { error } } });
    expect((await take(isEvent("error"))).data).toMatchObject({ executionId: "one", error: "it fails" });
    expect(await call("node", "attach", "one")).toMatchObject({ result: { success: false, error } });
  });

  it("are told of executions whose results JSON cannot hold", async () => {
    const { apiUrl, conductor } = await serving();
    const { take } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await take(isHello);
    for (const type of ["bigint", "map", "cyclic"]) {
      await conductor.node.run(flowOf(type) as never, { executionId: type } as never);
      const { data } = await take((message) => ["completed", "error"].includes(String(message.event)));
      expect(data).toMatchObject({ executionId: type });
      expect(JSON.stringify(data)).toContain("SERIALIZATION_FAILED");
    }
  });
});

const MIB = 2 ** 20;

/** What is asked for and answered when `end` is called. */
function held<T>() {
  let asking = () => {};
  let end: (answer: T) => void = () => {};
  const asked = new Promise<void>((resolve) => {
    asking = resolve;
  });
  const answer = new Promise<T>((resolve) => {
    end = resolve;
  });
  const ask = () => {
    asking();
    return answer;
  };
  return { ask, asked, end };
}

/** Writes bytes in the place of frames. */
function sendBytes(socket: WebSocket, bytes: Buffer): void {
  (socket as unknown as { _socket: Socket })._socket.write(bytes);
}

/** The beginning of a frame of text, with a mask of zeros. */
function frameHead(length: number): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x81, 0xff]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

describe("a stranger", () => {
  beforeEach(() => {
    // However long a test takes, no connection is ended for it.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("has some seconds to sign in, and as long as that takes", async () => {
    const [lookup, login] = [held<undefined>(), held<{ token: string }>()];
    const { apiUrl } = await serving({
      auth: { ...auth, login: login.ask },
      authenticate: (request) => (request.headers.has("x-slow") ? lookup.ask() : byKey(request)),
    });
    const caller = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await caller.take(isHello);
    const stranger = await rawSocket(apiUrl);
    const slowStranger = await rawSocket(apiUrl, { headers: { "x-slow": "1" } });
    const person = await rawSocket(apiUrl);
    const answer = person.call("auth", "login", { username: "vera", password: "right" });
    await Promise.all([lookup.asked, login.asked]);
    vi.advanceTimersByTime(10_000);
    stranger.say({ type: "ping" });
    await stranger.take(isPong);
    vi.advanceTimersByTime(5000);
    expect(await stranger.closed).toBe(4401);
    lookup.end(undefined);
    login.end({ token: keyOf("viewer") });
    expect(await answer).toHaveProperty("result.token");
    for (const { say, take } of [caller, person, slowStranger]) {
      say({ type: "ping" });
      await take(isPong);
    }
  });

  it("is told nothing: no greeting and no event", async () => {
    const { apiUrl, post } = await serving();
    const stranger = await rawSocket(apiUrl);
    const wrong = await rawSocket(apiUrl, { token: "key-of-no-one" });
    const viewer = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await viewer.take(isHello);
    await post("editor", "/flows", flowOf("say"));
    await viewer.take(isEvent("flowSaved"));
    for (const { say, take, received } of [stranger, wrong]) {
      say({ type: "resume", session: "x", seq: 0 });
      say({ type: "ping" });
      await take(isPong);
      expect(received).toEqual([{ type: "pong" }]);
    }
  });

  it("may send only little before it is known", async () => {
    const { apiUrl } = await serving();
    const { say, closed } = await rawSocket(apiUrl);
    say({ type: "call", id: "1", channel: "storage", command: "saveFlow", args: "x".repeat(70_000) });
    expect(await closed).toBe(1009);
  });

  it("cannot have more put together than a message may be, in whatever frames it comes", async () => {
    const { apiUrl, ask } = await serving();
    for (const isWhole of [true, false]) {
      const { socket, closed } = await rawSocket(apiUrl);
      // The end of the message does not come.
      if (isWhole) sendBytes(socket, Buffer.concat([frameHead(20 * MIB), Buffer.alloc(MIB)]));
      else {
        for (let index = 0; index < 40; index++) {
          socket.send("x".repeat(30_000), { fin: false });
          socket.ping();
        }
      }
      expect([1009, 1006]).toContain(await closed);
    }
    expect((await ask("viewer", "/flows")).status).toBe(200);
  });

  it.each([100_000, 4_000_000])(
    "is answered as a caller once it is found out that it is one, however long that takes: %i bytes",
    async (size) => {
      const lookups: (() => void)[] = [];
      const { apiUrl } = await serving({
        authenticate: (request) =>
          byKey(request) && new Promise((resolve) => lookups.push(() => resolve(byKey(request)))),
      });
      const { say, call } = await rawSocket(apiUrl);
      say({ type: "auth", token: keyOf("editor") });
      const answer = call("storage", "saveFlow", { flow: { ...flowOf("say"), description: "x".repeat(size) } });
      await vi.waitFor(() => expect(lookups).toHaveLength(1));
      lookups[0]?.();
      expect(await answer).toHaveProperty("result.id", "f");
    },
  );

  it("that has gone before it is found out who it was is told of nothing", async () => {
    const lookups: (() => void)[] = [];
    const { apiUrl, server } = await serving({
      authenticate: () => new Promise((resolve) => lookups.push(() => resolve({ name: "vera", role: "viewer" }))),
    });
    const { socket, closed } = await rawSocket(apiUrl);
    await vi.waitFor(() => expect(lookups).toHaveLength(1));
    socket.terminate();
    await closed;
    // By then the server has seen that the first one went.
    const other = await rawSocket(apiUrl);
    for (let index = 0; index < 3; index++) {
      other.say({ type: "ping" });
      await other.take(isPong);
    }
    for (const lookup of lookups) lookup();
    await other.take(isHello);
    expect(server.clients).toBe(1);
  });
});

describe("a session over a WebSocket", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends when the key is good no longer: the client is told, and is told nothing more", async () => {
    const removed = new Set<string>();
    const { apiUrl, post } = await serving({
      authenticate: (request) => {
        const caller = byKey(request);
        return caller !== undefined && removed.has(caller.name) ? undefined : caller;
      },
    });
    const { take, call, say, received } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await take(isHello);
    removed.add("vera");
    vi.advanceTimersByTime(25_000);
    await take(isEvent("sessionExpired"));
    await post("editor", "/flows", flowOf("say"));
    say({ type: "ping" });
    await take(isPong);
    expect(received.filter(isEvent("flowSaved"))).toEqual([]);
    expect(await call("storage", "listFlows")).toMatchObject({ code: "VALIDATION_FAILED" });
    removed.clear();
    say({ type: "auth", token: keyOf("viewer") });
    await take(isHello);
    await post("editor", "/flows", flowOf("say"));
    await take(isEvent("flowSaved"));
  });

  it("goes on while callers cannot be looked up, and ends when the answer is that there is no caller", async () => {
    let found: "caller" | "failure" | "none" = "caller";
    const lookups: unknown[] = [];
    const { apiUrl, post } = await serving({
      authenticate: (request) => {
        if (byKey(request)?.name !== "vera") return byKey(request);
        lookups.push(found);
        if (found === "failure") throw new Error("the database is locked");
        return found === "caller" ? byKey(request) : undefined;
      },
    });
    const { take, call, received } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const stream = await fetch(`${apiUrl}/events`, { headers: { authorization: `Bearer ${keyOf("viewer")}` } });
    await take(isHello);
    found = "failure";
    for (const count of [1, 2]) {
      // The client of the socket answers pings by itself.
      vi.advanceTimersByTime(25_000);
      expect(lookups.filter((each) => each === "failure").length).toBeGreaterThanOrEqual(2 * count);
      expect(await call("storage", "listFlows")).toHaveProperty("result");
    }
    await post("editor", "/flows", flowOf("say"));
    await take(isEvent("flowSaved"));
    expect(received.filter(isEvent("sessionExpired"))).toEqual([]);
    found = "none";
    vi.advanceTimersByTime(25_000);
    await take(isEvent("sessionExpired"));
    const told = await stream.text();
    expect(told.match(/^event: .*$/gm)).toEqual(["event: storage:flowSaved", "event: auth:sessionExpired"]);
  });

  it("begins with the next call where callers could not be looked up", async () => {
    let fails = true;
    const { apiUrl } = await serving({
      authenticate: (request) => {
        if (fails) throw new Error("the database is locked");
        return byKey(request);
      },
    });
    const { call } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const error = "The server cannot authenticate callers now";
    expect(await call("storage", "listFlows")).toMatchObject({ error, code: "INTERNAL_ERROR" });
    fails = false;
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("ends with a token of null, of which the client need not be told", async () => {
    const { apiUrl, server } = await serving();
    const { take, say, received } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await take(isHello);
    say({ type: "auth", token: null });
    say({ type: "ping" });
    await take(isPong);
    expect(server.clients).toBe(0);
    expect(received.filter(isEvent("sessionExpired"))).toEqual([]);
  });

  it("ends when the client is silent", async () => {
    const { apiUrl } = await serving();
    const { take, closed } = await rawSocket(apiUrl, { token: keyOf("viewer"), autoPong: false } as never);
    await take(isHello);
    vi.advanceTimersByTime(25_000);
    vi.advanceTimersByTime(25_000);
    expect(await closed).toBe(1006);
  });
});

/** A connection that has signed in and of which nothing is read any more. */
async function unread(apiUrl: string, port: number) {
  const { socket, take } = await rawSocket(apiUrl, { token: keyOf("viewer") });
  await take(isHello);
  expect(port).toBeGreaterThan(0);
  socket.pause();
  return socket;
}

describe("a client that does not read", () => {
  it("is given up, while the run goes on and others are told everything", async () => {
    const { apiUrl, port, server, conductor } = await serving();
    const socket = await unread(apiUrl, port);
    const reader = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await reader.take(isHello);
    expect(server.clients).toBe(2);
    let runs = 0;
    while (server.clients > 1 && runs < 100) {
      expect(await conductor.node.run(flowOf("large") as never)).toMatchObject({ success: true });
      await reader.take(isEvent("completed"));
      runs++;
    }
    expect(server.clients).toBe(1);
    expect(runs).toBeLessThan(100);
    socket.terminate();
  });

  it.each(["messages", "pings"])("cannot fill the memory of the server with answers to %s", async (kind) => {
    // However long it takes, the stranger is not asked to sign in.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const { apiUrl, port, ask } = await serving();
    const stranger = await rawSocket(apiUrl);
    stranger.socket.pause();
    const payload = "x".repeat(kind === "pings" ? 120 : 60_000);
    const send = () =>
      kind === "pings"
        ? stranger.socket.ping(payload)
        : stranger.say({ type: "call", id: payload, channel: "storage", command: "listFlows" });
    // Until the server reads no more: what it has not read stays with the client.
    let sent = 0;
    while (stranger.socket.bufferedAmount < 4 * 2 ** 20 && sent < 2_000_000) {
      send();
      sent++;
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stranger.socket.bufferedAmount).toBeGreaterThanOrEqual(4 * 2 ** 20);
    expect(port).toBeGreaterThan(0);
    expect((await ask("viewer", "/flows")).status).toBe(200);
    // And goes on when the client does.
    stranger.socket.resume();
    stranger.say({ type: "ping" });
    await stranger.take(isPong);
  });

  it("does not keep a server from closing", async () => {
    const { apiUrl, port, close } = await serving();
    const socket = await unread(apiUrl, port);
    await close(0);
    socket.terminate();
  });
});

describe("messages that no client sends", () => {
  it.each([
    ["broken JSON", "{", 1003],
    ["no text", "", 1003],
    ["NaN", "NaN", 1003],
  ])("end the connection: %s", async (_, text, code) => {
    const { apiUrl } = await serving();
    const { socket, closed } = await rawSocket(apiUrl);
    socket.send(text);
    expect(await closed).toBe(code);
  });

  it("such as binary ones end the connection", async () => {
    const { apiUrl } = await serving();
    const { socket, closed } = await rawSocket(apiUrl);
    socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect(await closed).toBe(1003);
  });

  it("such as those beyond what a role may send end the connection with the reason, and are not sent again", async () => {
    const { apiUrl, port } = await serving({ limits: { admin: { bodyBytes: 100_000 } } });
    const url = `ws://127.0.0.1:${port}/api/ws`;
    const transport = createWebSocketTransport({ url, WebSocket: NodeWebSocket, token: () => keyOf("admin") });
    onTestFinished(() => transport.shutdown());
    expect(apiUrl).toContain(String(port));
    await transport.call("storage", "listFlows");
    for (const size of [150_000, 2_000_000, 20_000_000]) {
      await expect(transport.call("storage", "saveFlow", { id: "x".repeat(size) })).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
        message: "A message may have 100000 bytes at most",
        retryable: false,
      });
    }
    expect(await transport.call("storage", "listFlows")).toMatchObject({ total: 0 });
  });

  it("such as huge ones end the connection", async () => {
    const { apiUrl, ask } = await serving();
    const { socket, take, closed } = await rawSocket(apiUrl, { token: keyOf("admin") });
    await take(isHello);
    socket.send("x".repeat(25 * 2 ** 20));
    expect([1009, 1006]).toContain(await closed);
    expect((await ask("viewer", "/flows")).status).toBe(200);
  });

  it.each([
    { type: "call", id: "a", channel: { toString: 1, valueOf: 1 }, command: "x" },
    { type: "call", id: "a", channel: "node", command: { toString: 1, valueOf: 1 } },
    { type: "call", id: "a", channel: null, command: [] },
    { type: "call", id: "a" },
  ])("such as %j are answered with an error", async (message) => {
    const { apiUrl } = await serving();
    const { say, take } = await rawSocket(apiUrl, { token: keyOf("admin") });
    say(message);
    expect(await take(({ id }) => id === "a")).toMatchObject({ type: "response", code: "INVALID_PARAMETERS" });
  });

  it("that ask for more than 1,000 answers at once are refused, and answered again later", async () => {
    const { apiUrl, post, release } = await serving();
    await post("editor", "/flows", flowOf("hold"));
    const { say, take, call } = await rawSocket(apiUrl, { token: keyOf("runner") });
    await take(isHello);
    for (let index = 0; index <= 1000; index++) {
      say({
        type: "call",
        id: `${index}`,
        channel: "conductor",
        command: "execute",
        args: { flowId: "f", context: { executionId: "one" } },
      });
    }
    expect(await take(({ type }) => type === "response")).toMatchObject({ id: "1000", code: "RATE_LIMIT_EXCEEDED" });
    release();
    for (let index = 0; index < 1000; index++) {
      expect(await take(({ id }) => id === `${index}`)).toMatchObject({ result: { success: true } });
    }
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("whose arguments have no text of their own are answered, and end no process", async () => {
    const audited: unknown[] = [];
    const { apiUrl } = await serving({ audit: (entry) => void audited.push(entry) });
    const { call } = await rawSocket(apiUrl, { token: keyOf("admin") });
    const executionIds = [{ toString: null }, "one"];
    expect(await call("node", "deleteExecutions", { executionIds })).toMatchObject({ code: "VALIDATION_FAILED" });
    expect(audited).toContainEqual(expect.objectContaining({ what: "node.deleteExecutions", subject: "one" }));
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("on which the server itself fails have an error that tells nothing of it, and the next ones are answered", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => said.mockRestore());
    const isolation = {
      isTaken: true,
      begins: () => {
        throw new Error("a defect");
      },
    };
    const { apiUrl } = await serving({ isolation: isolation as never });
    const { call } = await rawSocket(apiUrl, { token: keyOf("admin") });
    const args = { node: flowOf("say"), context: { executionId: "one" } };
    const answer = await call("node", "execute", args);
    expect(answer).toMatchObject({ code: "INTERNAL_ERROR", error: expect.not.stringContaining("defect") });
    expect(JSON.stringify(said.mock.calls)).toContain("A call failed: a defect");
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("10,000 at random, crash nothing and keep nothing", async () => {
    const { apiUrl, ask, server } = await serving();
    const random = seededRandom(20_261_125);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const odd = (depth: number): unknown =>
      depth === 0
        ? pick([null, true, -1, 1.5, 2 ** 60, "", "node", "__proto__", "\u0000", "\ud800", "x".repeat(2000)])
        : pick<() => unknown>([
            () => odd(0),
            () => [odd(depth - 1), odd(depth - 1)],
            () => ({ [String(odd(0))]: odd(depth - 1), toString: odd(0), toJSON: 1 }),
          ])();
    const types = ["call", "auth", "resume", "ping", "pong", "event", "hello", "response", odd(1)];
    const message = () => ({
      type: pick(types),
      id: pick(["a", 1, odd(2)]),
      channel: pick(["node", "storage", "flow", "conductor", "auth", "system", odd(1)]),
      // Nothing that asks for another process.
      command: pick(["attach", "cancel", "listFlows", "execute", "getCurrentUser", "validate", "answer", odd(1)]),
      args: odd(3),
      token: pick([keyOf("admin"), keyOf("viewer"), "no", null, odd(1)]),
      session: odd(1),
      seq: odd(0),
    });
    const connect = () => rawSocket(apiUrl, { token: keyOf("admin") });
    let peer = await connect();
    let ended = 0;
    for (let count = 0; count < 10_000; count++) {
      if (peer.socket.readyState !== WebSocket.OPEN) {
        ended++;
        peer = await connect();
      }
      const text = JSON.stringify(message());
      // Some are cut off, and some have a byte that does not belong there.
      const at = Math.floor(random() * text.length);
      const sent =
        random() < 0.01 ? text.slice(0, at) : random() < 0.01 ? `${text.slice(0, at)}\u0007${text.slice(at)}` : text;
      peer.say(sent);
      if (count % 200 === 0) {
        peer.socket.ping();
        await new Promise((resolve) => {
          peer.socket.once("pong", resolve);
          peer.socket.once("close", resolve);
        });
      }
    }
    expect(ended).toBeGreaterThan(0);
    peer.socket.terminate();
    await peer.closed;
    await vi.waitFor(() => expect(server.clients).toBe(0));
    const last = await connect();
    expect(await last.call("storage", "listFlows")).toHaveProperty("result");
    expect((await ask("viewer", "/flows")).status).toBe(200);
  });

  it.each([
    "GET /api/ws HTTP/1.1\r\nHost: a:b@localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "GET http://a:b@localhost/api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "GET // HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET /api/ws HTTP/1.1\r\nHost: [\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET // HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /api/flows HTTP/1.1\r\nHost: a:b@localhost\r\n\r\n",
    "CONNECT /api/flows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "\u0000\u0001\u0002",
  ])("that no client begins with leave the server as it is: %j", async (text) => {
    const { ask, port } = await serving();
    for (const isReset of [false, true]) {
      const socket = connectTcp(port, "127.0.0.1");
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(text);
      if (isReset) socket.resetAndDestroy();
      else {
        await new Promise((resolve) => {
          socket.once("data", resolve);
          socket.once("close", resolve);
        });
        socket.destroy();
      }
    }
    expect((await ask("viewer", "/flows")).status).toBe(200);
  });
});
