import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useEngine } from "../../src/engine/backend.js";
import { nativeEngine } from "../../src/engine/native.js";
import { getErrorRecoveryStrategy } from "../../src/engine/recovery.js";
import { isRetryable, TransportError } from "../../src/transports/failure.js";
import { withRetries } from "../../src/transports/retry.js";
import { ErrorCode } from "../../src/types/errors.js";

useEngine(nativeEngine);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Fails so many times, and keeps when it was called in ms after the first time. */
function failing(times: number, error: unknown = new TransportError("TRANSPORT_ERROR", "gone")) {
  const calls: number[] = [];
  const began = Date.now();
  const call = async () => {
    calls.push(Date.now() - began);
    if (calls.length <= times) throw error;
    return "done";
  };
  return { call, calls };
}

describe("calling again", () => {
  it("happens after 1, 2 and 4 s, each announced", async () => {
    const warnings: string[] = [];
    const { call, calls } = failing(3);
    const attempted = withRetries(call, { warn: (message) => warnings.push(message) });
    await vi.runAllTimersAsync();
    expect(await attempted).toEqual({ ok: true, value: "done", attempts: 4 });
    expect(calls).toEqual([0, 1000, 3000, 7000]);
    expect(warnings).toEqual([
      "[CONDUCTOR] Execution attempt 1 failed, retrying in 1000ms",
      "[CONDUCTOR] Execution attempt 2 failed, retrying in 2000ms",
      "[CONDUCTOR] Execution attempt 3 failed, retrying in 4000ms",
    ]);
  });

  it("ends after four attempts with the last error", async () => {
    const warn = vi.fn();
    const { call, calls } = failing(99);
    const attempted = withRetries(call, { warn });
    await vi.runAllTimersAsync();
    expect(await attempted).toMatchObject({ ok: false, error: { message: "gone" }, attempts: 4 });
    expect(calls).toHaveLength(4);
    expect(warn).toHaveBeenCalledTimes(3);
  });

  it("does not happen after a success, whatever it is", async () => {
    const warn = vi.fn();
    const call = vi.fn(async () => ({ success: false }));
    expect(await withRetries(call, { warn })).toEqual({ ok: true, value: { success: false }, attempts: 1 });
    expect(call).toHaveBeenCalledOnce();
    expect(warn).not.toHaveBeenCalled();
  });

  it("does not happen where it cannot help", async () => {
    for (const code of ["NO_TRANSPORT", "CANCELLED", "SERIALIZATION_FAILED", "DESERIALIZATION_FAILED"] as const) {
      const { call, calls } = failing(1, new TransportError(code, "no"));
      expect(await withRetries(call, { warn() {} })).toMatchObject({ ok: false, error: { code }, attempts: 1 });
      expect(calls).toHaveLength(1);
    }
    const { call } = failing(1);
    expect(await withRetries(call, { warn() {}, isRetryable: () => false })).toMatchObject({ ok: false, attempts: 1 });
  });

  it("happens for errors of others, too, even if nothing is thrown but undefined", async () => {
    for (const error of [new Error("x"), "text", undefined, null, Object.assign(new Error(), { code: "ECONNRESET" })]) {
      const attempted = withRetries(failing(1, error).call, { warn() {} });
      await vi.runAllTimersAsync();
      expect(await attempted).toMatchObject({ ok: true, attempts: 2 });
    }
  });

  it("takes a call that throws at once for one that rejects", async () => {
    const attempted = withRetries(
      () => {
        throw new TransportError("NO_TRANSPORT", "no");
      },
      { warn() {} },
    );
    expect(await attempted).toMatchObject({ ok: false, attempts: 1 });
  });
});

describe("an abort", () => {
  it("ends a wait at once", async () => {
    const controller = new AbortController();
    const { call, calls } = failing(99);
    const attempted = withRetries(call, { warn() {}, signal: controller.signal });
    await vi.advanceTimersByTimeAsync(1500);
    controller.abort();
    expect(await attempted).toMatchObject({ ok: false, error: { code: "CANCELLED" }, attempts: 2 });
    expect(calls).toHaveLength(2);
  });

  it("does not end a call, but what would come after its failure", async () => {
    const controller = new AbortController();
    let fail = (_: Error) => {};
    const call = () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      });
    const warn = vi.fn();
    const attempted = withRetries(call, { warn, signal: controller.signal });
    controller.abort();
    fail(new Error("x"));
    expect(await attempted).toMatchObject({ ok: false, error: { code: "CANCELLED" }, attempts: 1 });
    expect(warn).not.toHaveBeenCalled();
    const succeeded = withRetries(async () => 1, { warn, signal: new AbortController().signal });
    expect(await succeeded).toMatchObject({ ok: true });
  });

  it("before the first call lets nothing begin", async () => {
    const call = vi.fn(async () => 1);
    const attempted = await withRetries(call, { warn() {}, signal: AbortSignal.abort() });
    expect(attempted).toMatchObject({ ok: false, error: { code: "CANCELLED" }, attempts: 0 });
    expect(call).not.toHaveBeenCalled();
  });

  it("leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const attempted = withRetries(failing(3).call, { warn() {}, signal });
    await vi.runAllTimersAsync();
    await attempted;
    expect(added).toHaveBeenCalledTimes(3);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });
});

describe("which errors are worth another call", () => {
  it.each(Object.values(ErrorCode))("%s, as the engine says", (code) => {
    const { retryable } = getErrorRecoveryStrategy(code);
    expect(new TransportError(code, "").retryable).toBe(retryable);
    expect(isRetryable({ code })).toBe(retryable);
  });
});
