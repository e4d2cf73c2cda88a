/** What isolated executions cannot do, and how they end. */
import { createServer } from "node:net";
import { serialize } from "node:v8";
import { describe, expect, it, onTestFinished } from "vitest";

import { keyOf } from "../server/serving.js";
import { flowWith, gone, isolating, isThere, pidTold } from "./isolating.js";

/** Elsewhere what a process takes is not known. */
const IS_LINUX = process.platform === "linux";

/** A message as the process of an execution sends it. */
function frame(message: unknown): Buffer {
  const body = serialize(message);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

/** Counts who connects. */
async function listener(): Promise<{ port: number; connections: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as { port: number }).port, connections: () => count };
}

describe("an isolated execution", () => {
  it("has a process of its own, without the environment of the server", async () => {
    process.env["SECRET_OF_THE_SERVER"] = "swordfish";
    onTestFinished(() => {
      delete process.env["SECRET_OF_THE_SERVER"];
    });
    const { run } = await isolating({ maxMemory: 300 });
    const { data } = await run("runner", flowWith("look"));
    expect(data.pid).not.toBe(process.pid);
    expect(data.parent).toBe(process.pid);
    expect(data.environment).toEqual({});
    expect(data.arguments).toContain("--max-old-space-size=300");
    if (!IS_LINUX) return;
    const { data: own } = await run("runner", flowWith("oneself"));
    expect(own).toEqual({ environment: "" });
  });

  it("shares nothing with the one before it", async () => {
    const { run } = await isolating();
    const flow = flowWith("remember", "remember");
    expect((await run("runner", flow)).data).toBe(2);
    expect((await run("runner", flow)).data).toBe(2);
  });

  it("is that of callers below admin, unless roles say otherwise", async () => {
    const { run } = await isolating();
    const pidOf = async (role: string) => (await run(role, flowWith("look"))).data.pid as number;
    expect(await pidOf("admin")).toBe(process.pid);
    expect(await pidOf("editor")).not.toBe(process.pid);
    const all = await isolating({ roles: ["admin"] });
    expect((await all.run("admin", flowWith("look"))).data.pid).not.toBe(process.pid);
    expect((await all.run("runner", flowWith("look"))).data.pid).toBe(process.pid);
  });

  it("is everything that no caller began", async () => {
    const { conductor } = await isolating();
    const { data } = await conductor.node.run(flowWith("look") as never);
    expect((data as { pid: number }).pid).not.toBe(process.pid);
  });

  it("cannot go by the id of one that is not isolated", async () => {
    const served = await isolating();
    const told = pidTold(served, "mine");
    const admins = served.run("admin", flowWith("wait"), { executionId: "mine" });
    expect(await told).toBe(process.pid);
    const { code, error } = await served.run("runner", flowWith("look"), { executionId: "mine" });
    expect([code, error]).toEqual(["INVALID_PARAMETERS", "The id mine is that of an execution of another caller"]);
    await served.conductor.node.cancel("mine");
    await admins;
  });

  it("runs flows inside of it in the same process", async () => {
    const { run, conductor } = await isolating();
    await conductor.storage.saveFlow({ ...flowWith("remember"), id: "inner" } as never);
    const { data } = await run("runner", flowWith("remember", ["sub-flow", { flow: "inner" }]));
    expect(data.result).toBe(2);
    // Those of one that is not isolated are not either.
    await conductor.storage.saveFlow({ ...flowWith("look"), id: "looking" } as never);
    const looked = await run("admin", flowWith(["sub-flow", { flow: "looking" }]));
    expect(looked.data.result.pid).toBe(process.pid);
  });

  it("runs tools of a model by the server, which connects no more than the process may", async () => {
    const { port, connections } = await listener();
    const { run } = await isolating();
    const tools = [{ name: "t", flow: "inner" }];
    const asks = ["llm", { baseUrl: `http://127.0.0.1:${port}/v1`, model: "m", prompt: "?", tools }] as const;
    expect((await run("editor", flowWith(asks as never))).error).toContain(
      "Connections to 127.0.0.1 are not allowed here",
    );
    expect(connections()).toBe(0);
  });

  it("has no network, unless it is granted", async () => {
    const { port, connections } = await listener();
    const { run } = await isolating();
    const dialled = await run("editor", flowWith(["dial", { port }]));
    expect(dialled.error).toBe("Isolated executions have no network here: its owner can grant it");
    const asked = await run("editor", flowWith(["http-request", { url: `http://127.0.0.1:${port}` }]));
    expect(asked.error).toContain("Connections to 127.0.0.1 are not allowed here");
    expect(connections()).toBe(0);
    const granted = await isolating({ network: true });
    expect((await granted.run("editor", flowWith(["dial", { port }]))).data).toBe("connected");
    const kept = await isolating({ network: true }, { network: { privateAddresses: false } });
    const refused = await kept.run("editor", flowWith(["http-request", { url: `http://127.0.0.1:${port}` }]));
    expect(refused.error).toContain("it is not a public address");
  });

  it.each([
    ...(IS_LINUX ? [["outside of the heap", "hog"] as const] : []),
    ["in the heap", "heap"],
    ["as one value", "long"],
  ])("ends with MEMORY_LIMIT_EXCEEDED where it takes too much %s, and others go on", async (_where, type) => {
    const { run, conductor } = await isolating({ maxMemory: 160 });
    const other = run("runner", flowWith(["delay", { duration: 1 }], "look"));
    const { success, metadata } = await run("runner", flowWith(type), { executionId: type });
    expect([success, metadata?.error?.code, metadata?.error?.nodeId]).toEqual([false, "MEMORY_LIMIT_EXCEEDED", "n0"]);
    expect((await other).success).toBe(true);
    expect((await run("runner", flowWith("look"))).success).toBe(true);
    // The record has it as well.
    const { error } = await conductor.executions.result(type);
    expect(error?.code).toBe("MEMORY_LIMIT_EXCEEDED");
  });

  it.runIf(IS_LINUX)("has the memory of its role, and what its request asks for where that is less", async () => {
    const { run } = await isolating({ maxMemory: { runner: 150, editor: 400 } });
    const { error } = await run("runner", flowWith("hog"));
    expect(error).toContain("more memory than the 150 MiB");
    const { error: lower } = await run("editor", flowWith("hog"), { config: { maxMemory: 200 } });
    expect(lower).toContain("more memory than the 200 MiB");
    const { error: higher } = await run("editor", flowWith("hog"), { config: { maxMemory: 4000 } });
    expect(higher).toContain("more memory than the 400 MiB");
  });

  it("is ended where a loop of its code goes on after the deadline", async () => {
    const served = await isolating({}, { timeout: 5000 });
    const told = pidTold(served, "endless");
    const { metadata } = await served.run("runner", flowWith("spin"), { executionId: "endless" });
    expect(metadata?.error?.code).toBe("TIMEOUT");
    await gone(await told);
  });

  it("is ended where one node does not stop at its own deadline, whatever the flow does then", async () => {
    const { run } = await isolating();
    // The first one waits for the process, whose start would be part of the deadline.
    const flow = flowWith("look", ["spin", {}, { policy: { timeout: 1500, continueOnError: true } }], "look");
    const { success, metadata, error } = await run("runner", flow);
    expect([success, metadata?.error]).toEqual([false, expect.objectContaining({ code: "TIMEOUT", nodeId: "n2" })]);
    expect(error).toContain("went on after it was to stop");
  });

  it.runIf(IS_LINUX)("is ended where it takes too much time of the processor", async () => {
    const { run } = await isolating({ cpuMs: 1500 });
    const { metadata, error } = await run("runner", flowWith("spin"));
    expect(metadata?.error?.code).toBe("TIMEOUT");
    expect(error).toContain("1500 ms of processor time");
  });

  it("tells how far it is, and is cancelled", async () => {
    const served = await isolating();
    const told = pidTold(served, "cancelled");
    const answer = served.run("runner", flowWith("wait"), { executionId: "cancelled" });
    const pid = await told;
    expect(isThere(pid)).toBe(true);
    await served.post("runner", "/executions/cancelled/cancel");
    expect((await answer).metadata?.error?.code).toBe("CANCELLED");
    await gone(pid);
  });

  it("tells clients of a stream how far it is", async () => {
    const { apiUrl, run, conductor } = await isolating();
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${keyOf("viewer")}` };
    const stream = await fetch(`${apiUrl}/events?executionId=streamed`, { headers, signal: stop.signal });
    const answer = run("runner", flowWith("wait"), { executionId: "streamed" });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (/"message":"\d+"/.test(text)) break;
    }
    expect(text).toContain("streamed");
    await conductor.node.cancel("streamed");
    await answer;
    stop.abort();
  });

  it("fails where its process is killed, with the code of that, and others go on", async () => {
    const served = await isolating();
    const [first, second] = [pidTold(served, "first"), pidTold(served, "second")];
    const killed = served.run("runner", flowWith("wait", "look"), { executionId: "first" });
    const other = served.run("runner", flowWith("wait"), { executionId: "second" });
    const [pid, otherPid] = await Promise.all([first, second]);
    process.kill(pid, "SIGKILL");
    const { metadata, error } = await killed;
    expect([metadata?.error?.code, metadata?.error?.nodeId]).toEqual(["TRANSPORT_ERROR", "n0"]);
    expect(error).toContain("The process of the execution ended by SIGKILL");
    expect(isThere(otherPid)).toBe(true);
    await served.conductor.node.cancel("second");
    expect((await other).metadata?.error?.code).toBe("CANCELLED");
  });

  it.each([
    ["no message", Buffer.from([5, 0, 0, 0, 1, 2, 3, 4, 5]), "TRANSPORT_ERROR"],
    ["nothing", frame(null), "TRANSPORT_ERROR"],
    ["an answer without its content", frame({ type: "answer", call: 1 }), "TRANSPORT_ERROR"],
    ["an error that is a number", frame({ type: "answer", call: 1, answer: { thrown: 5 } }), "EXECUTION_FAILED"],
    ["too long a message", Buffer.from([255, 255, 255, 255]), "MEMORY_LIMIT_EXCEEDED"],
  ])("fails where what broke out sends %s, and the server goes on", async (_what, bytes, code) => {
    const { run } = await isolating();
    const { metadata } = await run("runner", flowWith(["forge", { bytes: bytes.toString("base64") }]));
    expect(metadata?.error?.code).toBe(code);
    expect((await run("runner", flowWith("look"))).success).toBe(true);
  });

  it("has the handles that the server can name, whatever what broke out sends", async () => {
    const { run } = await isolating();
    const level = frame({ type: "log", call: 1, level: "constructor", message: "return 1", details: [] });
    const warning = frame({ type: "warn", call: 1, rule: 5, message: {} });
    const answer = frame({ type: "answer", call: 1, answer: { value: { a: 1 }, handles: [{}, 5], carried: 5 } });
    const bytes = Buffer.concat([level, warning, answer]).toString("base64");
    const { success, data } = await run("runner", flowWith(["forge", { bytes }]));
    expect([success, data]).toEqual([true, { a: 1 }]);
  });

  it("goes on where a promise that a node left behind fails", async () => {
    const { run } = await isolating();
    expect((await run("runner", flowWith("stray"))).data).toBe("went on");
  });

  it("is one of twenty, each with a process of its own", async () => {
    const { run } = await isolating({ spare: 2 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => run("runner", flowWith("look"))));
    const pids = answers.map(({ data }) => data.pid as number);
    expect(new Set(pids).size).toBe(20);
    await Promise.all(pids.map(gone));
  });

  it("waits for a process where there are as many as there may be", async () => {
    const { run } = await isolating({ most: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => run("runner", flowWith("look"))));
    expect(answers.map(({ success }) => success)).toEqual(Array(6).fill(true));
  });

  it("leaves nothing behind when the conductor ends, and what its nodes started neither", async () => {
    const served = await isolating({ spare: 1 });
    const told = [pidTold(served, "kept"), pidTold(served, "parent")];
    void served.run("runner", flowWith("wait"), { executionId: "kept" }).catch(() => {});
    void served.run("runner", flowWith("child"), { executionId: "parent" }).catch(() => {});
    const pids = await Promise.all(told);
    served.server.close();
    await served.conductor.shutdown();
    await Promise.all(pids.map(gone));
  });

  it("says which types it does not have, unless the server carries them out", async () => {
    const settings = { nodes: [] };
    const own = { nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => process.pid }) as never } };
    const { run } = await isolating({}, { ...settings, ...own });
    const { metadata, error } = await run("runner", flowWith("mine"));
    expect(metadata?.error?.code).toBe("IMPLEMENTATION_NOT_FOUND");
    expect(error).toContain("no node type `mine`");
    const granted = await isolating({ inServer: ["mine"] }, { ...settings, ...own });
    expect((await granted.run("runner", flowWith("mine"))).data).toBe(process.pid);
  });

  it("is started by the launcher of its owner, and fails where that cannot start it", async () => {
    const { run } = await isolating({ launcher: ["env", "FROM_THE_LAUNCHER=1"] });
    expect((await run("runner", flowWith("look"))).data.environment).toEqual({ FROM_THE_LAUNCHER: "1" });
    const broken = await isolating({ launcher: ["/no/such/program"] });
    const { metadata, error } = await broken.run("runner", flowWith("look"));
    expect(metadata?.error?.code).toBe("INTERNAL_ERROR");
    expect(error).toContain("cannot be started");
    const unloadable = await isolating({ nodes: ["/no/such/module.mjs"] });
    expect((await unloadable.run("runner", flowWith("look"))).error).toContain("Node types cannot be isolated");
  });
});
