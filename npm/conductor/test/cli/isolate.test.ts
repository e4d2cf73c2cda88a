/** Executions of callers in processes of their own, as `conductor serve` begins them. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

import { file, folder, start } from "./cli.js";

const FLOW = "id: own\ntype: group\nnodes:\n  - id: look\n    type: look\n";
const NODES = `
import { defineNode } from "@atomiton/conductor/node";
import { z } from "zod";
export const look = defineNode({
  type: "look", title: "Look", description: "Looks", parameters: z.object({}), inputs: {}, outputs: {}, effects: "reads",
  execute: () => {
    console.warn("looked", { at: 1 });
    return { pid: process.pid, names: Object.keys(process.env), options: process.execArgv };
  },
});
`;

/** A server of a folder with a node type of its own. */
function serving(isolation: unknown, ...options: string[]) {
  const cwd = folder();
  symlinkSync(fileURLToPath(new URL("../../../../node_modules", import.meta.url)), join(cwd, "node_modules"), "dir");
  file(cwd, "look.mjs", NODES);
  const config = { nodes: ["./look.mjs"], ...(isolation !== undefined && { isolation }) };
  file(cwd, "conductor.config.json", JSON.stringify(config));
  return start(["serve", file(cwd, "own.flow.yaml", FLOW), "--open", "--port", "0", ...options], { cwd });
}

it("have what conductor.config says, with the node types of the project", async () => {
  const server = serving({ roles: ["admin"], maxMemory: 300 }, "--log", "json");
  await server.says('"listening"');
  const { apiUrl } = server;
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${apiUrl}/execute`, {
    method: "POST",
    headers,
    body: JSON.stringify({ flowId: "own", context: { executionId: "one" } }),
  });
  const { data } = (await response.json()) as { data: { pid: number; names: string[]; options: string[] } };
  expect(data.pid).not.toBe(server.child.pid);
  expect(data.names).toEqual([]);
  expect(data.options).toContain("--max-old-space-size=300");
  server.child.kill("SIGINT");
  const { code, stderr } = await server.ended;
  expect(code).toBe(0);
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  // What nodes write to the console is found where those of the server write.
  expect(lines.filter(({ level }) => level === "warn")).toMatchObject([
    { event: "message", message: "looked { at: 1 }", executionId: "one", nodeId: "look" },
  ]);
});

it.each([
  [undefined, ["--isolate"], "With `open` every caller has the role admin"],
  [5, [], "isolation"],
  [{ memory: 5 }, [], "`isolation` has no memory"],
])("are refused where they cannot be isolated: %j %j", async (isolation, options, why) => {
  const { code, stderr } = await serving(isolation, ...options).ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
});
