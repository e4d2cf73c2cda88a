/** Conductors whose calls lead elsewhere: what happens when that begins, changes and ends. */
import { createConductor } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chain, HeldNodes, leaf, pass, stopClock, turns, watch } from "../contract/flows.js";
import { asNode, conductorOf, ending, until } from "../requests/stored.js";
import { answering, httpServer, json, webSocketServer } from "./servers.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const ok = { success: true, outputs: {}, data: 7 };
const quiet = () => vi.spyOn(console, "warn").mockReturnValue(undefined);

describe("a switch that fails", () => {
  it("leaves all as it was: what runs where, and who listens", async () => {
    const conductor = await conductorOf();
    const heard: string[] = [];
    conductor.node.onComplete(({ executionId }) => heard.push(executionId));
    conductor.storage.onFlowSaved(({ id }) => heard.push(id));
    expect(() => conductor.configureTransport("ipc")).toThrow("IPC transport requires Electron renderer context");
    expect((await conductor.system.health()).status).toBe("ok");
    expect(await conductor.node.run(asNode(leaf("n")), { executionId: "exec_1" })).toMatchObject({ success: true });
    await conductor.storage.saveFlow(chain(1, "f") as never);
    expect(heard).toEqual(["exec_1", "f"]);
  });

  it("ends the listeners that it had begun", async () => {
    const ends: string[] = [];
    const listen = (channel: string, event: string) => {
      if (event === "error") throw new Error("not this one");
      return () => ends.push(`${channel}.${event}`);
    };
    vi.stubGlobal("window", { atomiton: { __bridge__: { call: async () => ok, listen } } });
    const conductor = await conductorOf();
    conductor.node.onComplete(() => {});
    conductor.node.onError(() => {});
    expect(() => conductor.configureTransport("ipc")).toThrow("not this one");
    expect(ends).toEqual(["node.completed"]);
  });

  it.each(["localhost:3000/api", "ftp://h", "/api"])("is one to a bad address, told at once: %s", async (apiUrl) => {
    const conductor = await conductorOf();
    expect(() => conductor.configureTransport("http", { apiUrl })).toThrow("The address of a transport");
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe("out:n");
  });
});

describe("a connection that is switched away from", () => {
  it("is closed", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: ok })) });
    const conductor = await conductorOf();
    conductor.node.onComplete(() => {});
    for (let i = 0; i < 2; i++) {
      conductor.configureTransport("websocket", { wsUrl: server.url });
      await conductor.execute({ flowId: "f" });
    }
    conductor.configureTransport("local");
    for (const { closed } of server.peers) await closed;
    expect(server.peers).toHaveLength(2);
  });

  it("is kept until the executions on it have their results", async () => {
    const server = await webSocketServer();
    const conductor = await conductorOf();
    conductor.configureTransport("websocket", { wsUrl: server.url });
    const run = conductor.node.run(asNode(leaf("n")));
    const request = conductor.execute({ flowId: "f" });
    await until(() => server.peers[0]?.received.length === 2, "the calls");
    conductor.configureTransport("local");
    const [peer] = server.peers;
    for (const call of peer?.received ?? []) peer?.say({ type: "response", id: call.id, result: ok });
    expect(await Promise.all([run, request])).toMatchObject([{ data: 7 }, { data: 7 }]);
    await peer?.closed;
  });

  it("is kept while an execution waits for another attempt on it", async () => {
    const warnings = quiet();
    let left = 1;
    const server = await httpServer((_, response) =>
      left-- > 0 ? json(response, {}, 503, "Service Unavailable") : json(response, ok),
    );
    stopClock();
    const conductor = await conductorOf();
    conductor.configureTransport("http", { apiUrl: server.url });
    const run = watch(conductor.node.run(asNode(leaf("n"))));
    await until(() => warnings.mock.calls.length === 1, "the warning");
    conductor.configureTransport("local");
    await pass(1000);
    await until(() => run.settled, "the result");
    expect(run.value).toMatchObject({ success: true, data: 7 });
  });
});

describe("the token of a session", () => {
  it("reaches only the server that gave it", async () => {
    const said: (string | undefined)[] = [];
    const answer: Parameters<typeof httpServer>[0] = ({ path, headers }, response) => {
      said.push(headers.authorization);
      json(response, path.endsWith("login") ? { token: "secret" } : { status: "ok" });
    };
    const [a, b] = [await httpServer(answer), await httpServer(answer)];
    const sockets = await webSocketServer({ onPeer: answering(() => ({ result: {} })) });
    const conductor = ending(createConductor({ transport: "http", apiUrl: a.url }));
    await conductor.auth.login({ username: "u", password: "p" });
    await conductor.system.health();
    conductor.configureTransport("http", { apiUrl: b.url });
    expect(await conductor.auth.getCurrentUser()).toBeNull();
    await conductor.system.health();
    conductor.configureTransport("websocket", { wsUrl: sockets.url });
    await conductor.system.health();
    conductor.configureTransport("http", { apiUrl: a.url });
    await conductor.system.health();
    expect(said).toEqual([undefined, "Bearer secret", undefined, "Bearer secret"]);
    expect(sockets.peers[0]?.received.map(({ type }) => type)).toEqual(["call"]);
  });
});

describe("executions that go on where calls went before", () => {
  const exec = (executionId: string) => ({ executionId });

  /** Listens to the ends of executions. */
  function endsOf({ node }: Awaited<ReturnType<typeof conductorOf>>) {
    const heard: string[] = [];
    node.onComplete(({ executionId, output }) => heard.push(`${executionId} ${output}`));
    node.onError(({ executionId, code }) => heard.push(`${executionId} ${code}`));
    return heard;
  }

  describe("in this process", () => {
    async function leftBehind(...ids: string[]) {
      quiet();
      return leftBehindBy(...ids.map((id) => [id, leaf(`n-${id}`)] as const));
    }

    async function leftBehindBy(...nodes: (readonly [string, ReturnType<typeof leaf>])[]) {
      const held = new HeldNodes();
      const conductor = await conductorOf({ body: held.body });
      const before = endsOf(conductor);
      const runs = nodes.map(([id, node]) => conductor.node.run(asNode(node), exec(id)));
      await until(() => held.running.length === nodes.length, "the runs");
      const server = await httpServer((_, response) => json(response, []));
      conductor.configureTransport("http", { apiUrl: server.url });
      return { held, conductor, runs, before, server };
    }

    it("can be cancelled", async () => {
      const { conductor, runs, held } = await leftBehind("e1");
      await conductor.node.cancel("e1");
      expect(await runs[0]).toMatchObject({ success: false, error: { code: "CANCELLED" } });
      expect(held.params.get("n-e1")?.signal.aborted).toBe(true);
    });

    it("can be paused and resumed", async () => {
      quiet();
      const { conductor, runs, held } = await leftBehindBy(["e1", chain(2)]);
      await conductor.node.pause("e1");
      await held.finish("n1");
      expect(held.started).toEqual(["n1"]);
      await conductor.node.resume("e1");
      await until(() => held.running.length === 1, "the second node");
      await held.finish("n2");
      expect(await runs[0]).toMatchObject({ success: true });
    });

    it("are listed, and attached to", async () => {
      const { conductor, runs, held } = await leftBehind("e1", "e2");
      expect((await conductor.node.active()).map(({ executionId }) => executionId)).toEqual(["e1", "e2"]);
      const attached = conductor.node.attach("e2");
      await until(() => held.running.length === 2, "both");
      await turns();
      await held.finish("n-e2");
      expect((await attached).data).toBe("out:n-e2");
      await held.finish("n-e1");
      await Promise.all(runs);
      await turns();
      expect(await conductor.node.active()).toEqual([]);
    });

    it.each([
      ["stay elsewhere", false],
      ["come back", true],
    ])("are told of once to whoever listened and whoever listens now, when calls %s", async (_name, comeBack) => {
      const { conductor, runs, held, before } = await leftBehind("e1", "e2");
      const now = endsOf(conductor);
      if (comeBack) conductor.configureTransport("local");
      await held.finish("n-e1");
      await conductor.node.cancel("e2");
      await Promise.all(runs);
      expect(before).toEqual(["e1 out:n-e1", "e2 CANCELLED"]);
      expect(now).toEqual(before);
    });

    it("are listened to until they are over, and again when calls come back", async () => {
      const { conductor, runs, held, before } = await leftBehind("e1");
      conductor.node.onProgress(() => {});
      expect(conductor.events.listenerCount("progress")).toBe(1);
      await held.finish("n-e1");
      await Promise.all(runs);
      await turns();
      expect(conductor.events.listenerCount("progress")).toBe(0);
      conductor.configureTransport("local");
      expect(conductor.events.listenerCount("progress")).toBe(1);
      const later = conductor.node.run(asNode(leaf("late")), exec("e3"));
      await until(() => held.running.length === 1, "the later run");
      await held.finish("late");
      await later;
      expect(before).toEqual(["e1 out:n-e1", "e3 out:late"]);
    });
  });

  describe("at a server", () => {
    async function leftBehind() {
      const server = await webSocketServer();
      const conductor = await conductorOf();
      const heard = endsOf(conductor);
      conductor.configureTransport("websocket", { wsUrl: server.url });
      const run = conductor.node.run(asNode(leaf("n")), exec("e1"));
      await until(() => server.peers[0]?.received.some(({ command }) => command === "execute") === true, "the call");
      const [peer] = server.peers;
      if (peer === undefined) throw new Error("nobody came");
      const callOf = (command: string) => peer.received.find((message) => message.command === command);
      const answer = (command: string, result: unknown) =>
        peer.say({ type: "response", id: callOf(command)?.id, result });
      const tell = (executionId: string, to = peer) =>
        to.say({
          type: "event",
          channel: "node",
          event: "completed",
          data: { nodeId: "n", executionId, result: ok, output: 7, timestamp: 1 },
        });
      return { server, conductor, heard, run, peer, callOf, answer, tell };
    }

    it("are cancelled there", async () => {
      const { conductor, run, callOf, answer, heard } = await leftBehind();
      conductor.configureTransport("local");
      const cancelled = conductor.node.cancel("e1");
      await until(() => callOf("cancel") !== undefined, "the cancellation");
      answer("cancel", { success: true });
      answer("execute", { success: false, error: { code: "CANCELLED", message: "Execution cancelled" } });
      expect(await run).toMatchObject({ success: false, error: { code: "CANCELLED" } });
      await cancelled;
      expect(heard).toEqual(["e1 CANCELLED"]);
    });

    it("are listed and attached to", async () => {
      const { conductor, run, callOf, answer } = await leftBehind();
      conductor.configureTransport("local");
      expect(await conductor.node.active()).toMatchObject([{ executionId: "e1", nodeId: "n" }]);
      const attached = conductor.node.attach("e1");
      await until(() => callOf("attach") !== undefined, "the question");
      answer("attach", ok);
      answer("execute", ok);
      expect([(await attached).data, (await run).data]).toEqual([7, 7]);
      expect(await conductor.node.active()).toEqual([]);
    });

    it("are told of once, by the server or by their result; those of others are not", async () => {
      const told = await leftBehind();
      told.conductor.configureTransport("local");
      told.tell("of somebody else");
      told.tell("e1");
      told.answer("execute", ok);
      await told.run;
      expect(told.heard).toEqual(["e1 7"]);

      const untold = await leftBehind();
      untold.conductor.configureTransport("local");
      untold.answer("execute", ok);
      await untold.run;
      expect(untold.heard).toEqual(["e1 7"]);
    });

    it("are told of once although the next connection leads to the same server", async () => {
      const { server, conductor, run, answer, tell, heard } = await leftBehind();
      const arriving = server.nextPeer();
      conductor.configureTransport("websocket", { wsUrl: server.url });
      const next = await arriving;
      tell("e1");
      tell("e1", next);
      answer("execute", ok);
      await run;
      tell("e1", next);
      tell("e2", next);
      await until(() => heard.includes("e2 7"), "the later event");
      expect(heard).toEqual(["e1 7", "e2 7"]);
    });

    it("of requests are told of as those of nodes are", async () => {
      const { conductor, peer, run, answer, heard } = await leftBehind();
      const request = conductor.execute({ flowId: "f", context: exec("e2") });
      const calls = () => peer.received.filter(({ id }) => id !== undefined);
      await until(() => calls().length === 2, "the request");
      conductor.configureTransport("local");
      answer("execute", ok);
      await run;
      peer.say({ type: "response", id: calls()[1]?.id, result: ok });
      expect((await request).data).toBe(7);
      expect(heard).toEqual(["e1 7", "e2 7"]);
    });
  });
});

describe("a bad address", () => {
  const message = expect.stringContaining("The address of a transport");

  it("is an error of the calls, not of whoever makes the conductor", async () => {
    for (const apiUrl of ["localhost:3000/api", "/api"]) {
      for (const transport of ["http", "websocket"] as const) {
        const conductor = ending(createConductor({ transport, apiUrl }));
        const error = { code: "INVALID_PARAMETERS", message };
        expect(await conductor.node.run(asNode(leaf("n")))).toMatchObject({ success: false, error });
        expect(await conductor.execute({ flowId: "f" })).toMatchObject({ success: false, metadata: { error } });
        await expect(conductor.storage.listFlows()).rejects.toMatchObject(error);
        expect(await conductor.system.health()).toMatchObject({ status: "down", message });
      }
    }
  });

  it("in the environment lets the package be imported in a page", async () => {
    vi.stubEnv("VITE_API_URL", "localhost:3000/api");
    vi.stubGlobal("window", {});
    vi.resetModules();
    const { conductor } = await import("@atomiton/conductor");
    expect(await conductor.node.run(asNode(leaf("n")))).toMatchObject({ error: { code: "INVALID_PARAMETERS" } });
  });
});

describe("the time limit of a conductor", () => {
  it("counts for nodes and requests at a silent server, which is told to stop", async () => {
    const server = await httpServer(({ path }, response) => {
      if (path.endsWith("/cancel")) json(response, { success: true });
    });
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url, timeout: 20 }));
    const exec = (id: string) => ({ executionId: id });
    const asked = (count: number) => until(() => server.requests.length === count, `request ${count}`);
    stopClock();
    const node = conductor.node.run(asNode(leaf("n")), exec("e1"));
    await asked(1);
    await pass(20);
    expect(await node).toMatchObject({ error: { code: "TIMEOUT" } });
    await asked(2);
    const request = conductor.execute({ flowId: "f", context: exec("e2") });
    await asked(3);
    // A second more, in which the server may say by itself how far it got.
    await pass(1020);
    expect(await request).toMatchObject({
      success: false,
      error: "Execution timed out after 20ms",
      metadata: { executionId: "e2", flowId: "f", error: { code: "TIMEOUT" } },
    });
    await asked(4);
    const cancelled = server.requests.filter(({ path }) => path.endsWith("/cancel")).map(({ body }) => body);
    expect(cancelled).toEqual(['"e1"', '"e2"']);
  });
});

describe("shutting down", () => {
  it("ends calls on a connection that was switched away from", async () => {
    const server = await httpServer(() => undefined);
    const conductor = createConductor({ transport: "http", apiUrl: server.url });
    const list = watch(conductor.storage.listFlows().catch(({ code }) => code));
    await until(() => server.requests.length === 1, "the call");
    conductor.configureTransport("local");
    await turns();
    await conductor.shutdown();
    await until(() => list.settled, "its end");
    expect(list.value).toBe("CANCELLED");
  });

  it("ends what waits for another attempt at once", async () => {
    const warnings = quiet();
    const server = await httpServer((_, response) => json(response, {}, 503));
    stopClock();
    const conductor = createConductor({ transport: "http", apiUrl: server.url });
    const run = watch(conductor.node.run(asNode(leaf("n"))));
    const request = watch(conductor.execute({ flowId: "f" }));
    await until(() => warnings.mock.calls.length === 2, "the warnings");
    await conductor.shutdown();
    await until(() => run.settled && request.settled, "the results");
    expect(run.value).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(request.value).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    await pass(10_000);
    expect(server.requests.length).toBe(2);
  });
});

describe("a conductor that is used after it was shut down", () => {
  it("runs nodes over HTTP", async () => {
    const server = await httpServer((_, response) => json(response, ok));
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url }));
    await conductor.shutdown();
    expect(await conductor.node.run(asNode(leaf("n")))).toMatchObject({ success: true, data: 7 });
    expect(await conductor.execute({ flowId: "f" })).toMatchObject({ success: true, data: 7 });
  });

  it("connects again, with those who listened before and those who come", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: ok })) });
    const conductor = ending(createConductor({ transport: "websocket", wsUrl: server.url }));
    const heard: string[] = [];
    conductor.node.onComplete(({ executionId }) => heard.push(`before ${executionId}`));
    await conductor.node.run(asNode(leaf("n")));
    await conductor.shutdown();
    await server.peers[0]?.closed;
    expect(server.peers).toHaveLength(1);
    const arriving = server.nextPeer();
    conductor.node.onComplete(({ executionId }) => heard.push(`after ${executionId}`));
    const peer = await arriving;
    const data = { nodeId: "n", executionId: "e", result: ok, timestamp: 1 };
    peer.say({ type: "event", channel: "node", event: "completed", data });
    await until(() => heard.length === 2, "the event");
    expect(heard.sort()).toEqual(["after e", "before e"]);
  });

  it("calls the main process", async () => {
    const listeners: string[] = [];
    const listen = (channel: string, event: string) => {
      listeners.push(`${channel}.${event}`);
      return () => listeners.splice(0, 1);
    };
    vi.stubGlobal("window", { atomiton: { __bridge__: { call: async () => ({ result: ok }), listen } } });
    const conductor = ending(createConductor({ transport: "ipc" }));
    conductor.node.onProgress(() => {});
    await conductor.shutdown();
    expect(listeners).toEqual([]);
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe(7);
    expect(listeners).toEqual(["node.progress"]);
  });

  it("tells of what was cancelled by that", async () => {
    const server = await httpServer(() => undefined);
    const conductor = createConductor({ transport: "http", apiUrl: server.url, wsUrl: (await webSocketServer()).url });
    const heard: unknown[] = [];
    conductor.node.onError(({ executionId, code }) => heard.push([executionId, code]));
    const run = conductor.node.run(asNode(leaf("n")), { executionId: "e1" });
    await until(() => server.requests.length === 1, "the request");
    await conductor.shutdown();
    await run;
    expect(heard).toEqual([["e1", "CANCELLED"]]);
  });

  it("hears of what others save in its storage, and not before", async () => {
    const followers = new Set<(change: unknown) => void>();
    const storage = {
      load: () => chain(1, "f"),
      save: () => undefined,
      onChange(listener: (change: unknown) => void) {
        followers.add(listener);
        return () => followers.delete(listener);
      },
    };
    const conductor = await conductorOf({ storage });
    const heard: string[] = [];
    conductor.storage.onFlowSaved(({ id }) => heard.push(`before ${id}`));
    expect(followers.size).toBe(1);
    await conductor.shutdown();
    expect(followers.size).toBe(0);
    conductor.storage.onFlowSaved(({ id }) => heard.push(`after ${id}`));
    expect(followers.size).toBe(1);
    for (const tell of followers) tell({ kind: "saved", key: "f" });
    await until(() => heard.length === 2, "the event");
    expect(heard.sort()).toEqual(["after f", "before f"]);
  });
});

describe("a request whose answer is no result", () => {
  it("is a failed result", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: null })) });
    const conductor = ending(createConductor({ transport: "websocket", wsUrl: server.url }));
    expect(await conductor.execute({ flowId: "f" })).toMatchObject({
      success: false,
      metadata: { flowId: "f", error: { code: "DESERIALIZATION_FAILED", recovery: { retryable: false } } },
    });
  });
});

describe("a request with a fallback that cannot be sent", () => {
  it("is sent without it, and answered with it when it fails", async () => {
    const server = await httpServer((_, response) => json(response, { success: false, error: "boom" }));
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url }));
    const fallback = Number.POSITIVE_INFINITY;
    expect(await conductor.execute({ flowId: "f", options: { fallback } })).toMatchObject({
      success: true,
      outputs: { result: fallback },
    });
    expect(server.requests).toHaveLength(1);
  });
});
