/** What the audit is told. */
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it, onTestFinished, vi } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { type AuditEntry, createTriggers, createUsers } from "../../src/exports/server.js";
import { rawSocket } from "./raw.js";
import { flowOf, keyOf, serving } from "./serving.js";

const PASSWORD = "correct horse";

it("has who did what from where, and how it ended", async () => {
  const audited: AuditEntry[] = [];
  const { ask, post } = await serving({ audit: (entry) => void audited.push(entry) });
  await post("editor", "/flows", flowOf("say"));
  await post("runner", "/flows/f/run", { inputs: { password: "planted" } });
  await post("viewer", "/flows/f/run", {});
  await ask(null, "/flows");
  await ask("viewer", "/events?x=1");
  await ask(null, "/events");
  await ask("editor", "/flows/f", { method: "DELETE" });
  await ask("editor", "/flows/none", { method: "DELETE" });
  const address = "127.0.0.1";
  expect(audited.map(({ time: _, ...entry }) => entry)).toEqual([
    { event: "call", caller: "edna", role: "editor", address, what: "storage.saveFlow", subject: "f", outcome: "ok" },
    {
      event: "call",
      caller: "ron",
      role: "runner",
      address,
      what: "conductor.execute",
      subject: "f",
      outcome: "begun",
    },
    { event: "refused", caller: "vera", role: "viewer", address, what: "conductor.execute", outcome: "403" },
    { event: "refused", address, what: "storage.listFlows", outcome: "401" },
    { event: "refused", address, what: "events", outcome: "401" },
    { event: "call", caller: "edna", role: "editor", address, what: "storage.deleteFlow", subject: "f", outcome: "ok" },
    {
      event: "call",
      caller: "edna",
      role: "editor",
      address,
      what: "storage.deleteFlow",
      subject: "none",
      outcome: expect.stringMatching(/^[A-Z_]+$/),
    },
  ]);
  expect(audited.every(({ time }) => new Date(time).toISOString() === time)).toBe(true);
});

it("has what runners do to executions, and executions of triggers and webhooks", async () => {
  const audited: AuditEntry[] = [];
  const store = createMemoryExecutions();
  const conductor = createConductor({ transport: "local", store, logLevel: "error" });
  onTestFinished(() => conductor.shutdown());
  const triggers = createTriggers({ conductor, store });
  onTestFinished(() => triggers.close());
  await triggers.start();
  const hook = (id: string, authenticate: string) => ({
    id,
    type: "webhook",
    parameters: { path: id, authenticate, answer: "received" },
  });
  for (const [id, authenticate] of [
    ["free", "none"],
    ["known", "caller"],
  ] as const) {
    const ask = { id: "ask", type: "wait-for-input", parameters: { question: "?" } };
    const nodes = [hook(id, authenticate), ask];
    await conductor.storage.saveFlow({ id, nodes, edges: [{ source: id, target: "ask" }] } as never);
  }
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const { post, port } = await serving({ audit, conductor, triggers, webhooks: true }, store);
  const origin = `http://127.0.0.1:${port}`;
  const begun: { executionId: string } = await (await post("runner", "/triggers/free/free/fire", {})).json();
  await fetch(`${origin}/hooks/free`, { method: "POST", headers: { "idempotency-key": "1" } });
  await fetch(`${origin}/hooks/free`, { method: "POST", headers: { "idempotency-key": "1" } });
  const headers = { authorization: `Bearer ${keyOf("runner")}` };
  await fetch(`${origin}/hooks/known`, { method: "POST", headers });
  await post("runner", `/executions/${begun.executionId}/cancel`, {});
  expect(audited.map(({ caller, what, outcome }) => [caller, what, outcome])).toEqual([
    ["ron", "trigger.fire", "ok"],
    [undefined, "hooks/free", "begun"],
    ["ron", "hooks/known", "begun"],
    ["ron", "node.cancel", "ok"],
  ]);
});

it("has sign-ins and changes of users, and no password, token or hash", async () => {
  const audited: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const store = createMemoryExecutions();
  const users = createUsers({ store, audit });
  await users.add("ada", { role: "admin", password: PASSWORD });
  const { authenticate, auth } = users;
  const { post, apiUrl } = await serving({ authenticate, auth, audit }, store);
  const { token } = await (await post(null, "/auth/login", { username: "ada", password: PASSWORD })).json();
  await post(null, "/auth/login", { username: "ada", password: "wrong secret" });
  // A password in the place of the name.
  await post(null, "/auth/login", { username: "wrong secret", password: "ada" });
  const { call } = await rawSocket(apiUrl, { token });
  await call("storage", "deleteFlow", { id: "f" });
  await call("auth", "logout");
  await users.setRole("ada", "viewer");
  await users.setPassword("ada", "another secret");
  await users.remove("ada");
  expect(audited.map(({ event, caller, what, outcome }) => [event, caller, what, outcome])).toEqual([
    ["user", undefined, "add", "ok"],
    ["sign-in", "ada", undefined, "ok"],
    ["sign-in", "ada", undefined, "VALIDATION_FAILED"],
    ["sign-in", undefined, undefined, "VALIDATION_FAILED"],
    ["call", "ada", "storage.deleteFlow", expect.any(String)],
    ["sign-out", "ada", undefined, "ok"],
    ["user", undefined, "role", "ok"],
    ["user", undefined, "password", "ok"],
    ["user", undefined, "remove", "ok"],
  ]);
  const text = JSON.stringify(audited);
  for (const secret of [token, PASSWORD, "secret", "argon2", "conds_"]) expect(text).not.toContain(secret);
});

it("stops nothing where it fails", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => {});
  const audit = () => {
    throw new Error("disk full");
  };
  const { apiUrl, post } = await serving({ audit });
  expect((await post("editor", "/flows", flowOf("say"))).status).toBe(201);
  const { call } = await rawSocket(apiUrl, { token: keyOf("viewer") });
  expect(await call("storage", "deleteFlow", { id: "f" })).toMatchObject({ code: "VALIDATION_FAILED" });
  errors.mockRestore();
});
