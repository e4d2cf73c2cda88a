import { describe, expect, it, vi } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { LazyTransport } from "../../src/transports/lazy-transport.js";
import { fakeTransport, type Handler } from "./fake-transport.js";

function lineTo(handler?: Handler) {
  const fake = fakeTransport(handler);
  const shutdown = vi.fn(async () => {});
  const make = vi.fn(() => ({ ...fake.transport, shutdown }));
  return { line: new LazyTransport("http", make), make, shutdown, ...fake };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a transport that is made when it is needed", () => {
  it("is made once, by the first call or listener", async () => {
    const { line, make } = lineTo(() => 7);
    expect(make).not.toHaveBeenCalled();
    line.listen("node", "progress", () => {});
    expect(await line.call("a", "b")).toBe(7);
    expect(make).toHaveBeenCalledOnce();
  });

  it("rejects the calls when it cannot be made, and whoever opens or listens", async () => {
    const line = new LazyTransport("http", () => {
      throw new TransportError("INVALID_PARAMETERS", "no address");
    });
    await expect(line.call("a", "b")).rejects.toThrow("no address");
    await expect(line.execute({ flowId: "f" })).rejects.toThrow("no address");
    expect(() => line.open()).toThrow("no address");
    expect(() => line.listen("a", "b", () => {})).toThrow("no address");
  });

  it("is not made any more after the end", async () => {
    const { line, make } = lineTo();
    await line.shutdown();
    await expect(line.call("a", "b")).rejects.toMatchObject({ code: "NO_TRANSPORT" });
    expect(make).not.toHaveBeenCalled();
    expect(line.ended.aborted).toBe(true);
  });
});

describe("a transport that is not used any more", () => {
  it("is shut down at once when nothing is pending", async () => {
    const { line, shutdown } = lineTo();
    await line.call("a", "b");
    await line.retire();
    expect(shutdown).toHaveBeenCalledOnce();
  });

  it("is shut down when all that is pending is done, whatever came of it", async () => {
    const settle: ((error?: Error) => void)[] = [];
    const { line, shutdown } = lineTo(
      () =>
        new Promise((resolve, reject) => {
          settle.push((error) => (error === undefined ? resolve(1) : reject(error)));
        }),
    );
    const calls = [line.call("a", "b"), line.call("c", "d")];
    let work = () => {};
    const during = line.track(
      () =>
        new Promise<void>((resolve) => {
          work = resolve;
        }),
    );
    const retired = line.retire();
    await turn();
    settle[0]?.(new Error("failed"));
    await expect(calls[0]).rejects.toThrow("failed");
    settle[1]?.();
    await calls[1];
    await turn();
    expect(shutdown).not.toHaveBeenCalled();
    work();
    await during;
    await retired;
    expect(shutdown).toHaveBeenCalledOnce();
  });

  it("can be shut down before", async () => {
    const { line } = lineTo(() => new Promise(() => {}));
    void line.call("a", "b");
    const retired = line.retire();
    await line.shutdown();
    await retired;
  });
});
