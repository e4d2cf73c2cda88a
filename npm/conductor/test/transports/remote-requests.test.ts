/** Requests that are carried out on the other side. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { remoteServices } from "../../src/transports/remote.js";
import { memoryTokenStore } from "../../src/transports/token-store.js";
import type { ExecutionRequest } from "../../src/types/request.js";
import { fakeTransport, type Handler } from "./fake-transport.js";

const ok = { success: true, outputs: { n: 1 }, data: 1 };
const silent: Handler = () => new Promise(() => {});
const recovery = (code: string) => ({ retryable: false, suggestions: [code] });

function requestsOver(handler: Handler, timeout?: number) {
  const fake = fakeTransport(handler);
  const transport = {
    ...fake.transport,
    execute: (request: ExecutionRequest) => fake.transport.call("conductor", "execute", request) as Promise<never>,
  };
  const services = remoteServices(transport, { tokens: memoryTokenStore(), warn() {}, recovery, timeout });
  const execute = (request: Partial<ExecutionRequest> = {}) =>
    services.requests.execute({ flowId: "f", ...request } as ExecutionRequest, "e");
  return { ...fake, execute, cancel: services.node.cancel };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("cancelling a request", () => {
  it("ends the wait for another attempt at once", async () => {
    let isGone = true;
    const { execute, cancel, count } = requestsOver((_, command) => {
      if (command === "cancel") return { success: false };
      if (isGone) throw new TransportError("TRANSPORT_ERROR", "gone");
      return ok;
    });
    const running = execute();
    await vi.advanceTimersByTimeAsync(200);
    await cancel("e");
    isGone = false;
    expect(await running).toMatchObject({ ok: false, error: { code: "CANCELLED", message: "Execution cancelled" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count("execute")).toBe(1);
  });

  it("ends the wait for a silent server after 2 s", async () => {
    const { execute, cancel } = requestsOver(silent);
    const running = execute();
    cancel("e");
    await vi.advanceTimersByTimeAsync(2000);
    expect(await running).toMatchObject({ ok: false, error: { code: "CANCELLED" } });
  });
});

describe("the deadline of a request", () => {
  it.each<[string, Partial<ExecutionRequest>, number]>([
    ["the conductor's", {}, 300],
    ["the request's", { options: { timeout: 200 } }, 200],
    ["the older one of the request", { config: { timeout: 250 } }, 250],
    ["the first of both", { config: { timeout: 100 }, options: { timeout: 200 } }, 200],
  ])("is %s; one second later nobody waits for the other side to keep it", async (_, request, ms) => {
    const { execute, count, calls } = requestsOver(silent, 300);
    let isOver = false;
    const running = execute(request).finally(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(ms + 999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await running).toMatchObject({
      ok: false,
      error: { code: "TIMEOUT", message: `Execution timed out after ${ms}ms` },
    });
    expect(calls.at(-1)).toEqual(["node", "cancel", "e"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count("execute")).toBe(1);
  });

  it("is none where it is 0", async () => {
    const { execute } = requestsOver(() => new Promise((resolve) => setTimeout(resolve, 5000, ok)), 300);
    const running = execute({ options: { timeout: 0 } });
    await vi.advanceTimersByTimeAsync(5000);
    expect(await running).toMatchObject({ ok: true });
  });

  it("is kept by the other side, which says what had run until then", async () => {
    const error = { code: "TIMEOUT", message: "Execution timed out after 300ms", timestamp: 0 };
    const metadata = { executionId: "e", flowId: "f", duration: 300, executedNodes: ["a"], attempts: 1, error };
    const { execute, count } = requestsOver(
      () => new Promise((resolve) => setTimeout(resolve, 310, { success: false, error: error.message, metadata })),
      300,
    );
    const running = execute();
    await vi.advanceTimersByTimeAsync(310);
    expect(await running).toMatchObject({ ok: true, value: { metadata: { executedNodes: ["a"] } } });
    expect(count("cancel")).toBe(0);
  });

  it("is told to the other side", async () => {
    const { execute, calls } = requestsOver(() => ok, 300);
    await execute();
    expect(calls[0]?.[2]).toEqual({ flowId: "f", context: { executionId: "e" }, options: { timeout: 300 } });
  });
});

describe("the answer to a request", () => {
  it.each([undefined, null, "text", 7, {}, { success: "yes" }, []])("is none if it is %j", async (answer) => {
    const { execute, count } = requestsOver(() => answer);
    expect(await execute()).toMatchObject({ ok: false, error: { code: "DESERIALIZATION_FAILED" }, attempts: 1 });
    expect(count("execute")).toBe(1);
  });

  it("has the time of its error as a time, and advice", async () => {
    const error = { code: "NODE_NOT_FOUND", message: "m", timestamp: "2024-01-01T00:00:00.000Z" };
    const metadata = { executionId: "e", flowId: "f", duration: 1, executedNodes: [], attempts: 1 };
    const answer = { success: false, error: "m", metadata: { ...metadata, error } };
    expect(await requestsOver(() => answer).execute()).toEqual({
      ok: true,
      attempts: 1,
      value: {
        ...answer,
        metadata: {
          ...metadata,
          error: { ...error, timestamp: new Date(error.timestamp), recovery: recovery("NODE_NOT_FOUND") },
        },
      },
    });
  });

  it("says in words what went wrong, also where the server says it as an object", async () => {
    const { execute } = requestsOver(() => ({ success: false, error: { code: "TIMEOUT", message: "too late" } }));
    expect(await execute()).toMatchObject({ value: { success: false, error: "too late" } });
  });
});

describe("a request that was lost", () => {
  const timedOut: (attached: unknown) => Handler = (attached) => (_, command) => {
    if (command === "attach") return attached;
    throw new TransportError("TIMEOUT", "Execution timeout");
  };
  const found = async (attached: unknown) => {
    const { execute, count } = requestsOver(timedOut(attached));
    const running = execute();
    await vi.runAllTimersAsync();
    expect(count("execute")).toBe(1);
    return running;
  };

  it("has the result of its execution", async () => {
    const metadata = { executionId: "e", flowId: "f", duration: 9, executedNodes: ["n"], attempts: 1 };
    expect(await found({ ...ok, metadata })).toEqual({ ok: true, value: { ...ok, metadata }, attempts: 2 });
    expect(await found({ ...ok, duration: 9, executedNodes: ["n"], trace: {} })).toEqual({
      ok: true,
      value: { ...ok, metadata },
      attempts: 2,
    });
  });

  it("has its failure", async () => {
    const error = { code: "TYPE_MISMATCH", message: "boom", timestamp: "2024-01-01T00:00:00.000Z" };
    expect(await found({ success: false, error, duration: 9, executedNodes: ["n"] })).toMatchObject({
      value: {
        success: false,
        error: "boom",
        metadata: { executionId: "e", flowId: "f", duration: 9, error: { code: "TYPE_MISMATCH", recovery: {} } },
      },
    });
  });
});

describe("the fallback of a request", () => {
  it("is sent where it can be", async () => {
    const { execute, calls } = requestsOver(() => ok);
    await execute({ options: { retries: 2, fallback: { rows: [] } } });
    expect(calls[0]?.[2]).toMatchObject({ options: { retries: 2, fallback: { rows: [] } } });
  });

  it.each([Number.POSITIVE_INFINITY, () => 1, new Map(), { deep: [1n] }])("stays here else: %s", async (fallback) => {
    const { execute, calls } = requestsOver(() => ok);
    expect(await execute({ options: { retries: 2, fallback } })).toMatchObject({ ok: true });
    expect(calls[0]?.[2]).toEqual({ flowId: "f", context: { executionId: "e" }, options: { retries: 2 } });
  });
});
