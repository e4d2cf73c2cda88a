/** Node-RED with one flow, as a process that tells its parent the port: `node node-red.mjs FOLDER`. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { requirePeer } from "../peers.mjs";
import { BODY, FUNCTIONS } from "./work.mjs";

const [folder] = process.argv.slice(2);
const RED = requirePeer("node-red");
const app = requirePeer("express")();
const server = createServer(app);
RED.init(server, {
  userDir: folder,
  httpAdminRoot: false,
  httpNodeRoot: "/",
  flowFile: "flows.json",
  logging: { console: { level: "error" } },
  telemetry: { enabled: false },
});
app.use("/", RED.httpNode);

const names = Array.from({ length: FUNCTIONS }, (_, index) => `step${index}`);
const chain = [...names, "answer"];
const flows = [
  { id: "tab", type: "tab", label: "work" },
  { id: "request", type: "http in", z: "tab", url: "/work", method: "post", wires: [[chain[0]]] },
  ...names.map((id, index) => ({
    id,
    type: "function",
    z: "tab",
    func: "msg.payload = { count: msg.payload.count + 1 }; return msg;",
    outputs: 1,
    wires: [[chain[index + 1]]],
  })),
  { id: "answer", type: "http response", z: "tab", wires: [] },
];
writeFileSync(join(folder, "flows.json"), JSON.stringify(flows));
const flowsStarted = new Promise((resolve) => RED.events.once("flows:started", resolve));
await RED.start();
await flowsStarted;
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port, path: "/work", body: BODY }));

process.once("disconnect", () => process.exit());
