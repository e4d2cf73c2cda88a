/** A main process that gives its channels what existing ones give: `execute` alone. */
import { describe, expect, it, vi } from "vitest";
import { createConductor, createNodeChannelServer } from "../../src/exports/desktop.js";
import { TransportError } from "../../src/transports/failure.js";
import { remoteServices } from "../../src/transports/remote.js";
import { memoryTokenStore } from "../../src/transports/token-store.js";
import { fakeTransport } from "../transports/fake-transport.js";

type Handle = (event: unknown, command: string, args: unknown) => Promise<unknown>;

describe("a channel of nodes with `execute` alone", () => {
  it("checks the parameters of the library's types, and lets other types through", async () => {
    const handlers = new Map<string, Handle>();
    const conductor = createConductor({ transport: "local" });
    createNodeChannelServer(
      { handle: (name: string, handle: Handle) => handlers.set(name, handle), removeHandler() {}, on() {} } as never,
      { execute: conductor.node.run },
    );
    const event = { sender: {}, senderFrame: { url: "file:///index.html" } };
    const validate = async (node: object) =>
      ((await (handlers.get("node:call") as Handle)(event, "validate", { node })) as { result: unknown }).result;
    expect(await validate({ id: "a", type: "http-request", parameters: { url: 5 } })).toMatchObject({
      valid: false,
      errors: [expect.stringContaining("parameters.url")],
    });
    expect(await validate({ id: "a", type: "http-request", parameters: { url: "https://a.example" } })).toEqual({
      valid: true,
      errors: [],
    });
    expect(await validate({ id: "a", type: "their-own", parameters: { url: 5 } })).toMatchObject({ valid: true });
    await conductor.shutdown();
  });
});

describe("a cancel that is answered with an error", () => {
  const refused = new TransportError("TRANSPORT_ERROR", "Unknown command", { answered: true });
  const over = (type: "ipc" | "http", warn: (message: string) => void) =>
    remoteServices(
      fakeTransport(() => {
        throw refused;
      }, type).transport,
      { tokens: memoryTokenStore(), warn },
    );

  it("is told on the console by a page with a bridge, and rejects where a server refuses", async () => {
    const warn = vi.fn();
    await over("ipc", warn).node.cancel("e");
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("could not be cancelled"));
    await expect(over("http", warn).node.cancel("e")).rejects.toBe(refused);
  });
});
