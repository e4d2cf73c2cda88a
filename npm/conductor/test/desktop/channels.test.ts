/** The channels beside `node`, from pages in other processes. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { OPERATIONS } from "../../src/desktop/operations.js";
import { applications } from "./process/application.js";

const start = applications(() => ({
  value: ({ value }) => value,
  hang: () => new Promise(() => {}),
  strange: () => ({ parse: () => 1 }),
}));

const FLOW = {
  name: "Saved",
  description: "Kept",
  color: "red",
  nodes: [{ id: "a", type: "value", parameters: { value: 5 }, fields: ["own"] }],
  edges: [],
  metadata: { tags: ["t"], owner: "me" },
};

describe("storage", () => {
  it("keeps all that a flow carries, and tells all windows", async () => {
    const { open } = start();
    const [page, other] = [await open(), await open()];
    await other.ask("listen", "storage", "flowSaved");
    await other.ask("listen", "storage", "flowDeleted");
    const { result: saved } = await page.call("storage", "saveFlow", { flow: FLOW });
    expect(saved).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      savedAt: expect.any(String),
      version: "1.0.0",
    });
    expect(await other.hears("storage.flowSaved")).toEqual({
      id: saved.id,
      name: "Saved",
      savedAt: saved.savedAt,
      flowId: saved.id,
      timestamp: Date.parse(saved.savedAt),
    });
    const { result: loaded } = await page.call("storage", "loadFlow", { id: saved.id });
    expect(loaded).toMatchObject({ ...FLOW, id: saved.id, metadata: { owner: "me", nodeCount: 1, edgeCount: 0 } });
    const { result: list } = await page.call("storage", "listFlows");
    expect(list).toMatchObject({
      flows: [{ id: saved.id, name: "Saved", nodeCount: 1, description: "Kept", tags: ["t"], version: "1.0.0" }],
      total: 1,
    });
    expect((await page.call("storage", "health")).result).toMatchObject({ status: "ok", flowCount: 1 });
    await page.call("storage", "deleteFlow", { id: saved.id });
    expect(await other.hears("storage.flowDeleted")).toMatchObject({ id: saved.id, name: "Saved" });
    expect(await page.call("storage", "loadFlow", { id: saved.id })).toEqual({
      error: `Flow with id ${saved.id} not found`,
      code: "NODE_NOT_FOUND",
      channelError: true,
    });
    expect((await page.call("storage", "deleteFlow", { id: saved.id })).error).toContain("not found");
  });

  it("tells windows also of flows that the main process deletes", async () => {
    const { open, handler } = start();
    const page = await open();
    await page.ask("listen", "storage", "flowDeleted");
    const { id } = await handler.conductor.storage.saveFlow({ ...FLOW, edges: [] });
    await handler.conductor.storage.deleteFlow(id);
    expect(await page.hears("storage.flowDeleted")).toEqual({ id, name: "Saved", deletedAt: expect.any(String) });
  });

  it("takes a flow that is still empty, as editors save what was just begun", async () => {
    const page = await start().open();
    const { result } = await page.call("storage", "saveFlow", { flow: { id: "new", name: "New", nodes: [] } });
    expect(result.id).toBe("new");
    expect((await page.call("storage", "loadFlow", { id: "new" })).result.nodes).toEqual([]);
  });

  it("refuses a flow that would grow beyond measure where it is written out", async () => {
    const page = await start().open();
    const answer = await page.ask("sharedFlow", 60);
    expect(answer).toMatchObject({ code: "VALIDATION_FAILED", channelError: true });
    expect(answer.error).toContain('The limit "bytes" is 16777216, found more');
  });

  it("lists by page and order", async () => {
    const page = await start().open();
    for (const name of ["b", "a", "c"]) await page.call("storage", "saveFlow", { flow: { ...FLOW, name } });
    const { result } = await page.call("storage", "listFlows", {
      sortBy: "name",
      sortOrder: "asc",
      limit: 2,
      offset: 1,
    });
    expect(result.flows.map(({ name }: { name: string }) => name)).toEqual(["b", "c"]);
    expect(result.total).toBe(3);
    expect((await page.call("storage", "listFlows", { sortBy: "size" })).channelError).toBe(true);
  });
});

describe("flow", () => {
  it("gives templates by id and by short name", async () => {
    const page = await start().open();
    const { result } = await page.call("flow", "listTemplates");
    expect(result.templates.length).toBeGreaterThan(0);
    const [{ id, name }] = result.templates;
    expect((await page.call("flow", "getTemplate", { id })).result.definition).toMatchObject({ name });
    expect(
      (await page.call("flow", "getTemplate", { id: "hello-world" })).result.definition.nodes.length,
    ).toBeGreaterThan(0);
    expect((await page.call("flow", "getTemplate", { id: "none" })).error).toBe("Flow template none not found");
  });
});

describe("system", () => {
  it("tells about the application", async () => {
    const { app, open } = start();
    const page = await open();
    expect((await page.call("system", "health")).result).toEqual({
      status: "ok",
      timestamp: expect.any(Number),
      message: "IPC connection active",
    });
    expect((await page.call("system", "getConfig")).result).toEqual({
      appPath: "/fake/app",
      userDataPath: app.getPath("userData"),
      tempPath: app.getPath("temp"),
      locale: "en-GB",
      version: "1.2.3",
      name: "Fake",
    });
    const { result: metrics } = await page.call("system", "metrics");
    expect(metrics.performance.uptime).toBeGreaterThan(0);
    expect(metrics.performance.memoryUsage.heapUsed).toBeGreaterThan(0);
    expect(metrics.performance.activeHandles).toBeGreaterThan(0);
    expect(metrics.system).toMatchObject({ platform: process.platform, arch: process.arch });
    expect(metrics.app).toMatchObject({ name: "Fake", version: "1.2.3", nodeVersion: process.versions.node });
    expect((await page.call("system", "getSystemInfo")).result.cpuCount).toBeGreaterThan(0);
  });

  it("restarts after a warning", async () => {
    const { open, app } = start();
    const page = await open();
    await page.ask("listen", "system", "appRestarting");
    const relaunched = new Promise<void>((resolve) => {
      app.exit = () => {
        app.done.push("exit");
        resolve();
      };
    });
    expect((await page.call("system", "restart", { force: true, delay: 0 })).result).toEqual({ success: true });
    expect(page.named("system.appRestarting")).toEqual([{ force: true, delay: 0, timestamp: expect.any(Number) }]);
    await relaunched;
    expect(app.done).toEqual(["relaunch", "exit"]);
    expect((await page.call("system", "restart", { delay: -1 })).channelError).toBe(true);
  });

  it("shuts down after the answer", async () => {
    const { open, app } = start();
    const page = await open();
    await page.ask("listen", "system", "appShuttingDown");
    const over = new Promise<void>((resolve) => {
      app.quit = resolve;
    });
    expect((await page.call("system", "shutdown")).result).toEqual({ success: true });
    expect(page.named("system.appShuttingDown")).toHaveLength(1);
    await over;
  });
});

describe("path", () => {
  it("knows the folders, and makes none outside of them", async () => {
    const page = await start().open();
    const { result: all } = await page.call("path", "getAllPaths");
    onTestFinished(() => rm(dirname(all.documents), { recursive: true, force: true }));
    expect((await page.call("path", "getUserDataPath")).result).toBe(all.userData);
    expect((await page.call("path", "getFlowsDirectory")).result).toBe(all.flows);
    expect((await page.call("path", "getFlowPath", { flowId: "../../etc/passwd" })).result.startsWith(all.flows)).toBe(
      true,
    );
    expect((await page.call("path", "getWorkspacePath", { id: "w" })).result).toBe(`${all.workspaces}/w`);
    expect((await page.call("path", "getConfigPath", { configName: "ui" })).result).toBe(`${all.config}/ui.json`);
    expect((await page.call("path", "getDatabasePath", { dbName: "main" })).result).toBe(`${all.database}/main.db`);
    expect((await page.call("path", "getExportPath", { filename: "x.csv" })).result).toBe(`${all.exports}/x.csv`);
    for (const path of [`${all.documents}-evil`, `${all.flows}/../../../..`, "/etc/evil"]) {
      expect((await page.call("path", "ensureDirectory", { path })).error).toContain(
        "Invalid path: must be within managed directories",
      );
    }
    expect((await page.call("path", "ensureDirectory", { path: `${all.flows}/mine` })).result).toEqual({
      success: true,
      path: `${all.flows}/mine`,
    });
  });
});

describe("logger", () => {
  it("writes with the scope that a page names, and drops what is no message", async () => {
    const scoped = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const scope = vi.fn(() => scoped);
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), scope };
    const page = await start({ logger }).open();
    for (const message of [
      { level: "info", message: "plain", timestamp: 1 },
      { level: "warn", scope: "editor", message: "scoped", meta: { at: 1 } },
      { level: "constructor", message: "no level" },
      { level: "info" },
      "text",
      { level: "info", message: "x".repeat(70_000) },
    ]) {
      await page.ask("send", "logger", "log", message);
    }
    await page.call("node", "health");
    expect(logger.info.mock.calls).toEqual([["plain"]]);
    expect(scope).toHaveBeenCalledExactlyOnceWith("editor");
    expect(scoped.warn.mock.calls).toEqual([["scoped", { at: 1 }]]);
  });
});

describe("auth", () => {
  it("is there only where there are sessions", async () => {
    const { open, handler } = start();
    const page = await open();
    expect(handler.channels).toEqual(["logger", "node", "system", "path", "storage", "flow"]);
    await expect(page.call("auth", "login", { username: "a", password: "b" })).rejects.toThrow("No handler registered");
  });

  it("hands tokens on, and tells when a session is over", async () => {
    let expire: (event?: unknown) => void = () => {};
    const auth = {
      login: vi.fn(async ({ username }: { username: string }) => ({ token: "t", user: { username } })),
      logout: vi.fn(async () => {}),
      getCurrentUser: vi.fn(async () => ({ username: "u" })),
      refreshToken: vi.fn(async () => ({ token: "t2" })),
      onAuthExpired(callback: (event?: unknown) => void) {
        expire = callback;
        return () => {};
      },
    };
    const page = await start({ auth }).open();
    await page.ask("listen", "auth", "sessionExpired");
    expect((await page.call("auth", "login", { username: "u", password: "p" })).result).toMatchObject({ token: "t" });
    expect((await page.call("auth", "refreshToken", { token: "t" })).result).toEqual({ token: "t2" });
    expect((await page.call("auth", "getCurrentUser")).result).toEqual({ username: "u" });
    expect((await page.call("auth", "logout", { token: "t2" })).result).toEqual({ success: true });
    expect(auth.refreshToken.mock.calls).toEqual([[{ token: "t" }]]);
    expect(auth.logout.mock.calls).toEqual([[{ token: "t2" }]]);
    expire({ reason: "old" });
    expect(await page.hears("auth.sessionExpired")).toEqual({ reason: "old" });
  });
});

describe("conductor", () => {
  it("runs a stored flow", async () => {
    const page = await start().open();
    await page.ask("listen", "node", "completed");
    const { result: saved } = await page.call("storage", "saveFlow", { flow: FLOW });
    const { result } = await page.call("conductor", "execute", { flowId: saved.id });
    expect(result).toMatchObject({ success: true, outputs: { a: 5 }, metadata: { flowId: saved.id } });
    expect(await page.hears("node.completed")).toMatchObject({ executionId: result.metadata.executionId });
  });

  it("answers outputs that cannot be cloned with an error", async () => {
    const page = await start().open();
    const flow = { id: "s", nodes: [{ id: "a", type: "strange" }] };
    await page.call("storage", "saveFlow", { flow });
    const { result } = await page.call("conductor", "execute", { flowId: "s" });
    expect(result).toMatchObject({ success: false, metadata: { error: { code: "SERIALIZATION_FAILED" } } });
    expect(result.error).toContain("outputs.a.parse is a function");
  });
});

describe("calls about all channels", () => {
  it("tell which there are and how they are", async () => {
    const { open, handler } = start();
    const page = await open();
    expect(await page.ask("invoke", "channels:list")).toEqual(handler.channels);
    expect(await page.ask("invoke", "channels:status")).toEqual({
      initialized: true,
      channelCount: 6,
      channels: handler.channels,
    });
    const health = await page.ask("invoke", "channels:health");
    expect(health.status).toBe("healthy");
    expect(Object.keys(health.channels)).toEqual(["node", "system", "path", "storage", "flow"]);
    expect(health.channels.storage).toMatchObject({ status: "ok", flowCount: 0 });
  });

  it("say so when the storage fails", async () => {
    const storage = {
      load: () => undefined,
      save: () => {},
      list() {
        throw new Error("Disk gone");
      },
    };
    const page = await start({ storage }).open();
    const health = await page.ask("invoke", "channels:health");
    expect(health.status).toBe("degraded");
    expect(health.channels.storage).toMatchObject({ status: "down", message: "Disk gone" });
    expect(health.channels.node.status).toBe("ok");
  });
});

describe("the bridge", () => {
  it("knows every command that is served, and no other", async () => {
    const auth = {
      login: async () => ({ token: "t" }),
      logout: async () => {},
      getCurrentUser: async () => null,
      refreshToken: async () => ({ token: "t" }),
    };
    const page = await start({ auth }).open();
    for (const [channel, { commands = [] }] of Object.entries(OPERATIONS)) {
      for (const command of commands) {
        if (["restart", "shutdown"].includes(command)) continue;
        const answer = await page.call(channel, command, { id: "none", path: "none" });
        expect(answer.error ?? "").not.toContain("No handler");
      }
    }
  });

  it("is all that a page gets", async () => {
    const page = await start().open();
    expect(await page.ask("exposed")).toEqual({ world: ["atomiton", "electron"], bridge: ["call", "listen", "send"] });
  });
});
