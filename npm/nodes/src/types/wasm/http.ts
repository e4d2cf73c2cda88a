/** HTTP requests of plugins, which wait for the answer in their thread. */
import type { MessagePort } from "node:worker_threads";

import { messageOf, NodeError } from "../../contract/error.js";
import type { NetworkAccess } from "../../contract/network-access.js";
import { machineNetwork } from "../../machine/network.js";

/** A request as a plugin asks for it. */
export interface PluginRequest {
  url: unknown;
  method: unknown;
  headers: unknown;
  body: Uint8Array | undefined;
}

/** What a server answered. */
export interface PluginResponse {
  status: number;
  /** By names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
}

/** Answers requests that come over a port, and wakes the thread that waits at `flag`. */
export function answerRequests(
  port: MessagePort,
  flag: Int32Array,
  send: (request: PluginRequest) => Promise<PluginResponse>,
): void {
  port.on("message", (request: PluginRequest) => {
    void send(request)
      .catch((error: unknown) => ({ failed: messageOf(error) }))
      .then((answer) => {
        port.postMessage(answer);
        Atomics.store(flag, 0, 1);
        Atomics.notify(flag, 0);
      });
  });
  // It keeps nothing running: the thread does.
  port.unref();
}

/**
 * Sends requests to hosts that are allowed, by the flow and by the owner of the conductor.
 *
 * @param most bytes of an answer
 */
export function sender(allowedHosts: readonly string[], access: NetworkAccess | undefined, most: number) {
  return async (request: PluginRequest, signal: AbortSignal): Promise<PluginResponse> => {
    const { url: given, method, body } = request;
    const url = new URL(String(given));
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new NodeError("EXECUTION_FAILED", `${url.protocol} is not allowed, http: and https: are`);
    }
    if (!allowedHosts.some((allowed) => isAllowed(url.hostname, allowed))) {
      throw new NodeError("EXECUTION_FAILED", `${url.hostname} is not among \`allowedHosts\``);
    }
    const fetch = await machineNetwork.fetch(access);
    const init = {
      method: String(method),
      headers: request.headers as Record<string, string>,
      redirect: "manual",
      signal,
    } as const;
    const hasBody = body !== undefined && !/^(?:get|head)$/i.test(init.method);
    let response: Response;
    try {
      response = await fetch(url, hasBody ? { ...init, body: body as Uint8Array<ArrayBuffer> } : init);
    } catch (error) {
      throw machineNetwork.failureOf(error, url);
    }
    const { status, headers } = response;
    return { status, headers: Object.fromEntries(headers), body: await bounded(response, most) };
  };
}

async function bounded(response: Response, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > most) throw new NodeError("MEMORY_LIMIT_EXCEEDED", `the answer has more than ${most} bytes`);
    pieces.push(piece as Uint8Array);
  }
  return Buffer.concat(pieces);
}

function isAllowed(host: string, allowed: string): boolean {
  const name = allowed.toLowerCase();
  return name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name;
}
