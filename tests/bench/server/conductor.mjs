/**
 * A server of conductor as a process that tells its parent the port: `node conductor.mjs [store] [folder or url]`. Callers are
 * known by keys and events are told, as everywhere. Without a store a saved flow is run; with one a webhook takes the requests.
 */

import { createConductor, defineNode } from "@atomiton/conductor/node";
import { createServer, createTriggers } from "@atomiton/conductor/server";
import { createMemoryExecutions, createStorage, openPostgresStore, openSqliteStore } from "@atomiton/storage";

import { BODY, FUNCTIONS, KEY, step } from "./work.mjs";

const OPEN = {
  memory: () => createMemoryExecutions(),
  sqlite: (folder) => openSqliteStore(`${folder}/server.db`),
  postgres: (url) => openPostgresStore(url),
};

const [kind, place] = process.argv.slice(2);
const store = await OPEN[kind]?.(place);
const conductor = createConductor({
  transport: "local",
  logLevel: "error",
  ...(store === undefined ? { storage: createStorage({ type: "memory" }) } : { store }),
  // Functions that look at nothing and change nothing, as those of other servers may: what they did needs no disk before the next one starts.
  nodes: [
    defineNode({
      type: "step",
      effects: "none",
      execute: ({ input }) => step(input.default?.body ?? input.default ?? input),
    }),
  ],
});
const names = Array.from({ length: FUNCTIONS }, (_, index) => `step${index}`);
const start = store === undefined ? [] : ["request"];
await conductor.storage.saveFlow({
  id: "work",
  nodes: [
    ...start.map((id) => ({ id, type: "webhook", parameters: { authenticate: "caller", answer: "result" } })),
    ...names.map((id) => ({ id, type: "step" })),
  ],
  edges: [...start, ...names].slice(1).map((target, index) => ({ source: [...start, ...names][index], target })),
});
const triggers = store && createTriggers({ conductor, store });
await triggers?.start();
const server = createServer({
  conductor,
  ...(triggers && { triggers, webhooks: true, durable: true }),
  authenticate: (request) =>
    request.headers.get("authorization") === `Bearer ${KEY}` ? { name: "bench", role: "runner" } : undefined,
  rateLimits: { calls: false },
});
const { port } = await server.listen({ port: 0 });
process.send(
  store === undefined
    ? { port, path: "/api/flows/work/run", body: { inputs: BODY } }
    : { port, path: "/hooks/work/request", body: BODY },
);

process.once("disconnect", () => process.exit());
