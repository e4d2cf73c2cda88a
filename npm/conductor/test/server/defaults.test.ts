/** What `conductor serve` on all addresses refuses to everyone unless its owner says so, each default by itself. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { KeyFile } from "../../src/server/keys.js";
import { ROOT, start } from "../cli/cli.js";
import { rawSocket } from "./raw.js";

/** A fresh server on all addresses, in a folder of its own, with a key of an admin. */
async function fresh(...more: string[]) {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out", "conductor-defaults-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const key = new KeyFile(join(folder, "conductor.keys.json")).add("ada", "admin");
  const { child, says } = start(["serve", "--host", "0.0.0.0", "--port", "0", "--no-config", ...more], { cwd: folder });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  await says("Callers sign in");
  const url = `http://127.0.0.1:${/at http:\/\/\S+:(\d+)/.exec(said)?.[1]}`;
  /** Runs one node of a saved flow as an admin, who may do most. */
  const run = async (type: string, parameters: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const call = async (path: string, body: object) => {
      const answer = await fetch(`${url}/api${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return (await answer.json()) as { success?: boolean; error?: string };
    };
    await call("/flows", { id: "f", nodes: [{ id: "a", type, parameters }] });
    return call("/flows/f/run", {});
  };
  return { url, folder, run };
}

describe("a fresh server on all addresses", () => {
  it("refuses anonymous calls, but for its health and its description", async () => {
    const { url } = await fresh("--webhooks", "--metrics", "--mcp");
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const answered: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const address = url + path.replace(/\{channel\}\/\{command\}/, "node/execute").replace(/\{\w+\}/g, "1");
        const { status } = await fetch(address, { method: method.toUpperCase() });
        // There is no webhook: nothing could be sent.
        if (status !== 401 && !(path.includes("/hooks/") && status === 404)) answered.push(`${method} ${path}`);
      }
    }
    const all = ["/health", "/health/live", "/health/ready", "/openapi.json", "/docs"];
    const based = ["/api/health", "/api/openapi.json", "/api/docs"];
    expect(answered.sort()).toEqual([...all, ...based].map((path) => `get ${path}`).sort());
    const { call } = await rawSocket(`${url}/api`);
    expect(await call("storage", "listFlows")).toMatchObject({ error: expect.stringContaining("needs a sign-in") });
  });

  it.each([
    ["shell-command", { program: "touch", args: ["ran"] }],
    ["python", { code: "open('ran', 'w')" }],
  ])("runs no programs of nodes: %s", async (type, parameters) => {
    const { run, folder } = await fresh();
    const { success, error } = await run(type, parameters);
    expect({ success, error }).toEqual({ success: false, error: expect.stringMatching(/not allowed|may not/) });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it("lets nodes connect to no private address, however it is written", async () => {
    const asked: unknown[] = [];
    const inside = createServer((request, response) => {
      asked.push(request.url);
      response.end("inside");
    });
    await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void inside.close());
    const { port } = inside.address() as AddressInfo;
    const { run } = await fresh();
    const hosts = [
      "127.0.0.1",
      "localhost",
      "127.1",
      "2130706433",
      "0x7f000001",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "0.0.0.0",
    ];
    const ranges = ["10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]"];
    for (const host of [...hosts, ...ranges]) {
      const { success, error } = await run("http-request", { url: `http://${host}:${port}/` });
      expect({ host, success, error }).toEqual({ host, success: false, error: expect.stringContaining("not allowed") });
    }
    expect(asked).toEqual([]);
  });

  it("lets nodes read and write no files at all", async () => {
    const { run, folder } = await fresh();
    writeFileSync(join(folder, "secret.txt"), "top secret");
    for (const path of ["secret.txt", join(folder, "secret.txt"), "/etc/hostname", "conductor.keys.json"]) {
      expect({ path, ...(await run("file-system", { path })) }).toMatchObject({ path, success: false });
    }
    const written = await run("file-system", { operation: "write", path: "new.txt", content: "x" });
    expect(written.success).toBe(false);
    expect(existsSync(join(folder, "new.txt"))).toBe(false);
  });

  it("with a root lets nodes reach nothing outside of it", async () => {
    const { run, folder } = await fresh("--root", "data");
    writeFileSync(join(folder, "secret.txt"), "top secret");
    mkdirSync(join(folder, "data"), { recursive: true });
    symlinkSync(folder, join(folder, "data", "up"));
    writeFileSync(join(folder, "data", "own.txt"), "its own");
    for (const path of [
      "../secret.txt",
      join(folder, "secret.txt"),
      "up/secret.txt",
      "/etc/hostname",
      "..//secret.txt",
    ]) {
      const answer = await run("file-system", { path });
      expect({ path, success: answer.success }).toEqual({ path, success: false });
      expect(JSON.stringify(answer)).not.toContain("top secret");
    }
    expect(await run("file-system", { path: join(folder, "data", "own.txt") })).toMatchObject({ success: true });
  });

  it("takes no webhooks, tells no metrics, and has no tools", async () => {
    const { url } = await fresh();
    const statuses = ["/hooks/in", "/api/hooks/in", "/metrics", "/mcp"].map(async (path) => {
      return (await fetch(url + path, { method: path.includes("metrics") ? "GET" : "POST" })).status;
    });
    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 404]);
  });
});
