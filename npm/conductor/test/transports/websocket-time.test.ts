/** What a WebSocket transport does in the course of time, which passes here only when a test says so. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createWebSocketTransport, type WebSocketTransportOptions } from "../../src/transports/websocket.js";
import type { WebSocketLike } from "../../src/transports/websocket-connection.js";

type Message = Record<string, unknown>;

/** Every socket that was made, in order. They do nothing by themselves. */
let sockets: FakeSocket[] = [];

class FakeSocket implements WebSocketLike {
  readyState = 0;
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onclose: WebSocketLike["onclose"] = null;
  onerror: WebSocketLike["onerror"] = null;
  readonly sent: Message[] = [];
  closed = false;

  constructor(readonly url: string) {
    sockets.push(this);
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }
  close(): void {
    this.closed = true;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }
  says(message: Message): void {
    this.onmessage?.({ data: JSON.stringify(message) } as never);
  }
  breaks(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006 } as never);
  }
  get isHeard(): boolean {
    return this.onopen !== null || this.onmessage !== null || this.onclose !== null;
  }
}

const last = () => sockets.at(-1) as FakeSocket;
const transportWith = (options: Partial<WebSocketTransportOptions> = {}) =>
  createWebSocketTransport({ url: "ws://h", WebSocket: FakeSocket, random: () => 0, ...options });

/** Whether a promise is settled, and how. */
function outcome(promise: Promise<unknown>): { value?: unknown; error?: unknown } {
  const found: { value?: unknown; error?: unknown } = {};
  promise.then(
    (value) => {
      found.value = value;
    },
    (error) => {
      found.error = error;
    },
  );
  return found;
}

beforeEach(() => {
  sockets = [];
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("connecting again", () => {
  /** Lets attempts fail, and gives the waits between them in ms. */
  async function waits(count: number, options: Partial<WebSocketTransportOptions>): Promise<number[]> {
    const transport = transportWith(options);
    transport.listen("n", "e", () => {});
    const measured: number[] = [];
    for (let i = 0; i < count; i++) {
      const made = sockets.length;
      const from = Date.now();
      last().breaks();
      while (sockets.length === made) await vi.advanceTimersToNextTimerAsync();
      measured.push(Date.now() - from);
    }
    await closed(transport);
    return measured;
  }

  it("waits 500 ms, twice as long after each failure, and 30 s at most", async () => {
    expect(await waits(9, {})).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("leaves half of a wait to chance, or as much as is set", async () => {
    expect(await waits(3, { random: () => 1 })).toEqual([250, 500, 1000]);
    expect(await waits(2, { random: () => 0.5 })).toEqual([375, 750]);
    expect(await waits(3, { random: () => 1, backoff: { first: 10, max: 15, jitter: 0.2 } })).toEqual([8, 12, 12]);
  });

  it("starts over once something was heard", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().breaks();
    await vi.advanceTimersByTimeAsync(500);
    last().breaks();
    await vi.advanceTimersByTimeAsync(1000);
    last().opens();
    last().says({ type: "event", channel: "n", event: "e" });
    last().breaks();
    await vi.advanceTimersByTimeAsync(499);
    expect(sockets).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(4);
    await closed(transport);
  });

  it("does not take a connection that was never of use for success", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().opens();
    last().breaks();
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().breaks();
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets).toHaveLength(2);
    await closed(transport);
  });

  it("ends when nobody listens or waits", async () => {
    const transport = transportWith();
    const end = transport.listen("n", "e", () => {});
    last().opens();
    end();
    last().breaks();
    expect(vi.getTimerCount()).toBe(0);
    const again = transport.listen("n", "e", () => {});
    expect(sockets).toHaveLength(2);
    last().breaks();
    again();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(2);
  });

  it("does not keep a process alive for listeners, but for calls", async () => {
    const transport = transportWith();
    const timers = vi.spyOn(globalThis, "setTimeout");
    transport.listen("n", "e", () => {});
    last().breaks();
    const wait = timers.mock.results.at(-1)?.value as NodeJS.Timeout;
    expect(wait.hasRef()).toBe(false);
    const call = outcome(transport.call("a", "b"));
    expect(wait.hasRef()).toBe(true);
    await closed(transport);
    expect(call.error).toMatchObject({ code: "CANCELLED" });
  });

  it("gives up an attempt after 10 s", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    await vi.advanceTimersByTimeAsync(9999);
    expect(last().isHeard).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect([last().isHeard, last().closed]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    await closed(transport);
  });

  it("goes on where the class itself throws", async () => {
    let works = false;
    class Picky extends FakeSocket {
      constructor(url: string) {
        if (!works) throw new Error("not now");
        super(url);
      }
    }
    const transport = transportWith({ WebSocket: Picky });
    const call = outcome(transport.call("a", "b"));
    works = true;
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().says({ type: "response", id: String(last().sent[0]?.id), result: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(call).toEqual({ value: 1 });
    await closed(transport);
  });
});

describe("the time of a call", () => {
  it.each([
    ["a command", "node", "validate", {}, 30_000, "Request timeout"],
    ["a command with a time of its own", "node", "validate", { timeout: 70 }, 70, "Request timeout"],
    ["an execution", "node", "execute", {}, 300_000, "Execution timeout"],
    ["a request", "conductor", "execute", {}, 300_000, "Execution timeout"],
    ["the result of an execution", "node", "attach", {}, 300_000, "Execution timeout"],
    ["an execution with a time of its own", "node", "execute", { timeout: 70 }, 70, "Execution timeout"],
  ])("%s", async (_, channel, command, options, ms, message) => {
    const transport = transportWith(options);
    transport.listen("n", "e", () => {});
    last().opens();
    const call = outcome(transport.call(channel, command));
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(call).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(call.error).toMatchObject({ code: "TIMEOUT", message, retryable: true, uncertain: true });
    last().says({ type: "response", id: String(last().sent[0]?.id), result: "late" });
    await closed(transport);
  });

  it("passes while it waits for a connection, for executions too", async () => {
    const transport = transportWith();
    const call = outcome(transport.call("node", "execute"));
    await vi.advanceTimersByTimeAsync(29_999);
    expect(call).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(call.error).toMatchObject({ code: "TIMEOUT", message: "Request timeout", uncertain: false });
    await closed(transport);
  });

  it("does not start over for a command that was sent late", async () => {
    const transport = transportWith();
    const command = outcome(transport.call("node", "validate"));
    const execution = outcome(transport.call("node", "execute"));
    await vi.advanceTimersByTimeAsync(9000);
    last().opens();
    await vi.advanceTimersByTimeAsync(21_000);
    expect(command.error).toMatchObject({ code: "TIMEOUT" });
    await vi.advanceTimersByTimeAsync(278_999);
    expect(execution).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(execution.error).toMatchObject({ message: "Execution timeout" });
    await closed(transport);
  });

  it("leaves no timer behind an answer", async () => {
    const transport = transportWith();
    const call = outcome(transport.call("a", "b"));
    last().opens();
    last().says({ type: "response", id: String(last().sent[0]?.id), result: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(call).toEqual({ value: 1 });
    expect(vi.getTimerCount()).toBe(0);
    await closed(transport);
  });

  it("a call that timed out in the queue is not sent any more", async () => {
    const transport = transportWith({ timeout: 100 });
    const call = outcome(transport.call("a", "b"));
    transport.listen("n", "e", () => {});
    await vi.advanceTimersByTimeAsync(100);
    last().opens();
    expect(call.error).toMatchObject({ code: "TIMEOUT" });
    expect(last().sent).toEqual([]);
    await closed(transport);
  });
});

describe("heartbeats", () => {
  const pings = () => last().sent.filter(({ type }) => type === "ping").length;

  it("are left alone with a server that did not announce them", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s" });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(pings()).toBe(0);
    expect(last().isHeard).toBe(true);
    await closed(transport);
  });

  it.each([
    [60_000, {}, 30_000],
    [10_000, {}, 10_000],
    [1, {}, 1000],
    [60_000, { heartbeat: 5000 }, 5000],
  ])("announced for %i ms come as often as both want", async (announced, options, ms) => {
    const transport = transportWith(options);
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s", heartbeat: announced });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(pings()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(pings()).toBe(1);
    last().says({ type: "pong" });
    await vi.advanceTimersByTimeAsync(ms);
    expect(pings()).toBe(2);
    await closed(transport);
  });

  it("can be switched off", async () => {
    const transport = transportWith({ heartbeat: 0 });
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s", heartbeat: 1000 });
    expect(vi.getTimerCount()).toBe(0);
    await closed(transport);
  });

  it("find a dead connection, and fail what waited for it", async () => {
    const transport = transportWith({ timeout: 0 });
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s", heartbeat: 30_000 });
    const call = outcome(transport.call("a", "b"));
    const dead = last();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(call).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(call.error).toMatchObject({ code: "TRANSPORT_ERROR" });
    expect([dead.isHeard, dead.closed]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    await closed(transport);
  });

  it("take any message for a sign of life", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s", heartbeat: 30_000 });
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(30_000);
      last().says({ type: "event", channel: "x", event: "y" });
    }
    expect(sockets).toHaveLength(1);
    await closed(transport);
  });

  it("of the server are answered, announced or not", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "ping" });
    expect(last().sent).toEqual([{ type: "pong" }]);
    await closed(transport);
  });
});

describe("listeners", () => {
  it("that end while an event is told do not hear it any more; those that begin hear the next", async () => {
    const transport = transportWith();
    const heard: string[] = [];
    let endLater = () => {};
    transport.listen("n", "e", (data) => {
      heard.push(`first ${data}`);
      endLater();
      if (data === 1) transport.listen("n", "e", (data) => heard.push(`new ${data}`));
    });
    endLater = transport.listen("n", "e", (data) => heard.push(`later ${data}`));
    last().opens();
    for (const data of [1, 2]) last().says({ type: "event", channel: "n", event: "e", data });
    expect(heard).toEqual(["first 1", "first 2", "new 2"]);
    await closed(transport);
  });

  it("may be the same function more than once, and end one by one", async () => {
    const transport = transportWith();
    const listener = vi.fn();
    const ends = [transport.listen("n", "e", listener), transport.listen("n", "e", listener)];
    last().opens();
    last().says({ type: "event", channel: "n", event: "e" });
    ends[0]?.();
    ends[0]?.();
    last().says({ type: "event", channel: "n", event: "e" });
    expect(listener).toHaveBeenCalledTimes(3);
    await closed(transport);
  });
});

describe("resuming", () => {
  /** A second connection of a client that knows the session `s1`. */
  async function again() {
    const transport = transportWith();
    const gaps: unknown[] = [];
    const heard: unknown[] = [];
    transport.listen("transport", "gap", (gap) => gaps.push(gap));
    transport.listen("n", "e", (data) => heard.push(data));
    last().opens();
    last().says({ type: "hello", session: "s1" });
    last().breaks();
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    return { transport, gaps, heard };
  }

  it("is given up when the server says nothing for 10 s", async () => {
    const { transport, gaps } = await again();
    await vi.advanceTimersByTimeAsync(9999);
    expect(gaps).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(gaps).toEqual([{ previous: { session: "s1", seq: 0 } }]);
    await closed(transport);
  });

  it("is given up when the server greets but does not answer for 10 s", async () => {
    const { transport, gaps, heard } = await again();
    last().says({ type: "hello", session: "s2" });
    expect(last().sent).toEqual([{ type: "resume", session: "s1", seq: 0 }]);
    last().says({ type: "event", channel: "n", event: "e", data: 1, seq: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(gaps).toEqual([{ previous: { session: "s1", seq: 0 }, session: "s2" }]);
    last().says({ type: "event", channel: "n", event: "e", data: 1, seq: 1 });
    last().says({ type: "event", channel: "n", event: "e", data: 2, seq: 2 });
    expect(heard).toEqual([1, 2]);
    await closed(transport);
  });

  it("is given up when more than 10,000 events were held back", async () => {
    const { transport, gaps, heard } = await again();
    last().says({ type: "hello", session: "s2" });
    for (let seq = 1; seq <= 10_000; seq++) last().says({ type: "event", channel: "n", event: "e", data: seq, seq });
    expect([gaps.length, heard.length]).toEqual([0, 0]);
    last().says({ type: "event", channel: "n", event: "e", data: 10_001, seq: 10_001 });
    expect([gaps.length, heard.length]).toEqual([1, 10_001]);
    await closed(transport);
  });

  it("is tried again after a connection that broke meanwhile", async () => {
    const { transport, gaps } = await again();
    last().says({ type: "hello", session: "s2" });
    last().breaks();
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().says({ type: "hello", session: "s3" });
    expect(last().sent).toEqual([{ type: "resume", session: "s1", seq: 0 }]);
    last().says({ type: "hello", session: "s1" });
    expect(gaps).toEqual([]);
    await closed(transport);
  });

  it("waits as long as there is no connection, and what was held back is not told twice", async () => {
    const { transport, gaps, heard } = await again();
    last().says({ type: "hello", session: "s2" });
    last().says({ type: "event", channel: "n", event: "e", data: "held", seq: 1 });
    last().breaks();
    for (const wait of [500, 1000, 2000, 4000, 8000]) {
      await vi.advanceTimersByTimeAsync(wait);
      if (wait < 8000) last().breaks();
    }
    expect(gaps).toEqual([]);
    last().opens();
    last().says({ type: "hello", session: "s3" });
    last().says({ type: "hello", session: "s3" });
    expect([gaps.length, heard]).toEqual([1, []]);
    await closed(transport);
  });

  it("a new session on a connection that stays is a gap too", async () => {
    const { transport, gaps } = await again();
    last().says({ type: "hello", session: "s1" });
    last().says({ type: "hello", session: "s1" });
    last().says({ type: "hello", session: "s9" });
    expect(gaps).toEqual([{ previous: { session: "s1", seq: 0 }, session: "s9" }]);
    await closed(transport);
  });
});

describe("the end", () => {
  it("comes within a second even if the other side does not agree, and nothing stays behind", async () => {
    const transport = transportWith();
    transport.listen("n", "e", () => {});
    last().opens();
    last().says({ type: "hello", session: "s", heartbeat: 1000 });
    transport.call("a", "b").catch(() => {});
    const ended = outcome(transport.shutdown().then(() => "ended"));
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual({ value: "ended" });
    expect(last().isHeard).toBe(false);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sockets).toHaveLength(1);
  });
});

/** Shuts down; the other side agrees at once. */
async function closed(transport: { shutdown(): Promise<void> }): Promise<void> {
  const end = transport.shutdown();
  for (const socket of sockets) socket.breaks();
  await end;
}
