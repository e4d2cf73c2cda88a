import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createEventManager, type EventManager } from "../src/exports/desktop.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Events {
  execute: {
    data: { compositeId: string; inputs: unknown };
    answer: { compositeId: string; inputs: unknown; by: number };
  };
  fail: undefined;
  hang: undefined;
  hanging: undefined;
  aborted: string;
  "ask back": { data: string; answer: string };
  question: { data: string; answer: string };
  finish: undefined;
}

const children: { child: ChildProcess; events: EventManager }[] = [];

function start() {
  const child = fork(fixture("worker.mjs"), { serialization: "advanced", stdio: "inherit" });
  const events = createEventManager({ ipc: { process: child } });
  children.push({ child, events });
  return { child, events, bus: events.createBus<Events>("conductor") };
}

afterEach(async () => {
  for (const { child, events } of children.splice(0)) {
    events.close();
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
});

describe("a child process", () => {
  it("answers with values as they were sent", async () => {
    const { child, events, bus } = start();
    const inputs = {
      when: new Date(5),
      map: new Map([["a", 1]]),
      none: undefined,
      bytes: new Uint8Array([1, 2, 3]),
      big: 5n,
    };
    const answer = await bus.emit("execute", { compositeId: "flow-1", inputs });
    expect(answer).toMatchObject({ compositeId: "flow-1", inputs, by: child.pid });
    expect(events.pending).toBe(0);
  });

  it("fails with its own error, stack and all", async () => {
    const { bus } = start();
    await expect(bus.emit("fail")).rejects.toMatchObject({
      code: "HANDLER_FAILED",
      remoteStack: expect.stringContaining("worker.mjs"),
      cause: { name: "RangeError", message: "out of range", code: "E_RANGE" },
    });
  });

  it("may ask its parent while it is asked", async () => {
    const { bus } = start();
    bus.on("question", async (question) => `you said ${question}`);
    expect(await bus.emit("ask back", "hello")).toBe("hello: you said hello");
  });

  it("killed while it is asked fails the emit, and every later one", async () => {
    const { child, events, bus } = start();
    const hanging = bus.wait("hanging");
    const answer = bus.emit("hang");
    await hanging;
    child.kill("SIGKILL");
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", bus: "conductor", event: "hang" });
    await expect(bus.emit("hang")).rejects.toMatchObject({ code: "IPC_FAILED" });
    expect(events.pending).toBe(0);
  });

  it("is told when its answer is not needed any more", async () => {
    const { events, bus } = start();
    const controller = new AbortController();
    const hanging = bus.wait("hanging");
    const aborted = bus.wait("aborted");
    const answer = bus.emit("hang", undefined, { signal: controller.signal });
    await hanging;
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: "ABORTED" });
    expect(await aborted).toBe("ABORTED");
    await vi.waitFor(() => expect(events.pending).toBe(0));
  });

  it("ends by itself when its events are closed", async () => {
    const { child, bus } = start();
    const exit = once(child, "exit");
    await bus.emit("finish").catch(() => {});
    expect(await exit).toEqual([0, null]);
  });

  it("ends when its parent disconnects", async () => {
    const { child, bus } = start();
    await bus.emit("execute", { compositeId: "flow-1", inputs: {} });
    const exit = once(child, "exit");
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });

  it("leaves no listener on its handle when the events are closed", async () => {
    const { child, events, bus } = start();
    const before = child.listenerCount("message") + child.listenerCount("disconnect");
    await bus.emit("execute", { compositeId: "flow-1", inputs: {} });
    events.close();
    expect(before).toBe(2);
    expect(child.listenerCount("message") + child.listenerCount("disconnect")).toBe(0);
  });
});

it("no timer and no pending event keeps a process alive", () => {
  expect(execFileSync(process.execPath, [fixture("idle.mjs")], { encoding: "utf8", timeout: 600_000 })).toBe("started");
});
