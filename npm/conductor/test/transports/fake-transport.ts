/** A transport whose other side is a function. */
import type { RemoteTransport, TransportType } from "../../src/types/transport.js";

export type Handler = (channel: string, command: string, args: unknown) => unknown;

export function fakeTransport(handler: Handler = () => undefined, type: TransportType = "http") {
  const calls: [channel: string, command: string, args: unknown][] = [];
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const transport: RemoteTransport = {
    type,
    async call(channel, command, args) {
      calls.push([channel, command, args]);
      return handler(channel, command, args);
    },
    async execute() {
      throw new Error("not used");
    },
    listen(channel, event, callback) {
      const key = `${channel}/${event}`;
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(callback));
      return () => {
        set.delete(callback);
      };
    },
    async shutdown() {},
  };
  return {
    transport,
    calls,
    /** How often a command was called. */
    count: (command: string) => calls.filter(([, name]) => name === command).length,
    emit: (key: string, data: unknown) => {
      for (const callback of listeners.get(key) ?? []) callback(data);
    },
    listeners: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}
