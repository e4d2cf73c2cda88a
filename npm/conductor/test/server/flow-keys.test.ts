/** Keys for a few flows: what they may, and that they may nothing else. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { byKeys, KeyFile } from "../../src/server/keys.js";
import { flowOf, serving } from "./serving.js";

function keyFile(): KeyFile {
  const folder = mkdtempSync(join(tmpdir(), "conductor-flow-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return new KeyFile(join(folder, "keys.json"));
}

/** A server with the flows `mine` and `other`, and a caller who may run the first. */
async function servingMine(role: "runner" | "admin" = "admin", options: object = {}) {
  const file = keyFile();
  const key = file.add("partner", role, { flows: ["mine"] });
  const all = file.add("all", "admin");
  const made = await serving({ authenticate: byKeys(file), ...options });
  for (const id of ["mine", "other"]) await made.conductor.storage.saveFlow(flowOf("say", id) as never);
  const asked = async (path: string, init: RequestInit & { key?: string } = {}) => {
    const { key: given = key, headers, ...rest } = init;
    const response = await fetch(made.apiUrl + path, {
      ...rest,
      headers: { authorization: `Bearer ${given}`, "content-type": "application/json", ...headers },
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  };
  const post = (path: string, body: unknown = {}, more: RequestInit & { key?: string } = {}) =>
    asked(path, { method: "POST", body: JSON.stringify(body), ...more });
  const lastOf = async (flowId: string) => (await made.conductor.executions.list({ flowId })).executions[0]?.id;
  return { ...made, key, all, asked, post, lastOf };
}

describe("a key for a few flows", () => {
  it.each(["runner", "admin"] as const)("runs them and sees their executions, with the role %s", async (role) => {
    const { asked, post, lastOf } = await servingMine(role);
    expect((await post("/flows/mine/run")).body).toMatchObject({ success: true });
    expect((await post("/execute", { flowId: "mine" })).body).toMatchObject({ success: true });
    expect((await asked("/flows/mine")).status).toBe(200);
    const stream = await post("/flows/mine/run", {}, { headers: { accept: "text/event-stream" } });
    expect(stream.text).toContain("event: result");
    const keyed = { headers: { "idempotency-key": "k1" } };
    const first = (await post("/flows/mine/run", {}, keyed)).body;
    expect((await post("/flows/mine/run", {}, keyed)).body).toEqual(first);
    const executionId = await lastOf("mine");
    for (const part of ["", "/trace", "/logs", "/values/a"]) {
      expect((await asked(`/executions/${executionId}${part}`)).status, part).toBe(200);
    }
  });

  it("cancels an execution of them that is under way", async () => {
    const { asked, post, conductor } = await servingMine();
    await conductor.storage.saveFlow(flowOf("hold", "mine") as never);
    const { body } = await post("/flows/mine/run?wait=1");
    expect((await post(`/executions/${body.executionId}/cancel`)).status).toBeLessThan(300);
    expect((await asked(`/executions/${body.executionId}`)).status).toBe(200);
  });

  it("has nothing of other flows, whatever its role", async () => {
    const { asked, post, all, calls, lastOf } = await servingMine();
    await post("/flows/other/run", {}, { key: all });
    const executionId = await lastOf("other");
    expect(calls).toHaveLength(1);
    const refused = { status: 403, body: { error: expect.stringContaining('is not for "partner"') } };
    expect(await post("/flows/other/run")).toMatchObject(refused);
    expect(await post("/flows/other/run?wait=10s")).toMatchObject(refused);
    expect(await post("/flows/other/run", {}, { headers: { accept: "text/event-stream" } })).toMatchObject(refused);
    expect(await post("/execute", { flowId: "other" })).toMatchObject(refused);
    expect(await post("/conductor/execute", { compositeId: "other" })).toMatchObject(refused);
    expect(await asked("/flows/other")).toMatchObject(refused);
    for (const part of ["", "/trace", "/logs", "/values/a", "/export"]) {
      expect(await asked(`/executions/${executionId}${part}`), part).toMatchObject(refused);
    }
    for (const part of ["cancel", "pause", "resume", "fork"]) {
      expect(await post(`/executions/${executionId}/${part}`), part).toMatchObject(refused);
    }
    expect(calls).toHaveLength(1);
  });

  it("neither sends a flow of its own, nor takes the answer of another execution by its id", async () => {
    const { post, all, calls, lastOf } = await servingMine();
    await post("/flows/other/run", {}, { key: all });
    const executionId = await lastOf("other");
    for (const body of [
      flowOf("say", "mine"),
      { ...flowOf("say", "mine"), flowId: "mine" },
      { flowId: "mine", context: { executionId } },
      { flowId: "mine", context: { executionId: "new" } },
    ]) {
      expect((await post("/execute", body)).status, JSON.stringify(body)).toBe(403);
    }
    expect((await post("/flows/mine/run", { context: { executionId } })).status).toBe(403);
    expect((await post("/node/execute", { node: flowOf("say", "mine") })).status).toBe(403);
    expect(calls).toHaveLength(1);
  });

  it("hears of no executions by streams and connections", async () => {
    const { asked, apiUrl, key, server: _ } = await servingMine("admin", { metrics: true });
    expect((await asked("/events")).status).toBe(403);
    expect((await asked("/metrics")).status).toBe(403);
    const socket = new WebSocket(`${apiUrl.replace(/^http/, "ws")}/ws`, {
      headers: { authorization: `Bearer ${key}` },
    });
    onTestFinished(() => socket.terminate());
    const told: Record<string, unknown>[] = [];
    const answered = new Promise<void>((resolve, reject) => {
      socket.on("message", (data) => {
        told.push(JSON.parse(String(data)));
        resolve();
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed")));
    });
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ type: "call", id: 1, channel: "node", command: "active", args: {} }));
    await answered;
    expect(JSON.stringify(told)).toContain("is not for");
  });

  it("is for no flow at all where an application gives something else than a list of ids", async () => {
    for (const flows of ["mine and more", null, { mine: true }]) {
      const caller = { name: "partner", role: "admin", flows } as never;
      const { post, asked, calls } = await servingMine("admin", { authenticate: () => caller });
      expect((await post("/flows/mine/run")).status).toBe(403);
      expect((await asked("/flows/mine")).status).toBe(403);
      expect((await asked("/events")).status).toBe(403);
      expect(calls).toEqual([]);
    }
  });

  it("is kept with its flows in a file that earlier versions do not take for one of theirs", () => {
    const file = keyFile();
    const version = () => JSON.parse(readFileSync(file.path, "utf8")).version;
    file.add("all", "viewer");
    expect(version()).toBe(1);
    const key = file.add("few", "runner", { flows: ["a", "b"] });
    expect(version()).toBe(2);
    expect(new KeyFile(file.path).callerOf(key)).toEqual({ name: "few", role: "runner", flows: ["a", "b"] });
    file.remove("few");
    expect(version()).toBe(1);
  });
});
