/** A handler that does nothing, behind the framework that ours uses, as a process that tells its parent the port. */

import { serve } from "@hono/node-server";
import { Hono } from "hono";

import { BODY } from "./work.mjs";

const app = new Hono();
app.post("/", async (c) => c.json(await c.req.json()));
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
  process.send({ port, path: "/", body: BODY }),
);

process.once("disconnect", () => process.exit());
