/** A server within an application of Express. */
import { createHmac } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it, onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers, type ServerOptions } from "../../src/exports/server.js";

type Listener = (request: unknown, response: { json(value: unknown): void }, next: () => void) => void;
interface Express {
  (): { use(...parts: unknown[]): void; all(path: string, listener: Listener): void };
  json(options?: object): Listener;
  text(options?: object): Listener;
}
// It comes without types.
const { default: express }: { default: Express } = await import("express" as string);

const SECRET = "it is a secret of twenty-four bytes";

/** An application with parts before and a route after the server, and a flow with a webhook at `orders`. */
async function application(before: Listener[], options: Partial<ServerOptions> = {}) {
  const store = createMemoryExecutions();
  const conductor = createConductor({ store, transport: "local", secrets: () => SECRET });
  const secrets = () => SECRET;
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
  await triggers.start();
  const server = createServer({ conductor, triggers, durable: true, open: true, ...options });
  const app = express();
  for (const part of before) app.use(part);
  app.use(server.node);
  app.all("/{*path}", (_request, response) => response.json("of the application"));
  const http = createHttpServer(app as never);
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve());
  });
  onTestFinished(async () => {
    triggers.close();
    server.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
    await conductor.shutdown();
  });
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const body = '{ "name":  "Ada" }';
  return {
    ask: (path: string, init: RequestInit = {}) => fetch(origin + path, init),
    post: (path: string, value: unknown) =>
      fetch(origin + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(value),
      }),
    sign: (path: string) =>
      fetch(origin + path, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
        },
        body,
      }),
  };
}

const RUN = { inputs: {}, variables: {} };

it("leaves what is at no address of the server to the application", async () => {
  const { ask, sign } = await application([]);
  for (const path of ["/", "/orders", "/hooks/other", "/api", "/api/orders", "/api/orders/list", "/api/hooks/other"]) {
    expect([path, await (await ask(path)).json()]).toEqual([path, "of the application"]);
  }
  expect(await (await ask("/api/flows")).json()).toMatchObject({ flows: [{ id: "hook" }] });
  expect((await ask("/api/flows", { method: "DELETE" })).status).toBe(405);
  for (const path of ["/hooks/orders", "/api/hooks/orders"]) {
    const answer = await sign(path);
    expect([answer.status, await answer.json()]).toMatchObject([200, { result: "Ada" }]);
  }
});

it("leaves all of /hooks/ to the application where it takes no webhooks", async () => {
  const { ask } = await application([], { webhooks: false });
  expect(await (await ask("/hooks/orders")).json()).toBe("of the application");
});

it("takes bodies that a part before it has read", async () => {
  for (const part of [express.json(), express.text({ type: "*/*" })]) {
    const { post } = await application([part]);
    const answer = await post("/api/flows", { id: "saved", nodes: [] });
    expect([answer.status, await answer.json()]).toMatchObject([201, { id: "saved" }]);
    expect((await post("/api/flows/saved/run", RUN)).status).toBe(200);
  }
});

it("checks a webhook's bytes where they were kept, and says what to do where they were not", async () => {
  const verify = (request: { rawBody?: Buffer }, _response: unknown, bytes: Buffer) => {
    request.rawBody = bytes;
  };
  const kept = await (await application([express.json({ verify })])).sign("/hooks/orders");
  expect([kept.status, await kept.json()]).toMatchObject([200, { result: "Ada" }]);

  const lost = await (await application([express.json()])).sign("/hooks/orders");
  expect(lost.status).toBe(500);
  expect(((await lost.json()) as { error: string }).error).toMatch(
    /^The body of this request was read before it came to the server\. Put `server\.node` before what reads bodies/,
  );
});
