import { describe, expect, it, vi } from "vitest";
import { createExecutionRouter } from "../../src/transports/router.js";
import type { ExecutionTransport, TransportType } from "../../src/types/transport.js";

const transport = (type: TransportType, name: string = type): ExecutionTransport => ({
  type,
  execute: vi.fn(async () => ({ success: true, data: name })),
});
const request = { flowId: "f" };

describe("an execution router", () => {
  it("takes the first transport as the default one", async () => {
    const router = createExecutionRouter();
    router.registerTransport(transport("http"));
    router.registerTransport(transport("local"));
    expect(await router.execute(request)).toMatchObject({ data: "http" });
    expect(await router.execute(request, "local")).toMatchObject({ data: "local" });
  });

  it("takes another default one if it is told to", async () => {
    const router = createExecutionRouter();
    router.registerTransport(transport("http"));
    router.registerTransport(transport("ipc"));
    router.setDefaultTransport("ipc");
    expect(await router.execute(request)).toMatchObject({ data: "ipc" });
    expect(router.getTransport()?.type).toBe("ipc");
  });

  it("replaces a transport by a later one of its type", async () => {
    const router = createExecutionRouter();
    router.registerTransport(transport("http", "old"));
    router.registerTransport(transport("http", "new"));
    expect(await router.execute(request)).toMatchObject({ data: "new" });
  });

  it("says what is missing", async () => {
    const router = createExecutionRouter();
    await expect(router.execute(request)).rejects.toThrow("No transport registered for type: local");
    router.registerTransport(transport("local"));
    await expect(router.execute(request, "websocket")).rejects.toMatchObject({
      message: "No transport registered for type: websocket",
      code: "NO_TRANSPORT",
    });
    expect(() => router.setDefaultTransport("websocket")).toThrow("Transport websocket not registered");
    expect(await router.execute(request)).toMatchObject({ success: true });
  });
});
