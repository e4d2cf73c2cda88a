import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { remoteSystem } from "../../src/transports/remote/system.js";
import { remoteServices } from "../../src/transports/remote.js";
import { memoryTokenStore, type TokenStore } from "../../src/transports/token-store.js";
import type { TransportType } from "../../src/types/transport.js";
import { fakeTransport, type Handler } from "./fake-transport.js";

const answered = (message: string) => new TransportError("TRANSPORT_ERROR", message, { answered: true });
const throws = (error: unknown): Handler => {
  return () => {
    throw error;
  };
};

function servicesOver(
  handler: Handler = () => undefined,
  tokens: TokenStore = memoryTokenStore(),
  type?: TransportType,
) {
  const fake = fakeTransport(handler, type);
  return { ...fake, ...remoteServices(fake.transport, { tokens, warn() {} }), tokens };
}
const without = () => remoteServices(undefined, { tokens: memoryTokenStore() });

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2024, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const flow = { id: "f", type: "group", nodes: [{ id: "a", type: "transform" }] };

describe("flow", () => {
  it("runs a group as a node is run, with all that was asked", async () => {
    const { flow: api, calls } = servicesOver(() => ({ success: true }));
    expect(await api.run(flow, { slowMo: 9, debug: true })).toEqual({ success: true });
    expect(calls[0]).toMatchObject(["node", "execute", { node: flow, context: { slowMo: 9, debug: true } }]);
  });

  it("is tried again as nodes are", async () => {
    let left = 3;
    const { flow: api } = servicesOver(() => {
      if (left-- > 0) throw new TransportError("TRANSPORT_ERROR", "x");
      return { success: true };
    });
    const running = api.run(flow);
    await vi.advanceTimersByTimeAsync(7000);
    expect(await running).toEqual({ success: true });
  });

  it.each([{ id: "n", type: "t" }, { id: "n", type: "t", nodes: [] }, null])("rejects %j", async (given) => {
    const { flow: api, calls } = servicesOver();
    await expect(api.run(given as never)).rejects.toThrow(
      "Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.",
    );
    expect(calls).toEqual([]);
  });

  it("without a transport has a result, not a rejection", async () => {
    expect(await without().flow.run(flow)).toMatchObject({ error: { code: "NO_TRANSPORT" } });
  });

  it("has the same events as nodes", () => {
    const { flow: api, node } = servicesOver();
    expect([api.onProgress, api.onComplete, api.onError]).toEqual([node.onProgress, node.onComplete, node.onError]);
    expect(api.onProgress).toBe(node.onProgress);
  });

  it("knows the templates, also without its object", async () => {
    const templates = [{ id: "hello-world", name: "Hello", nodeCount: 3 }];
    const { flow: api, calls } = servicesOver((_, command) =>
      command === "getTemplate" ? { definition: flow } : { templates },
    );
    const { listTemplates, getTemplate, loadFlow } = api;
    expect(await listTemplates()).toEqual({ templates });
    expect(await getTemplate("hello-world")).toEqual({ definition: flow });
    expect(await loadFlow("hello-world")).toEqual(flow);
    expect(calls).toEqual([
      ["flow", "listTemplates", {}],
      ["flow", "getTemplate", { id: "hello-world" }],
      ["flow", "getTemplate", { id: "hello-world" }],
    ]);
  });

  it("looks in the storage for what is no template", async () => {
    const { flow: api } = servicesOver((channel) => {
      if (channel === "storage") return { ...flow, version: "1.0.0" };
      throw answered("Flow template f not found");
    });
    expect(await api.loadFlow("f")).toEqual({ ...flow, version: "1.0.0" });
    const nowhere = servicesOver(throws(answered("Flow template f not found")));
    await expect(nowhere.flow.loadFlow("f")).rejects.toThrow("Flow template f not found");
    const dead = servicesOver(throws(new TransportError("TRANSPORT_ERROR", "dead")));
    await expect(dead.flow.loadFlow("f")).rejects.toThrow("dead");
    expect(dead.calls).toHaveLength(1);
  });

  it("says what is missing without a transport", async () => {
    const { flow: api } = without();
    for (const call of [api.listTemplates(), api.getTemplate("x"), api.loadFlow("x")]) {
      await expect(call).rejects.toMatchObject({
        message: "No transport available for flow operations",
        code: "NO_TRANSPORT",
      });
    }
  });
});

describe("storage", () => {
  it("saves a flow with its time and the version of the format", async () => {
    const receipt = { id: "f", savedAt: "2024-01-02T00:00:00.000Z", version: "1.0.0" };
    const { storage, calls } = servicesOver(() => receipt);
    expect(await storage.saveFlow(flow)).toEqual(receipt);
    const sent = { ...flow, savedAt: "2024-01-01T00:00:00.000Z", version: "1.0.0" };
    expect(calls).toEqual([["storage", "saveFlow", { flow: sent }]]);
    expect(await servicesOver(() => undefined).storage.saveFlow(flow)).toEqual(sent);
  });

  it("refuses a flow without nodes before anything else", async () => {
    for (const { storage } of [servicesOver(), without()]) {
      for (const bad of [{ ...flow, nodes: [] }, {}, null]) {
        await expect(storage.saveFlow(bad as never)).rejects.toThrow("Flow must contain at least one node");
      }
    }
  });

  it("loads a flow, one of the earlier version as one of this", async () => {
    const { storage, calls } = servicesOver(() => ({ ...flow, version: "0.9.0" }));
    expect(await storage.loadFlow("f")).toEqual({ ...flow, version: "1.0.0" });
    expect(calls).toEqual([["storage", "loadFlow", { id: "f" }]]);
    expect(await servicesOver(() => ({ ...flow, version: "7" })).storage.loadFlow("f")).toMatchObject({ version: "7" });
  });

  it("says the same of a missing flow however the other side says it, and the truth of all else", async () => {
    for (const handler of [() => undefined, () => null, throws(answered("Flow with id f not found"))]) {
      await expect(servicesOver(handler).storage.loadFlow("f")).rejects.toMatchObject({
        message: "Flow not found",
        code: "NODE_NOT_FOUND",
      });
    }
    await expect(servicesOver(throws(answered("disk is full"))).storage.loadFlow("f")).rejects.toThrow("disk is full");
  });

  it("lists flows that are not deleted", async () => {
    const flows = [{ id: "a" }, { id: "b", deleted: true }];
    const { storage, calls } = servicesOver(() => ({ flows, total: 70 }));
    const options = { limit: 2, offset: 4, sortBy: "name", sortOrder: "asc" } as const;
    expect(await storage.listFlows(options)).toEqual({ flows: [{ id: "a" }], total: 70 });
    await storage.listFlows();
    expect(calls.map(([, , args]) => args)).toEqual([options, {}]);
    expect(await servicesOver(() => ({ flows })).storage.listFlows()).toMatchObject({ total: 1 });
    await expect(servicesOver(() => ({})).storage.listFlows()).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
    });
  });

  it("tells what went wrong", async () => {
    const { storage } = servicesOver(throws(answered("no")));
    for (const call of [storage.saveFlow(flow), storage.listFlows(), storage.deleteFlow("f")]) {
      await expect(call).rejects.toThrow("no");
    }
    const none = without().storage;
    for (const call of [none.saveFlow(flow), none.loadFlow("f"), none.listFlows(), none.deleteFlow("f")]) {
      await expect(call).rejects.toMatchObject({
        message: "No transport available for storage operations",
        code: "NO_TRANSPORT",
      });
    }
  });

  it("deletes a flow and answers nothing", async () => {
    const { storage, calls } = servicesOver(() => ({ success: true }));
    expect(await storage.deleteFlow("f")).toBeUndefined();
    expect(calls).toEqual([["storage", "deleteFlow", { id: "f" }]]);
  });

  it("tells of saved flows in the words of all versions", () => {
    const { storage, emit, listeners } = servicesOver();
    const heard: unknown[] = [];
    const end = storage.onFlowSaved((event) => heard.push(event));
    const all = { id: "f", name: "F", savedAt: "2024-01-01T00:00:00.000Z", flowId: "f", timestamp: 1704067200000 };
    emit("storage/flowSaved", { id: "f", name: "F", savedAt: "2024-01-01T00:00:00.000Z" });
    emit("storage/flowSaved", { flowId: "f", name: "F", timestamp: 1704067200000 });
    emit("storage/flowSaved", { ...all, timestamp: 5 });
    expect(heard).toEqual([all, all, { ...all, timestamp: 5 }]);
    end();
    expect(listeners()).toBe(0);
    without().storage.onFlowSaved(() => {})();
  });
});

describe("auth", () => {
  const credentials = { username: "u", password: "p" };

  it("logs in, keeps the token and sends nothing but the credentials", async () => {
    const session = { token: "t", user: { username: "u" }, expiresAt: 9 };
    const { auth, calls, tokens } = servicesOver(() => session);
    expect(await auth.login({ ...credentials, extra: 1 } as never)).toEqual(session);
    expect(calls).toEqual([["auth", "login", credentials]]);
    expect(tokens.get()).toBe("t");
  });

  it("refuses empty credentials without asking", async () => {
    const { auth, calls } = servicesOver();
    for (const bad of [{ username: "", password: "p" }, { username: "u", password: "" }, undefined]) {
      await expect(auth.login(bad as never)).rejects.toThrow("Invalid credentials");
    }
    expect(calls).toEqual([]);
  });

  it("redeems the code of a sign-in elsewhere, and keeps the token", async () => {
    const { auth, calls, tokens } = servicesOver(() => ({ token: "t" }));
    const proof = { code: "c", verifier: "v" };
    expect(await auth.redeem(proof)).toEqual({ token: "t" });
    expect([calls, tokens.get()]).toEqual([[["auth", "redeem", proof]], "t"]);
  });

  it("tells of wrong credentials and keeps nothing", async () => {
    const { auth, tokens } = servicesOver(throws(answered("Invalid credentials")));
    await expect(auth.login(credentials)).rejects.toThrow("Invalid credentials");
    await expect(servicesOver(() => null).auth.login(credentials)).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
    });
    expect(tokens.get()).toBeNull();
  });

  it("logs out on both sides, but not here alone", async () => {
    const tokens = memoryTokenStore();
    tokens.set("t");
    const failing = servicesOver(throws(new Error("dead")), tokens);
    await expect(failing.auth.logout()).rejects.toThrow("dead");
    expect(tokens.get()).toBe("t");
    const { auth, calls } = servicesOver(() => undefined, tokens);
    await auth.logout();
    expect(calls).toEqual([["auth", "logout", { token: "t" }]]);
    expect(tokens.get()).toBeNull();
    tokens.set("t");
    await remoteServices(undefined, { tokens }).auth.logout();
    expect(tokens.get()).toBeNull();
  });

  it.each([
    ["cannot be reached", new TransportError("TRANSPORT_ERROR", "Cannot reach http://a.example")],
    ["does not answer", new TransportError("TIMEOUT", "No answer within 30000ms")],
    ["has no sessions", new TransportError("TRANSPORT_ERROR", "HTTP 404", { answered: true, status: 404 })],
    [
      "of a bridge answers that it cannot",
      new TransportError("TRANSPORT_ERROR", "No handler", { answered: true }),
      "ipc",
    ],
  ] as const)("logs out here where the server %s, and says that it was not told", async (_, error, type?: "ipc") => {
    const tokens = memoryTokenStore();
    tokens.set("t");
    const warn = vi.fn();
    const { transport } = fakeTransport(throws(error), type);
    expect(await remoteServices(transport, { tokens, warn }).auth.logout()).toBeUndefined();
    expect(tokens.get()).toBeNull();
    expect(warn).toHaveBeenCalledExactlyOnceWith(`Logged out without telling a server: ${error.message}`);
  });

  it.each([
    ["a server refuses", "http", answered("Not today")],
    ["the other side of a bridge fails", "ipc", new TransportError("TRANSPORT_ERROR", "dead")],
  ] as const)("stays logged in where %s", async (_, type, error) => {
    const tokens = memoryTokenStore();
    tokens.set("t");
    await expect(servicesOver(throws(error), tokens, type).auth.logout()).rejects.toBe(error);
    expect(tokens.get()).toBe("t");
  });

  it("knows who is logged in", async () => {
    const tokens = memoryTokenStore();
    const user = { username: "u" };
    const { auth, calls } = servicesOver(() => user, tokens);
    expect(await auth.getCurrentUser()).toBeNull();
    expect(calls).toEqual([]);
    tokens.set("t");
    expect(await auth.getCurrentUser()).toEqual(user);
    expect(await servicesOver(() => undefined, tokens).auth.getCurrentUser()).toBeNull();
    expect(await servicesOver(throws(answered("expired")), tokens).auth.getCurrentUser()).toBeNull();
    await expect(
      servicesOver(throws(new TransportError("TIMEOUT", "late")), tokens).auth.getCurrentUser(),
    ).rejects.toThrow("late");
    expect(await remoteServices(undefined, { tokens }).auth.getCurrentUser()).toBeNull();
  });

  it("refreshes the token", async () => {
    const tokens = memoryTokenStore();
    const { auth, calls } = servicesOver(() => ({ token: "t2" }), tokens);
    await expect(auth.refreshToken()).rejects.toThrow("No token to refresh");
    tokens.set("t1");
    expect(await auth.refreshToken()).toEqual({ token: "t2" });
    expect(calls).toEqual([["auth", "refreshToken", { token: "t1" }]]);
    expect(tokens.get()).toBe("t2");
  });

  /** Commands are answered when the test says so, by name. */
  function sessions() {
    const answers = new Map<string, (answer: unknown) => void>();
    const over = servicesOver((_, command) => new Promise((resolve) => answers.set(command, resolve)));
    return { ...over, answer: (command: string, answer: unknown) => answers.get(command)?.(answer) };
  }

  it("does not bring a session back that was over before it was refreshed", async () => {
    const { auth, tokens, answer } = sessions();
    tokens.set("t1");
    const refreshed = auth.refreshToken();
    const left = auth.logout();
    answer("logout", undefined);
    await left;
    answer("refreshToken", { token: "t2" });
    expect(await refreshed).toEqual({ token: "t2" });
    expect(tokens.get()).toBeNull();
  });

  it("ends a session that is refreshed while it is left", async () => {
    const { auth, tokens, answer } = sessions();
    tokens.set("t1");
    const refreshed = auth.refreshToken();
    const left = auth.logout();
    answer("refreshToken", { token: "t2" });
    await refreshed;
    answer("logout", undefined);
    await left;
    expect(tokens.get()).toBeNull();
  });

  it("keeps the session of whoever asked last", async () => {
    const { auth, tokens, answer } = sessions();
    const early = auth.login(credentials);
    const left = auth.logout();
    answer("logout", undefined);
    await left;
    answer("login", { token: "early" });
    await early;
    expect(tokens.get()).toBeNull();
    tokens.set("t1");
    const leaving = auth.logout();
    const late = auth.login(credentials);
    answer("login", { token: "late" });
    await late;
    answer("logout", undefined);
    await leaving;
    expect(tokens.get()).toBe("late");
  });

  it("refreshes once for all who ask at the same time", async () => {
    const { auth, tokens, calls, answer } = sessions();
    tokens.set("t1");
    const asked = [auth.refreshToken(), auth.refreshToken(), auth.refreshToken()];
    answer("refreshToken", { token: "t2" });
    expect(await Promise.all(asked)).toEqual(Array(3).fill({ token: "t2" }));
    expect(calls).toEqual([["auth", "refreshToken", { token: "t1" }]]);
    const again = auth.refreshToken();
    answer("refreshToken", { token: "t3" });
    await again;
    expect(calls[1]?.[2]).toEqual({ token: "t2" });
    expect(tokens.get()).toBe("t3");
  });

  it("says what is missing without a transport", async () => {
    const tokens = memoryTokenStore();
    const { auth } = remoteServices(undefined, { tokens });
    await expect(auth.refreshToken()).rejects.toThrow("No token to refresh");
    tokens.set("t");
    for (const call of [auth.login(credentials), auth.refreshToken()]) {
      await expect(call).rejects.toMatchObject({
        message: "No transport available for authentication",
        code: "NO_TRANSPORT",
      });
    }
    auth.onAuthExpired(() => {})();
  });

  it("tells of sessions that expire", () => {
    const { auth, emit, listeners } = servicesOver();
    const heard: unknown[] = [];
    const end = auth.onAuthExpired((event) => heard.push(event));
    emit("auth/sessionExpired", { reason: "old" });
    emit("auth/sessionExpired", undefined);
    end();
    expect([heard, listeners()]).toEqual([[{ reason: "old" }, undefined], 0]);
  });
});

describe("system", () => {
  it("asks the other side for its health", async () => {
    const health = { status: "degraded", timestamp: 1, message: "slow" };
    const { system, calls } = servicesOver(() => health);
    expect(await system.health()).toEqual(health);
    expect(calls).toEqual([["system", "health", undefined]]);
  });

  it("takes what does not answer for down, and what answers nonsense for degraded", async () => {
    const { system } = servicesOver(throws(new TransportError("TIMEOUT", "Request timeout")));
    expect(await system.health()).toEqual({ status: "down", timestamp: Date.now(), message: "Request timeout" });
    expect(await servicesOver(() => null).system.health()).toMatchObject({ status: "degraded" });
  });

  it("is well by itself without a transport", async () => {
    expect(await without().system.health()).toEqual({
      status: "ok",
      timestamp: Date.now(),
      message: "Browser conductor operational (no transport)",
    });
  });

  it.each<TransportType | undefined>(["http", "websocket", undefined])("cannot be restarted over %s", async (type) => {
    const ask = vi.fn(() => true);
    const system = remoteSystem(type && fakeTransport(undefined, type).transport, ask);
    await expect(system.restart()).rejects.toThrow("Restart not available in browser environment");
    expect(ask).not.toHaveBeenCalled();
  });

  it("is restarted in the desktop application if its user agrees", async () => {
    const { system, calls } = servicesOver(undefined, undefined, "ipc");
    const confirm = vi.fn(() => false);
    await system.restart();
    vi.stubGlobal("confirm", confirm);
    await system.restart();
    expect(calls).toEqual([]);
    confirm.mockReturnValue(true);
    await system.restart();
    expect(confirm).toHaveBeenLastCalledWith("System will restart. Continue?");
    expect(calls).toEqual([["system", "restart", undefined]]);
    const ofWindow = vi.fn(() => false);
    vi.stubGlobal("window", { confirm: ofWindow });
    await system.restart();
    expect(ofWindow).toHaveBeenCalledOnce();
    expect(calls).toHaveLength(1);
  });
});
