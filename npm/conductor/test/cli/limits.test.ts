/** Limits of executions in `conductor.config`, as `conductor serve` keeps them. */
import { expect, it, vi } from "vitest";

import { file, folder, start } from "./cli.js";

function serving(limits: unknown) {
  const cwd = folder();
  file(cwd, "conductor.config.json", JSON.stringify({ limits }));
  const flow = file(
    cwd,
    "asks.flow.yaml",
    "id: asks\ntype: group\nnodes:\n  - id: ask\n    type: wait-for-input\n    parameters: { message: May it be? }\n",
  );
  return start(["serve", flow, "--open", "--port", "0"], { cwd });
}

it("are kept by a server", async () => {
  const server = serving({ admin: { concurrent: 1, queued: 0 } });
  await server.says("Everybody on this machine");
  const { apiUrl } = server;
  const post = (path: string, body: object) =>
    fetch(apiUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const first = post("/execute", { flowId: "asks" });
  await vi.waitFor(async () => expect(await (await fetch(`${apiUrl}/questions`)).json()).toHaveLength(1));
  expect((await post("/execute", { flowId: "asks" })).status).toBe(429);
  const [{ id }] = await (await fetch(`${apiUrl}/questions`)).json();
  await post(`/questions/${encodeURIComponent(id)}/answer`, { answer: "yes" });
  expect((await first).status).toBe(200);
  server.child.kill("SIGINT");
  expect((await server.ended).code).toBe(0);
});

it.each([
  [5, "limits"],
  [{ runner: { concurent: 1 } }, "`limits.runner` has no concurent"],
  [{ runer: { bodyBytes: 1 } }, "viewer"],
  [{ runner: { bodyBytes: -1 } }, "`limits.runner.bodyBytes` must be a whole number from 1 to 25165824"],
])("are refused where they are none: %j", async (limits, why) => {
  const { code, stderr } = await serving(limits).ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
});
