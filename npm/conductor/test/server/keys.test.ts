/** Keys in a file, as a server and the command line have them. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { byKeys, KeyFile } from "../../src/server/keys.js";
import { conductor, ROOT, type Running, start } from "../cli/cli.js";
import { serving } from "./serving.js";

function folder(inFolder = tmpdir()): string {
  mkdirSync(inFolder, { recursive: true });
  const path = mkdtempSync(join(inFolder, "conductor keys "));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const keyFile = () => new KeyFile(join(folder(), "keys.json"));

/** Asks for flows with a key and gives the status. */
async function statusWith(apiUrl: string, key: string): Promise<number> {
  return (await fetch(`${apiUrl}/flows`, { headers: { authorization: `Bearer ${key}` } })).status;
}

describe("a file of keys", () => {
  it("holds hashes only, for its owner alone", () => {
    const file = keyFile();
    const key = file.add("me", "editor");
    expect(key).toMatch(/^cond_[\w-]{43}$/);
    expect(readFileSync(file.path, "utf8")).not.toContain(key.slice(5));
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    chmodSync(file.path, 0o644);
    file.add("you", "viewer");
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(file.callerOf(key)).toEqual({ name: "me", role: "editor" });
    expect(existsSync(`${file.path}.lock`)).toBe(false);
  });

  it("has each name once", () => {
    const file = keyFile();
    file.add("me", "editor");
    expect(() => file.add("me", "admin")).toThrow(/"me"/);
    expect(file.list()).toHaveLength(1);
    expect(file.remove("you")).toBe(false);
  });

  it("lets a key expire at its moment", () => {
    const file = keyFile();
    const key = file.add("me", "editor", { expiresAt: new Date(1000) });
    expect(file.callerOf(key, 999)).toEqual({ name: "me", role: "editor" });
    expect(file.callerOf(key, 1000)).toBeUndefined();
  });

  it("counts for a server as it is now: added, removed, replaced", async () => {
    const file = keyFile();
    const { apiUrl } = await serving({ authenticate: byKeys(file) });
    expect(await statusWith(apiUrl, "cond_none")).toBe(401);
    const other = new KeyFile(file.path);
    const key = other.add("me", "viewer");
    expect(await statusWith(apiUrl, key)).toBe(200);
    other.remove("me");
    expect(await statusWith(apiUrl, key)).toBe(401);
    const elsewhere = keyFile();
    const third = elsewhere.add("third", "viewer");
    writeFileSync(file.path, readFileSync(elsewhere.path));
    expect(await statusWith(apiUrl, third)).toBe(200);
    rmSync(file.path);
    expect(await statusWith(apiUrl, third)).toBe(401);
  });

  it.each([
    ["", /not JSON/],
    ["{", /not JSON/],
    ["[]", /version/],
    ["null", /version/],
    ['{"version":3,"keys":[]}', /says 3/],
    ['{"version":1}', /without name/],
    ['{"version":1,"keys":[{"name":"a","role":"king","hash":"x"}]}', /role/],
    ['{"version":1,"keys":[{"name":"a","role":"admin"}]}', /hash/],
    ['{"version":1,"keys":[{"name":"a","role":"admin","hash":"x","expiresAt":"soon"}]}', /without/],
    ['{"version":1,"keys":[null]}', /without/],
  ])("that is damaged lets no one in, and is left as it is: %s", async (text, problem) => {
    const file = keyFile();
    const key = file.add("me", "admin");
    const { apiUrl } = await serving({ authenticate: byKeys(file) });
    expect(await statusWith(apiUrl, key)).toBe(200);
    writeFileSync(file.path, text);
    expect(await statusWith(apiUrl, key)).toBe(503);
    expect(() => file.list()).toThrow(problem);
    expect(() => file.add("you", "admin")).toThrow(problem);
    expect(readFileSync(file.path, "utf8")).toBe(text);
    expect(existsSync(`${file.path}.lock`)).toBe(false);
  });

  it("loses no key of processes that add at the same time", async () => {
    const path = join(folder(), "keys.json");
    const names = Array.from({ length: 6 }, (_, index) => `key-${index}`);
    const added = await Promise.all(
      names.map((name) => conductor("keys", "add", name, "--role", "viewer", "--keys", path)),
    );
    expect(added.map(({ code }) => code)).toEqual(names.map(() => 0));
    const file = new KeyFile(path);
    expect(
      file
        .list()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    for (const { stdout } of added) expect(file.callerOf(stdout.trim())?.role).toBe("viewer");
  });
});

describe("conductor keys", () => {
  it("adds, lists and removes", async () => {
    const keys = ["--keys", join(folder(), "keys.json")];
    const added = await conductor("keys", "add", "me", "--role", "editor", "--expires", "90d", ...keys);
    expect(added.stdout).toMatch(/^cond_[\w-]{43}\n$/);
    const listed = await conductor("keys", "list", "--json", ...keys);
    expect(JSON.parse(listed.stdout)).toEqual([
      { name: "me", role: "editor", createdAt: expect.any(String), expiresAt: expect.any(String) },
    ]);
    expect(await conductor("keys", "add", "me", "--role", "viewer", ...keys)).toMatchObject({ code: 2 });
    expect(await conductor("keys", "add", "you", "--role", "king", ...keys)).toMatchObject({ code: 2 });
    expect(await conductor("keys", "remove", "me", ...keys)).toMatchObject({ code: 0 });
    expect(await conductor("keys", "remove", "me", ...keys)).toMatchObject({ code: 2 });
  });
});

/** `conductor serve` in a folder, with a key of an admin. */
async function served(root: string, ...more: string[]) {
  const key = new KeyFile(join(root, "keys.json")).add(`admin-${more.length}-${Math.random()}`, "admin");
  const running = start(
    ["serve", "--port", "0", "--keys", join(root, "keys.json"), "--store", `sqlite:${join(root, "a.db")}`, ...more],
    { cwd: root },
  );
  onTestFinished(() => void running.child.kill("SIGKILL"));
  let said = "";
  running.child.stderr?.on("data", (text) => {
    said += text;
  });
  await running.says("Callers sign in");
  const apiUrl = /at (http:\S+)/.exec(said)?.[1] ?? "";
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(apiUrl + path, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { running, apiUrl, ask };
}

/** Asks a server to end, and waits until it has. */
async function ended({ child, ended }: Running) {
  child.kill("SIGTERM");
  return ended;
}

describe("conductor serve", () => {
  it("does not start without keys", async () => {
    const { code, stderr } = await conductor("serve", "--port", "0", "--keys", join(folder(), "keys.json"));
    expect(code).toBe(2);
    expect(stderr).toContain("conductor keys add");
  });

  it("does not start with a damaged file of keys", async () => {
    const path = join(folder(), "keys.json");
    writeFileSync(path, "{");
    expect(await conductor("serve", "--port", "0", "--keys", path)).toMatchObject({ code: 2 });
  });

  it.each(["0.0.0.0", "::", "192.0.2.1"])("with --open listens on this machine only, not on %s", async (host) => {
    const root = folder();
    const { code, stderr } = await start(
      ["serve", "--open", "--port", "0", "--host", host, "--store", `sqlite:${join(root, "a.db")}`],
      { cwd: root },
    ).ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain("this machine only");
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("lets flows run no programs, read no files and reach no private addresses", async () => {
    const root = folder(join(ROOT, "out"));
    writeFileSync(join(root, "secret.txt"), "top secret");
    // Settings of the project that say nothing of private addresses leave them as they are.
    writeFileSync(join(root, "conductor.config.json"), JSON.stringify({ network: { hosts: ["127.0.0.1"] } }));
    const requests: unknown[] = [];
    const inside = createServer((request, response) => {
      requests.push(request.url);
      response.end("top secret");
    });
    await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void inside.close());
    const { port } = inside.address() as AddressInfo;
    const nodes = {
      program: { type: "shell-command", parameters: { program: "echo", args: ["top secret"] } },
      file: { type: "file-system", parameters: { path: join(root, "secret.txt") } },
      address: { type: "http-request", parameters: { url: `http://127.0.0.1:${port}/` } },
    };
    const { running, ask } = await served(root);
    for (const [id, node] of Object.entries(nodes)) {
      const flow = { id, type: "group", nodes: [{ id: "a", ...node }], edges: [] };
      expect([id, (await ask("POST", "/flows", flow)).status]).toEqual([id, 201]);
      const { body } = await ask("POST", `/flows/${id}/run`);
      expect([id, body]).toMatchObject([id, { success: false }]);
      expect(JSON.stringify(body.outputs ?? body.data ?? "")).not.toContain("top secret");
    }
    expect(requests).toEqual([]);
    expect((await ended(running)).code).toBe(0);
  });

  it("ends at SIGTERM while a flow runs, and goes on with it at the next start", async () => {
    const root = folder(join(ROOT, "out"));
    const door = join(root, "open");
    const nodes = join(root, "nodes.mjs");
    writeFileSync(
      nodes,
      `import { existsSync } from "node:fs";
import { defineNode } from "@atomiton/nodes";
export const first = defineNode({ type: "first", execute: () => process.pid });
export const hold = defineNode({
  type: "hold",
  execute: async ({ signal }) => {
    while (!existsSync(${JSON.stringify(door)})) {
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.pid;
  },
});`,
    );
    const before = await served(root, "--nodes", nodes);
    const flow = {
      id: "f",
      type: "group",
      nodes: [
        { id: "a", type: "first" },
        { id: "b", type: "hold" },
      ],
      edges: [{ id: "e", source: "a", target: "b" }],
    };
    expect((await before.ask("POST", "/flows", flow)).status).toBe(201);
    const later = await before.ask("POST", "/flows/f/run?wait=0", { context: { executionId: "one" } });
    expect(later).toMatchObject({ status: 202, body: { executionId: "one" } });
    const first = before.running.child.pid;
    // Once the node before it is on record, the second one runs.
    let value: unknown = null;
    while (typeof value !== "number") value = (await before.ask("GET", "/executions/one/values/a")).body;
    expect(value).toBe(first);
    expect((await ended(before.running)).code).toBe(0);
    writeFileSync(door, "");
    const after = await served(root, "--nodes", nodes);
    await after.running.says("of an earlier process");
    const result = await after.ask("POST", "/node/resultOfExecution", { executionId: "one" });
    expect(result.body).toMatchObject({ success: true });
    expect((await after.ask("GET", "/executions/one/values/a")).body).toBe(first);
    expect((await after.ask("GET", "/executions/one/values/b")).body).toBe(after.running.child.pid);
    expect((await ended(after.running)).code).toBe(0);
  });
});
