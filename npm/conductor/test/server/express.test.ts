/** A server within an application of Express. */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import type { ServerOptions } from "../../src/exports/server.js";
import { hosting } from "./hosting.js";

type Listener = (request: unknown, response: { json(value: unknown): void }, next: () => void) => void;
interface Express {
  (): { use(...parts: unknown[]): void; all(path: string, listener: Listener): void };
  json(options?: object): Listener;
  text(options?: object): Listener;
}
// It comes without types.
const { default: express }: { default: Express } = await import("express" as string);

/** An application with parts before and a route after the server. */
const application = (before: Listener[], options: Partial<ServerOptions> = {}) =>
  hosting(async (server) => {
    const app = express();
    for (const part of before) app.use(part);
    app.use(server.node);
    app.all("/{*path}", (_request, response) => response.json("of the application"));
    const http = createHttpServer(app as never);
    await new Promise<void>((resolve) => {
      http.listen(0, "127.0.0.1", () => resolve());
    });
    const close = () => {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    };
    return { port: (http.address() as AddressInfo).port, close };
  }, options);

const RUN = { inputs: {}, variables: {} };

it("leaves what is at no address of the server to the application", async () => {
  const { ask, sign } = await application([]);
  for (const path of ["/", "/orders", "/hooks/other", "/api", "/api/orders", "/api/orders/list", "/api/hooks/other"]) {
    expect([path, await (await ask(path)).json()]).toEqual([path, "of the application"]);
  }
  expect(await (await ask("/api/flows")).json()).toMatchObject({ total: 3 });
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
