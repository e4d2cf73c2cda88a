/** Clients that come back after the process of a server was killed: what became of executions is told them, or that events are lost. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { timeOf } from "../../src/server/event-log.js";
import { createWebSocketTransport } from "../../src/transports/websocket.js";
import { file, folder, type Running, start } from "../cli/cli.js";
import { listening, type Told } from "./event-client.js";
import { type Message, rawSocket } from "./raw.js";

/** A server whose answers to `/ID` wait until that is released. */
async function gates() {
  const waiting = new Map<string, ServerResponse[]>();
  const released = new Set<string>();
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? "";
    asked.set(id, (asked.get(id) ?? 0) + 1);
    if (released.has(id)) response.end("{}");
    else waiting.set(id, [...(waiting.get(id) ?? []), response]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** How often it was asked for. */
    asked: (id: string) => asked.get(id) ?? 0,
    release(id: string) {
      released.add(id);
      for (const response of waiting.get(id) ?? []) response.end("{}");
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server in a process of its own, on SQLite, that is killed and started again at the same address. */
async function killable() {
  const root = folder();
  const gate = await gates();
  const quick = file(root, "quick.yaml", "id: quick\nnodes: [{ id: n, type: code, parameters: { code: return 7 } }]");
  const bad = file(
    root,
    "bad.yaml",
    "id: bad\nnodes: [{ id: n, type: stop, parameters: { as: failure, message: No } }]",
  );
  const gated = file(
    root,
    "gated.yaml",
    `id: gated\nnodes: [{ id: n, type: http-request, parameters: { url: "${gate.url}/\${{ variables.gate }}" } }]`,
  );
  const asking = file(
    root,
    "asking.yaml",
    "id: asking\nnodes: [{ id: n, type: wait-for-input, parameters: { message: Yes? } }]",
  );
  const port = await freePort();
  const store = `sqlite:${join(root, "c.db")}`;
  const args = ["serve", quick, bad, gated, asking, "--open", "--port", String(port), "--store", store, "--no-config"];
  let running: Running | undefined;
  const begin = async () => {
    running = start([...args, "--allow-private-addresses"], { cwd: root });
    const { child } = running;
    onTestFinished(() => void child.kill("SIGKILL"));
    await running.says("Everybody on this machine");
  };
  await begin();
  const apiUrl = `http://127.0.0.1:${port}/api`;
  const run = (flow: string, executionId: string) => {
    const body = JSON.stringify({ variables: { gate: executionId }, context: { executionId } });
    const headers = { "content-type": "application/json" };
    return fetch(`${apiUrl}/flows/${flow}/run`, { method: "POST", body, headers });
  };
  return {
    apiUrl,
    gate,
    run,
    begin,
    /** Begins an execution, and waits until its node has asked. */
    async hold(executionId: string) {
      void run("gated", executionId).catch(() => {});
      await expect.poll(() => gate.asked(executionId)).toBeGreaterThan(0);
    },
    async kill() {
      running?.child.kill("SIGKILL");
      await running?.ended;
    },
  };
}

const of = (told: readonly Told[], id: string) =>
  told.filter(({ data, event }) => data.executionId === id && event !== "node:progress").map(({ event }) => event);

describe("after a server was killed and started again, the stream of events", () => {
  it("tells what became of executions meanwhile, in the process before and in this one, each end once", async () => {
    const { apiUrl, run, hold, kill, begin, gate } = await killable();
    const before = await listening(apiUrl);
    await run("quick", "seen");
    await hold("long");
    for (let told = ""; told !== "node:completed seen"; ) {
      const { event, data } = await before.next();
      told = `${event} ${data.executionId}`;
    }
    await expect.poll(() => of(before.told, "long")).toEqual(["node:started"]);
    const { id } = before.told.at(-1) as Told;
    before.response.destroy();
    // The client is away. Two end in the process that is killed, two go on in the next one.
    await run("quick", "missed");
    await run("bad", "failed");
    await hold("late");
    void run("asking", "asking").catch(() => {});
    await expect.poll(async () => (await fetch(`${apiUrl}/questions`)).json()).toHaveLength(1);
    await kill();
    await begin();
    gate.release("long");
    await expect
      .poll(async () => (await (await fetch(`${apiUrl}/executions/long`)).json()) as object)
      .toMatchObject({ status: "completed" });
    const after = await listening(apiUrl, "", { "last-event-id": id });
    const gap = await after.next();
    expect(gap).toMatchObject({ event: "transport:gap", data: { complete: ["node"] } });
    gate.release("late");
    await expect.poll(() => of(after.told, "late")).toContain("node:completed");
    expect(of(after.told, "seen")).toEqual([]);
    expect(of(after.told, "missed")).toEqual(["node:started", "node:completed"]);
    expect(of(after.told, "failed")).toEqual(["node:started", "node:error"]);
    for (const running of ["late", "long"]) {
      expect(of(after.told, running).filter((event) => event === "node:completed")).toHaveLength(1);
      expect(of(after.told, running).at(-1)).toBe("node:completed");
    }
    expect(of(after.told, "asking")).toContain("node:started");
    expect(of(after.told, "asking").filter((event) => event === "node:question")).toHaveLength(1);
    const completed = after.told.find(({ event, data }) => event === "node:completed" && data.executionId === "missed");
    expect(completed?.data).toMatchObject({ nodeId: "quick", output: { result: 7 }, result: { success: true } });
    const failed = after.told.find(({ event }) => event === "node:error");
    expect(failed?.data).toMatchObject({ nodeId: "n", code: "EXECUTION_FAILED" });
    // A client that breaks off in the middle of that goes on there.
    const at = after.told.findIndex(({ data, event }) => event === "node:started" && data.executionId === "missed");
    const again = await listening(apiUrl, "", { "last-event-id": (after.told[at] as Told).id });
    await expect.poll(() => of(again.told, "late")).toContain("node:completed");
    expect(of(again.told, "missed")).toContain("node:completed");
  });

  it("of one execution has no gap, and says so where the store does not know it", async () => {
    const { apiUrl, run, hold, kill, begin, gate } = await killable();
    const before = await listening(apiUrl, "?executionId=one");
    await hold("one");
    const { id, event } = await before.next();
    expect(event).toBe("node:started");
    // Another one ends in the process that is killed.
    expect((await run("quick", "ended")).status).toBe(200);
    await kill();
    await begin();
    gate.release("one");
    const after = await listening(apiUrl, "?executionId=one", { "last-event-id": id });
    await expect.poll(() => of(after.told, "one")).toContain("node:completed");
    expect(after.told.map(({ event }) => event)).not.toContain("transport:gap");
    expect(of(after.told, "one").filter((event) => event === "node:completed")).toHaveLength(1);
    const ended = await listening(apiUrl, "?executionId=ended", { "last-event-id": id });
    await expect.poll(() => of(ended.told, "ended")).toEqual(["node:started", "node:completed"]);
    expect(ended.told.map(({ event }) => event)).not.toContain("transport:gap");
    const unknown = await listening(apiUrl, "?executionId=never", { "last-event-id": id });
    expect(await unknown.next()).toMatchObject({ event: "transport:gap", data: { complete: [] } });
  });
});

describe("after a server was killed and started again, a client over a WebSocket", () => {
  it("hears by itself of what ended meanwhile, after it was told of the gap", async () => {
    const { apiUrl, run, hold, kill, begin, gate } = await killable();
    const transport = createWebSocketTransport({
      url: `${apiUrl.replace("http", "ws")}/ws`,
      WebSocket: WebSocket as never,
      backoff: { first: 20, max: 200 },
    });
    onTestFinished(() => transport.shutdown());
    const heard: string[] = [];
    for (const event of ["started", "completed", "error"]) {
      transport.listen("node", event, (data) =>
        heard.push(`${event} ${(data as { executionId: string }).executionId}`),
      );
    }
    transport.listen("transport", "gap", (gap) => heard.push(`gap ${(gap as { complete?: string[] }).complete}`));
    await transport.call("storage", "listFlows", undefined);
    await run("quick", "seen");
    await hold("going");
    await expect.poll(() => heard).toEqual(["started seen", "completed seen", "started going"]);
    await kill();
    gate.release("going");
    await begin();
    await expect.poll(() => heard).toContain("completed going");
    expect(heard.filter((told) => told === "completed going")).toHaveLength(1);
    expect(heard.filter((told) => told === "completed seen")).toHaveLength(1);
    expect(heard.filter((told) => told.startsWith("gap"))).toEqual(["gap node"]);
    await run("quick", "next");
    await expect.poll(() => heard).toContain("completed next");
  });

  it("that was away is told what ended in the process before, in numbers that only grow", async () => {
    const { apiUrl, run, kill, begin } = await killable();
    const isHello = ({ type }: Message) => type === "hello";
    const isOf = (event: string, executionId: string) => (message: Message) =>
      message.event === event && (message.data as { executionId?: string }).executionId === executionId;
    const before = await rawSocket(apiUrl);
    const { session } = await before.take(isHello);
    await run("quick", "seen");
    const { seq } = await before.take(isOf("completed", "seen"));
    before.socket.terminate();
    await run("quick", "missed");
    await kill();
    await begin();
    const after = await rawSocket(apiUrl);
    const first = await after.take(isHello);
    after.say({ type: "resume", session, seq });
    const second = await after.take(isHello);
    expect(second).toMatchObject({ complete: ["node"] });
    expect([session, first.session]).not.toContain(second.session);
    const told = await after.take(isOf("completed", "missed"));
    expect(told.data).toMatchObject({ nodeId: "quick", output: { result: 7 } });
    await run("quick", "next");
    await after.take(isOf("completed", "next"));
    const events = after.received.filter(({ type, channel }) => type === "event" && channel === "node");
    const numbers = events.map((message) => Number(message.seq));
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
    // What it has seen is told again only where it ended in the very ms of that event.
    for (const { data } of events.filter(isOf("completed", "seen"))) {
      expect((data as { timestamp: number }).timestamp).toBe(timeOf(Number(seq)));
    }
    // Once more from the middle of what was told again, which is of no process.
    const again = await rawSocket(apiUrl);
    await again.take(isHello);
    again.say({ type: "resume", session: second.session, seq: Number(told.seq) - 1 });
    expect(await again.take(isHello)).toMatchObject({ complete: ["node"] });
    await again.take(isOf("completed", "missed"));
    await again.take(isOf("completed", "next"));
  });
});
