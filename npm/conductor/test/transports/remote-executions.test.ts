/** What becomes of executions on the other side when the line is bad, and when their time is over. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TransportError, type TransportErrorOptions } from "../../src/transports/failure.js";
import { remoteNode } from "../../src/transports/remote/node.js";
import type { ErrorCode } from "../../src/types/errors.js";
import { fakeTransport } from "./fake-transport.js";

const node = { id: "n", type: "transform" };
const ok = { success: true, data: 1, duration: 3, executedNodes: ["n"] };

type Answer = () => unknown;

const fails =
  (code: ErrorCode, message: string, options?: TransportErrorOptions): Answer =>
  () => {
    throw new TransportError(code, message, options);
  };
const answers =
  (value: unknown): Answer =>
  () =>
    value;
const silent: Answer = () => new Promise(() => {});

const late = fails("TIMEOUT", "Execution timeout");
const lost = fails("TRANSPORT_ERROR", "closed before the answer came", { uncertain: true });
const refused = fails("TRANSPORT_ERROR", "ECONNREFUSED");
const unknown = fails("NODE_NOT_FOUND", "Execution e not found", { answered: true });
const noAttach = fails("TRANSPORT_ERROR", "No handler for method: attach", { answered: true });

/** Answers each command as said, the last answer for ever. */
function over(said: Record<string, Answer[]>, timeout?: number) {
  const fake = fakeTransport((_, command) => {
    const [next, ...rest] = said[command] ?? [];
    if (next === undefined) throw new Error(`nobody expected ${command}`);
    if (rest.length > 0) said[command] = rest;
    return next();
  });
  const warnings: string[] = [];
  const api = remoteNode(fake.transport, { warn: (text) => warnings.push(text), timeout });
  return { ...fake, api, warnings, commands: () => fake.calls.map(([, command]) => command) };
}

/** Runs the node until nothing happens any more. */
async function run(said: Record<string, Answer[]>) {
  const side = over(said);
  const running = side.api.run(node, { executionId: "e" });
  await vi.runAllTimersAsync();
  return { ...side, result: await running };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("an execution that may have begun", () => {
  it.each([
    ["its answer took too long", late],
    ["the connection was lost", lost],
  ])("is looked for, not begun again: %s", async (_, problem) => {
    const { result, calls, commands } = await run({ execute: [problem], attach: [answers(ok)] });
    expect(result).toEqual(ok);
    expect(commands()).toEqual(["execute", "attach"]);
    expect(calls[1]).toEqual(["node", "attach", "e"]);
  });

  it("begins again when the other side does not know it", async () => {
    for (const answer of [
      unknown,
      fails("IPC_COMMUNICATION_FAILED", "Execution e not found", { answered: true }),
      answers({ success: false, error: "Execution not found" }),
    ]) {
      const { result, commands } = await run({ execute: [late, answers(ok)], attach: [answer] });
      expect(result).toEqual(ok);
      expect(commands()).toEqual(["execute", "attach", "execute"]);
    }
  });

  it("may have failed, also for want of a node", async () => {
    const error = { code: "NODE_NOT_FOUND", message: "Execution plan not found", timestamp: new Date(0) };
    const { result, commands } = await run({ execute: [late], attach: [answers({ success: false, error })] });
    expect(result).toMatchObject({ success: false, error });
    expect(commands()).toEqual(["execute", "attach"]);
  });

  it.each([
    ["refuses", noAttach],
    ["answers nonsense", answers({})],
    ["has no way for it", fails("NO_TRANSPORT", "IPC transport requires Electron renderer context to call")],
    ["says 404", fails("TRANSPORT_ERROR", "HTTP 404", { answered: true, status: 404, retryable: false })],
    ["says 500", fails("TRANSPORT_ERROR", "HTTP 500", { answered: true, status: 500 })],
  ])("ends with TIMEOUT where it took too long and the other side cannot tell of it: %s", async (_, attach) => {
    const { result, commands } = await run({ execute: [late], attach: [attach] });
    expect(result).toMatchObject({ success: false, error: { code: "TIMEOUT", message: "Execution timeout" } });
    expect(commands()).toEqual(["execute", "attach"]);
  });

  it("is sent again under its id where the connection was lost and the other side cannot tell of it", async () => {
    const { result, calls, commands } = await run({ execute: [lost, answers(ok)], attach: [noAttach] });
    expect(result).toEqual(ok);
    expect(commands()).toEqual(["execute", "attach", "execute"]);
    expect(calls[2]?.[2]).toEqual(calls[0]?.[2]);
  });

  it("is looked for as long as the other side cannot be reached", async () => {
    const busy = fails("TRANSPORT_ERROR", "HTTP 503", { answered: true, status: 503 });
    const { result, commands, warnings } = await run({ execute: [late], attach: [refused, busy, answers(ok)] });
    expect(result).toEqual(ok);
    expect(commands()).toEqual(["execute", "attach", "attach", "attach"]);
    expect(warnings.map((text) => text.slice(-6))).toEqual(["1000ms", "2000ms", "4000ms"]);
  });

  it("is given up after three further attempts", async () => {
    const { result, commands } = await run({ execute: [late], attach: [refused] });
    expect(result).toMatchObject({ error: { code: "TRANSPORT_ERROR" } });
    expect(commands()).toEqual(["execute", "attach", "attach", "attach"]);
  });

  it("is waited for as long as the other side keeps its answer back", async () => {
    const { result, calls, warnings } = await run({
      execute: [late],
      attach: [...Array<Answer>(20).fill(late), answers(ok)],
    });
    expect(result).toEqual(ok);
    expect(calls).toHaveLength(22);
    expect(warnings).toHaveLength(1);
  });

  it("is given up where a server in between says that it takes too long, or the question was not sent", async () => {
    for (const options of [{ answered: true, status: 504 }, { uncertain: false }]) {
      const { result, calls } = await run({ execute: [late], attach: [fails("TIMEOUT", "late", options)] });
      expect(result).toMatchObject({ error: { code: "TIMEOUT" } });
      expect(calls).toHaveLength(4);
    }
  });

  it("is no longer asked for once its own time is over", async () => {
    const keptBack = () =>
      new Promise((_, reject) => setTimeout(() => reject(new TransportError("TIMEOUT", "late")), 300));
    const { api, commands } = over({ execute: [late], attach: [keptBack], cancel: [answers({ success: true })] }, 5000);
    const running = api.run(node, { executionId: "e" });
    await vi.advanceTimersByTimeAsync(5000);
    expect(await running).toMatchObject({ error: { message: "Execution timed out after 5000ms" } });
    await vi.runAllTimersAsync();
    expect(commands().filter((command) => command === "attach")).toHaveLength(14);
  });

  it("is waited for by whoever attaches, however long it takes", async () => {
    const { api, calls } = over({ attach: [...Array<Answer>(20).fill(late), answers(ok)] });
    expect(await api.attach("e")).toEqual(ok);
    expect(calls).toHaveLength(21);
  });

  it("is looked for even after a repetition that was not delivered", async () => {
    const { result, commands } = await run({ execute: [lost, refused], attach: [noAttach, answers(ok)] });
    expect(result).toEqual(ok);
    expect(commands()).toEqual(["execute", "attach", "execute", "attach"]);
  });

  it("does not begin again once it is cancelled", async () => {
    let say: (error: Error) => void = () => {};
    const asked = () =>
      new Promise((_, reject) => {
        say = reject;
      });
    const { api, commands } = over({ execute: [late], attach: [asked], cancel: [answers({ success: false })] });
    const running = api.run(node, { executionId: "e" });
    await vi.advanceTimersByTimeAsync(1000);
    const cancelled = api.cancel("e");
    say(new TransportError("NODE_NOT_FOUND", "Execution e not found", { answered: true }));
    expect(await running).toMatchObject({ error: { code: "CANCELLED" } });
    await vi.runAllTimersAsync();
    await cancelled;
    expect(commands().filter((command) => command === "execute")).toHaveLength(1);
  });
});

describe("an execution that was not delivered", () => {
  it("is not looked for", async () => {
    const queued = fails("TIMEOUT", "Request timeout", { uncertain: false });
    const { result, commands } = await run({ execute: [refused, queued, refused, answers(ok)] });
    expect(result).toEqual(ok);
    expect(commands()).toEqual(["execute", "execute", "execute", "execute"]);
  });
});

describe("the deadline of an execution", () => {
  const told = { success: true };

  it("ends it here and on the other side, without another attempt", async () => {
    const { api, calls, commands } = over({ execute: [silent], cancel: [answers(told)] }, 200);
    const running = api.run(node, { executionId: "e" });
    let isOver = false;
    running.then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(199);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await running).toMatchObject({
      success: false,
      error: { code: "TIMEOUT", message: "Execution timed out after 200ms", executionId: "e" },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commands()).toEqual(["execute", "cancel"]);
    expect(calls[1]?.[2]).toBe("e");
  });

  it("counts for all attempts together", async () => {
    const { api, commands } = over({ execute: [refused], cancel: [refused] }, 1500);
    const running = api.run(node);
    await vi.advanceTimersByTimeAsync(1500);
    expect(await running).toMatchObject({ error: { code: "TIMEOUT" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commands()).toEqual(["execute", "execute", "cancel"]);
  });

  it("is none for one that ends in time", async () => {
    const { api, commands } = over({ execute: [answers(ok)] }, 200);
    expect(await api.run(node)).toEqual(ok);
    await vi.advanceTimersByTimeAsync(1000);
    expect(commands()).toEqual(["execute"]);
  });

  it("is none where it is 0 or endless", async () => {
    for (const timeout of [0, Number.POSITIVE_INFINITY]) {
      const { api } = over({ execute: [() => new Promise((resolve) => setTimeout(resolve, 400_000, ok))] }, timeout);
      const running = api.run(node);
      await vi.advanceTimersByTimeAsync(400_000);
      expect(await running).toEqual(ok);
    }
  });
});
