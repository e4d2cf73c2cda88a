import { join } from "node:path";
import { openSqliteStore } from "@atomiton/storage";
import { expect, it, onTestFinished } from "vitest";
import { executionsOf } from "../triggers/harness.js";
import { file, folder, start } from "./cli.js";

const DELIVERIES = 60;

const FLOW = `
id: hook
nodes:
  - { id: request, type: webhook, parameters: { path: a, authenticate: none } }
  - { id: wait, type: delay, parameters: { duration: 20 } }
  - { id: note, type: edit-fields, parameters: { keepOnlySet: true, values: { body: "\${{ data.body }}" } } }
edges:
  - { source: request, target: wait }
  - { source: wait, target: note }
`;

async function serve(root: string, store: string) {
  const running = start(["serve", "hook.flow.yaml", "--open", "--port", "0", "--store", store, "--no-config"], {
    cwd: root,
  });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await running.says("hook/request is armed");
  const origin = running.apiUrl.slice(0, -"/api".length);
  const deliver = async (id: number): Promise<string> => {
    const headers = { "content-type": "application/json", "idempotency-key": `delivery-${id}` };
    const answer = await fetch(`${origin}/hooks/a`, { method: "POST", headers, body: `{"id":${id}}` });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { executionId: string }).executionId;
  };
  return { running, deliver };
}

it("begins one execution for each delivery, though the server is killed among them and all are sent again", async () => {
  const root = folder();
  file(root, "hook.flow.yaml", FLOW);
  const database = join(root, "a.db");
  const first = await serve(root, `sqlite:${database}`);
  const known = new Map<number, string>();
  await Promise.allSettled(
    Array.from({ length: DELIVERIES }, async (_, id) => {
      known.set(id, await first.deliver(id));
      if (known.size === DELIVERIES / 3) first.running.child.kill("SIGKILL");
    }),
  );
  await first.running.ended;
  // What was answered is kept: that was said.
  expect(known.size).toBeGreaterThanOrEqual(DELIVERIES / 3);

  const second = await serve(root, `sqlite:${database}`);
  const ids = await Promise.all(Array.from({ length: DELIVERIES }, (_, id) => second.deliver(id)));
  for (const [id, executionId] of known) expect(ids[id]).toBe(executionId);
  expect(new Set(ids).size).toBe(DELIVERIES);
  const store = await openSqliteStore(database);
  onTestFinished(() => store.close());
  expect((await executionsOf(store, "hook")).map(({ id }) => id).sort()).toEqual([...ids].sort());
});
