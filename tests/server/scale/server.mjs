/**
 * A server as a process that tells its parent where it is: `node server.mjs`. Its node `ticker` says the time, in ms, once the parent
 * says `tick`; its node `hold` ends when the parent says `release`.
 */
import { EventEmitter, once } from "node:events";
import { createConductor, defineNode } from "../../../npm/conductor/dist/desktop.js";
import { createServer } from "../../../npm/conductor/dist/server.js";
import { createMemoryExecutions } from "../../../npm/storage/dist/desktop.js";
import { now } from "./time.mjs";

/** Ticks that were asked for. */
const ticks = new EventEmitter();
let asked = 0;
/** How many nodes wait for `release`. */
let holding = 0;
let release;
const released = new Promise((resolve) => {
  release = resolve;
});

const ticker = defineNode({
  type: "ticker",
  async execute({ progress, parameters }) {
    for (let tick = 0; tick < parameters.ticks; tick++) {
      if (asked <= tick) await once(ticks, "tick");
      progress((100 * tick) / parameters.ticks, String(now()));
    }
    return "ticked";
  },
});
const hold = defineNode({
  type: "hold",
  async execute({ input }) {
    holding++;
    await released;
    return input;
  },
});

const conductor = createConductor({ transport: "local", store: createMemoryExecutions(), nodes: [ticker, hold] });
const server = createServer({
  conductor,
  durable: true,
  limits: { admin: false, all: false },
  rateLimits: { calls: false },
  open: true,
});
const { apiUrl } = await server.listen({ port: 0 });
process.on("message", (command) => {
  if (command === "clients") process.send({ clients: server.clients });
  else if (command === "holding") process.send({ holding });
  else if (command === "memory") {
    globalThis.gc();
    process.send({ memory: process.memoryUsage().rss });
  } else if (command === "release") release();
  else {
    asked++;
    ticks.emit("tick");
  }
});
process.once("disconnect", () => process.exit());
process.send({ apiUrl });
