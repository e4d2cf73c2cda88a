/** A server within an application: flows, a signed webhook, and requests of its clients. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { createMemoryExecutions } from "@atomiton/storage";
import { onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { type ConductorServer, createServer, createTriggers, type ServerOptions } from "../../src/exports/server.js";
import { bodies, flowOf } from "./serving.js";

const SECRET = "it is a secret of twenty-four bytes";

/** The bytes of a request to the webhook; as JSON that is written again they are others. */
const BODY = '{ "name":  "Ada" }';

/** An application that listens, on 127.0.0.1. */
interface Hosted {
  port: number;
  /** Closes the application, and is called when the test is over too. */
  close(): Promise<unknown>;
}

/**
 * Starts an application with a server in it, for everyone unless `options` say otherwise. Its flows: `hook` has a webhook at `orders`
 * which answers with the name in the body that was signed; `hold` goes on when `release` is called.
 */
export async function hosting<T extends Hosted>(
  host: (server: ConductorServer) => Promise<T>,
  options: Partial<ServerOptions> = {},
) {
  const { executables, release, calls } = bodies();
  const store = createMemoryExecutions();
  const secrets = () => SECRET;
  const conductor = createConductor({
    store,
    transport: "local",
    secrets,
    nodeExecutorFactory: {
      getNodeExecutable: (type) =>
        executables[type] === undefined ? getNodeExecutable(type) : { execute: executables[type] as never },
    },
  });
  const triggers = createTriggers({ conductor, store, log: () => {}, secrets });
  const signature = { scheme: "github", secret: "${{ secrets.HOOK }}" };
  const parameters = { path: "orders", answer: "result", authenticate: "signature", signature };
  await conductor.storage.saveFlow({
    id: "hook",
    nodes: [
      { id: "request", type: "webhook", parameters },
      { id: "note", type: "code", parameters: { code: "return data.body.name" } },
    ],
    edges: [{ source: "request", target: "note" }],
  } as never);
  for (const type of ["say", "hold"]) await conductor.storage.saveFlow(flowOf(type, type) as never);
  await triggers.start();
  const server = createServer({
    conductor,
    triggers,
    durable: true,
    ...(options.authenticate === undefined && { open: true }),
    ...options,
  });
  const hosted = await host(server);
  onTestFinished(async () => {
    release();
    triggers.close();
    server.close();
    await hosted.close();
    await conductor.shutdown();
  });
  const origin = `http://127.0.0.1:${hosted.port}`;
  const ask = (path: string, init: RequestInit = {}) => fetch(origin + path, init);
  const post = (path: string, value: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(value),
    });
  /** A request to the webhook. */
  const signed: RequestInit = {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(BODY).digest("hex")}`,
    },
    body: BODY,
  };
  const sign = (path: string) => ask(path, signed);
  return { ...hosted, conductor, server, origin, ask, post, sign, signed, release, calls };
}

/** Listens to a stream of events, over a connection of its own that ends when `leave` is called. */
export async function streaming(
  url: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const asked = request(url, { method, headers, agent: false });
  onTestFinished(() => void asked.destroy());
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("error", () => {});
  return {
    headers: response.headers,
    text: () => text,
    over: new Promise((resolve) => response.on("close", resolve)),
    leave: () => asked.destroy(),
  };
}
