/** Triggers of a store, and of a server that is killed. */
import { join } from "node:path";
import { openSqliteStore } from "@atomiton/storage";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { conductor, file, folder, start } from "./cli.js";

const REPORT = `
id: report
name: Report
nodes:
  - { id: hourly, type: schedule, parameters: { every: 1h } }
  - { id: note, type: edit-fields, parameters: { keepOnlySet: true, values: { at: "{{time}}" } } }
edges: [{ source: hourly, target: note }]
`;

const WRONG = `
id: wrong
nodes:
  - { id: times, type: schedule, parameters: { every: 1h } }
  - { id: group, type: group, nodes: [{ id: inner, type: schedule, parameters: { every: 1h } }] }
`;

const OFTEN = `
id: often
nodes:
  - { id: second, type: schedule, parameters: { every: 1s } }
  - { id: request, type: webhook, parameters: { authenticate: none, answer: result, waitFor: 60s } }
  - { id: slow, type: delay, parameters: { duration: 2s } }
edges:
  - { source: request, target: slow }
`;

const MIXED = `
id: mixed
nodes:
  - { id: daily, type: schedule, parameters: { cron: "0 9 * * *" } }
  - { id: request, type: webhook, parameters: { authenticate: none } }
`;

const RANGE = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T05:30:00+01:00"];

it("are by `schedules` those of a time alone", async () => {
  const place = folder();
  const where = ["--store", `sqlite:${join(place, "a.db")}`, "--no-config"];
  const schedules = async (...args: string[]) => {
    const { code, stdout, stderr } = await conductor("schedules", ...args, ...where);
    return { code, text: stdout + stderr };
  };
  const alone = "id: alone\nnodes:\n  - { id: request, type: webhook, parameters: { authenticate: none } }\n";
  await conductor("flows", "save", file(place, "alone.yaml", alone), ...where);
  expect(await schedules("list")).toEqual({ code: 0, text: "No saved flow has a schedule\n" });
  await conductor("flows", "save", file(place, "mixed.yaml", MIXED), ...where);
  expect(await schedules("list")).toEqual({
    code: 0,
    text: expect.stringMatching(/^armed {4}schedule {5}mixed\/daily {2}next \d{4}-\d\d-\d\d \d\d:00:00\n$/),
  });
  const listed = JSON.parse((await schedules("list", "--json")).text) as { nodeId: string; next: number }[];
  expect(listed).toEqual([expect.objectContaining({ nodeId: "daily", next: expect.any(Number) })]);
  expect(await schedules("fire", "mixed", "request")).toEqual({
    code: 2,
    text: expect.stringContaining(
      "`request` is a webhook and no schedule; conductor triggers fire mixed request begins it",
    ),
  });
  expect(await schedules("fire", "mixed", "daily")).toMatchObject({ code: 0 });
  expect(await schedules("fire", "mixed", "nightly")).toEqual({
    code: expect.toSatisfy((code: number) => code !== 0),
    text: expect.stringContaining("no trigger `nightly`"),
  });
  expect(
    await schedules("backfill", "mixed", "daily", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-03T00:00:00Z"),
  ).toEqual({
    code: 0,
    text: "2 executions begun\n",
  });
  expect(await schedules("test-address", "mixed", "request")).toMatchObject({ code: 2 });
});

it("are listed, fired and done later in a store", async () => {
  const place = folder();
  const where = ["--store", `sqlite:${join(place, "a.db")}`, "--no-config"];
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await conductor(...args, ...where);
    return { code, text: stdout + stderr };
  };
  expect(await said("flows", "save", file(place, "report.yaml", REPORT))).toMatchObject({ code: 0 });
  expect(await said("triggers", "list")).toEqual({
    code: 0,
    text: expect.stringMatching(/^armed {4}schedule {5}report\/hourly {2}next \d{4}-\d\d-\d\d \d\d:00:00\n$/),
  });
  expect(await said("triggers", "fire", "report", "hourly")).toEqual({
    code: 0,
    text: expect.stringMatching(/^schedule-[0-9a-f]{32} completed\n$/),
  });
  expect(await said("triggers", "backfill", "report", "hourly", ...RANGE)).toEqual({
    code: 0,
    text: "5 executions begun\n",
  });
  expect(await said("triggers", "backfill", "report", "hourly", ...RANGE)).toEqual({
    code: 0,
    text: "0 executions begun, 5 there already\n",
  });
  expect(await said("triggers", "fire", "report", "note")).toEqual({
    code: 1,
    text: "The flow report has no trigger `note`\n",
  });
  const list = await said("executions", "list");
  expect(list.text.match(/completed/g)).toHaveLength(6);
  expect(await said("flows", "save", file(place, "wrong.yaml", WRONG))).toEqual({
    code: 3,
    text: expect.stringContaining("trigger-place"),
  });
});

it("are tried by an address of a server for one request", async () => {
  const place = folder();
  file(place, "often.flow.yaml", OFTEN.replace("answer: result, waitFor: 60s", "answer: received"));
  const running = start(["serve", "often.flow.yaml", "--open", "--port", "0", "--no-config"], { cwd: place });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await running.says("request is armed");
  const { apiUrl } = running;
  const asked = ["triggers", "test-address", "often"];
  const { code, stdout } = await conductor(...asked, "request", "--remote", apiUrl, "--no-config");
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+ {2}for one request until /) });
  const url = stdout.split(" ")[0] as string;
  const send = async () => (await fetch(url, { method: "POST" })).status;
  expect([await send(), await send()]).toEqual([202, 404]);

  expect(await conductor(...asked, "second", "--remote", apiUrl, "--no-config")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("`second` is a schedule, not a webhook"),
  });
  expect(await conductor(...asked, "request", "--no-config")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("give --remote URL"),
  });
});

describe("of a server that is killed", () => {
  it("begin each time, and each delivery, once", async () => {
    const place = folder();
    const flow = file(place, "often.yaml", OFTEN);
    const database = join(place, "a.db");
    const serve = async () => {
      const served = start(["serve", flow, "--open", "--port", "0", "--store", `sqlite:${database}`, "--no-config"]);
      onTestFinished(() => {
        served.child.kill("SIGKILL");
      });
      let text = "";
      served.child.stderr?.on("data", (chunk) => {
        text += chunk;
      });
      await served.says("often/request is armed");
      return { ...served, origin: /http:\/\/[\d.:]+/.exec(text)?.[0] ?? "" };
    };
    const send = (origin: string, delivery: string) =>
      fetch(`${origin}/hooks/often/request`, { method: "POST", headers: { "idempotency-key": delivery } });
    const count = async () => {
      const store = await openSqliteStore(database);
      try {
        const { executions } = await store.list({ flowId: "often" }, { limit: 1000 });
        return executions.reverse();
      } finally {
        await store.close();
      }
    };
    for (let round = 0; round < 3; round++) {
      const { child, ended, origin } = await serve();
      const broken = send(origin, "one").catch(() => undefined);
      const known = 2 * round + 1;
      await vi.waitFor(async () => expect((await count()).length).toBeGreaterThan(known), {
        interval: 100,
      });
      child.kill("SIGKILL");
      await Promise.all([ended, broken]);
    }
    const { child, ended, origin } = await serve();
    const answer = await send(origin, "one");
    expect(answer.status).toBe(200);
    await vi.waitFor(async () => {
      const rows = await count();
      expect(rows.filter(({ trigger }) => trigger === "webhook").map(({ status }) => status)).toEqual(["completed"]);
    });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    const rows = await count();
    const store = await openSqliteStore(database);
    const reader = createConductor({ store, wakes: "own" });
    onTestFinished(async () => {
      await reader.shutdown();
      await store.close();
    });
    const times: unknown[] = [];
    for (const { id, trigger, status } of rows) {
      // One that the end of the server interrupted goes on at its next start.
      if (trigger !== "schedule" || status !== "completed") continue;
      times.push(((await reader.executions.value(id, "second")) as { time: string }).time);
    }
    expect(times.length).toBeGreaterThan(2);
    expect(new Set(times).size).toBe(times.length);
  });
});
