/** A link between a Node process and its child, or the other way round. */
import type { IpcListener, Link } from "./link.js";

/** What is used of `process` in a child and of a `ChildProcess` in its parent. */
export interface ProcessEndpoint {
  readonly connected?: boolean | undefined;
  send?: ((message: never, callback: (error: Error | null) => void) => boolean) | undefined;
  on(event: "message" | "disconnect" | "exit", listener: IpcListener): unknown;
  removeListener(event: "message" | "disconnect" | "exit", listener: IpcListener): unknown;
}

/**
 * Links over a child process's IPC channel: give `process` in the child and the `ChildProcess` in the parent. Fork with
 * `serialization: "advanced"`, so that dates, maps, buffers and undefined arrive as they were sent. Other messages on
 * the channel are left alone. Listening keeps a child alive until the link is closed, as any message listener does.
 */
export function createProcessLink(endpoint: ProcessEndpoint): Link {
  return {
    send(message) {
      if (!endpoint.send || endpoint.connected === false) throw new Error("There is no IPC channel to the process");
      return new Promise((resolve, reject) => {
        endpoint.send?.(message as never, (error) => (error ? reject(error) : resolve()));
      });
    },
    onMessage(callback) {
      const listener = (message: unknown) => callback(message);
      endpoint.on("message", listener);
      return () => {
        endpoint.removeListener("message", listener);
      };
    },
    onGone(callback) {
      const onDisconnect = () => callback("it disconnected");
      const onExit = () => callback("it exited");
      endpoint.on("disconnect", onDisconnect);
      endpoint.on("exit", onExit);
      return () => {
        endpoint.removeListener("disconnect", onDisconnect);
        endpoint.removeListener("exit", onExit);
      };
    },
  };
}
