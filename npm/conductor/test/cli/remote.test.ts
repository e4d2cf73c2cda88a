/** The command line against a server: keys, and flows that run there. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { keyOf, serving } from "../server/serving.js";
import { CLI, DOUBLE, ENDLESS, type Ending, FAILING, file, folder, start } from "./cli.js";
import { libraryServer } from "./server.js";

/** Whether there is a `script` that makes pseudo terminals as util-linux does. */
const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** The command in a home of its own. */
function home() {
  const path = folder();
  const env = { XDG_CONFIG_HOME: path, HOME: path, APPDATA: path };
  const kept = join(path, "conductor", "servers.json");
  const run = (args: string[], more: Record<string, string> = {}) => start(args, { env: { ...env, ...more } });
  const told = (args: string[], input: string) =>
    new Promise<Ending>((resolve) => {
      const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text) => {
        stdout += text;
      });
      child.stderr.on("data", (text) => {
        stderr += text;
      });
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  return { path, kept, run, told };
}

describe("conductor login", () => {
  it("keeps a key that the server knows, for its owner's eyes only, and logout forgets it", async () => {
    const { apiUrl } = await serving();
    const { kept, run, told } = home();
    const site = apiUrl.replace(/\/api$/, "/");
    const { code, stdout } = await told(["login", site], `${keyOf("runner")}\n`);
    expect([code, stdout]).toEqual([0, `Signed in at ${apiUrl} as ron (runner)\n`]);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(kept, "utf8")).keys).toEqual({ [apiUrl]: keyOf("runner") });
    expect((await run(["logout", apiUrl]).ended).code).toBe(0);
    expect(readFileSync(kept, "utf8")).not.toContain(keyOf("runner"));
    expect((await run(["logout", apiUrl]).ended).code).toBe(2);
  });

  it.runIf(hasTerminal)("shows no key that is typed", async () => {
    const { apiUrl } = await serving();
    const { path, kept } = home();
    const command = `exec '${process.execPath}' '${CLI}' login '${apiUrl}'`;
    const env = { ...process.env, XDG_CONFIG_HOME: path };
    const child = spawn("script", ["-qec", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "inherit"] });
    let seen = "";
    let isAsked = false;
    child.stdout.on("data", (text) => {
      seen += text;
      if (isAsked || !seen.includes("it is not shown")) return;
      isAsked = true;
      child.stdin.write(`${keyOf("runner")}\r`);
    });
    await new Promise((resolve) => child.on("close", resolve));
    expect(seen).toContain("as ron (runner)");
    expect(seen).not.toContain(keyOf("runner"));
    expect(readFileSync(kept, "utf8")).toContain(keyOf("runner"));
  });

  it("keeps nothing that the server does not know, and nothing that is no key", async () => {
    const { apiUrl } = await serving();
    const { kept, told } = home();
    const unknown = await told(["login", apiUrl], "cond_unknown\n");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("does not know this key");
    expect(unknown.stdout + unknown.stderr).not.toContain("cond_unknown");
    expect((await told(["login", apiUrl], "two words")).code).toBe(2);
    expect((await told(["login", apiUrl], "")).code).toBe(2);
    expect((await told(["login", apiUrl], "x".repeat(10_000))).code).toBe(2);
    expect((await told(["login", "ftp://example.com"], "x")).code).toBe(2);
    expect(() => statSync(kept)).toThrow();
  });

  it("keeps keys of several servers, and uses none of a file that others may read", async () => {
    const [one, other] = [await serving(), await serving()];
    const { kept, run, told } = home();
    await told(["login", one.apiUrl], keyOf("runner"));
    await told(["login", other.apiUrl], keyOf("admin"));
    expect(Object.keys(JSON.parse(readFileSync(kept, "utf8")).keys)).toEqual([one.apiUrl, other.apiUrl]);
    chmodSync(kept, 0o644);
    const refused = await run(["run", "--remote", one.apiUrl, "f"]).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("chmod 600");
  });

  it("sends the key to the server that was named alone", async () => {
    const asked: unknown[] = [];
    const elsewhere = createHttpServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end("{}");
    }).listen(0);
    const here = createHttpServer((_request, response) => {
      response.writeHead(307, { location: `http://localhost:${(elsewhere.address() as AddressInfo).port}/` }).end();
    }).listen(0);
    onTestFinished(() => void [here.close(), elsewhere.close()]);
    const { told } = home();
    const { code } = await told(["login", `http://127.0.0.1:${(here.address() as AddressInfo).port}`], "cond_secret");
    expect(code).toBe(2);
    expect(asked).toEqual([]);
  });
});

describe("conductor run --remote", () => {
  it("runs a flow of the server by its id, with inputs and variables, as one that runs here", async () => {
    const { apiUrl, conductor } = await libraryServer();
    const nodes = [
      { id: "words", type: "edit-fields", parameters: { values: { text: "{{who}} ${{ variables.tone }}" } } },
    ];
    await conductor.storage.saveFlow({ id: "greet", name: "Greet", nodes, variables: { tone: "kind" } } as never);
    const { run } = home();
    const env = { CONDUCTOR_KEY: keyOf("runner") };
    const args = ["run", "--remote", apiUrl, "greet", "--input", "who=Ada", "--var", "tone=curt", "--id", "mine"];
    const shown = await run(args, env).ended;
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toContain("Greet");
    expect(shown.stdout).toContain("completed");
    expect(await conductor.executions.get("mine")).toMatchObject({ status: "completed", flowId: "greet" });
    const json = await run(["run", "--remote", apiUrl, "greet", "--input", "who=Ada", "--json"], env).ended;
    expect(JSON.parse(json.stdout)).toMatchObject({
      success: true,
      data: { result: { text: "Ada kind" } },
      executedNodes: ["greet", "words"],
      outputs: { words: { result: { text: "Ada kind" } } },
    });
  });

  it("runs the flow in a file, and prints the output that is asked for", async () => {
    const { apiUrl } = await libraryServer();
    const { path, run } = home();
    const key = file(path, "key", `${keyOf("runner")}\n`);
    const flow = file(path, "double.yaml", DOUBLE);
    const remote = ["--remote", apiUrl, "--key-file", key];
    const output = await run(["run", flow, ...remote, "--output", "keep", "--trace", join(path, "trace.json")]).ended;
    expect(output.code, output.stderr).toBe(0);
    expect(JSON.parse(output.stdout)).toMatchObject({ result: [2, 3] });
    expect(JSON.parse(readFileSync(join(path, "trace.json"), "utf8"))).toMatchObject({
      nodes: [{ nodeId: "keep" }, { nodeId: "inner" }, { nodeId: "last" }],
    });
    const json = await run(["run", flow, ...remote, "--json"]).ended;
    expect(JSON.parse(json.stdout)).toMatchObject({ success: true, outputs: { keep: { result: [2, 3] } } });
    expect(json.stderr).toContain("last");
  });

  it("ends with the same codes as a run here", async () => {
    const { apiUrl, conductor } = await libraryServer();
    const { path, run } = home();
    const env = { CONDUCTOR_KEY: keyOf("runner") };
    const at = (text: string, ...more: string[]) =>
      run(["run", file(path, `${Math.random()}.yaml`, text), "--remote", apiUrl, ...more], env).ended;
    const failed = await at(FAILING, "--json");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      success: false,
      error: { nodeId: "bad", path: "/nodes/1/nodes/1" },
    });
    expect((await at(ENDLESS, "--timeout", "200ms")).code).toBe(124);
    expect((await at("id: x\nnodes: [{ id: a, type: transform, parameters: { operation: what } }]\n")).code).toBe(3);
    const unknown = await run(["run", "--remote", apiUrl, "none"], env).ended;
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("no flow of the server with the name none");
    expect((await conductor.executions.list({ status: "running" })).executions).toEqual([]);
  });

  it("tells of what a flow of the server is warned, and fails with --strict then", async () => {
    const { apiUrl, conductor } = await libraryServer();
    const nodes = [{ id: "words", type: "edit-fields", parameters: { vlues: { a: 1 } } }];
    await conductor.storage.saveFlow({ id: "doubtful", nodes } as never);
    const env = { CONDUCTOR_KEY: keyOf("runner") };
    const at = (...more: string[]) => home().run(["run", "--remote", apiUrl, "doubtful", ...more], env).ended;
    const told = expect.stringMatching(/1 warning\n {2}! words: `edit-fields` has no parameter `vlues`/);
    expect(await at()).toMatchObject({ code: 0, stdout: told });
    expect(await at("--strict")).toMatchObject({ code: 3, stdout: told });
  });

  it("cancels at the server when it is interrupted", async () => {
    const { apiUrl, conductor } = await libraryServer();
    const { path, run } = home();
    const args = ["run", file(path, "a.yaml", ENDLESS), "--remote", apiUrl, "--id", "mine"];
    const running = run(args, { CONDUCTOR_KEY: keyOf("runner") });
    await running.says("spin");
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(await conductor.executions.get("mine")).toMatchObject({ status: "cancelled" });
  });

  it("refuses what it cannot keep, and says what is missing", async () => {
    const { apiUrl } = await libraryServer();
    const { run } = home();
    const refused = async (args: string[], env: Record<string, string>, words: string) => {
      const { code, stderr } = await run(["run", ...args], env).ended;
      expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    };
    const key = { CONDUCTOR_KEY: keyOf("runner") };
    await refused(["--remote", apiUrl, "f"], {}, "needs a key: conductor login");
    await refused(["--remote", apiUrl, "f"], { CONDUCTOR_KEY: "wrong" }, "does not know this key");
    const gone = createHttpServer().listen(0);
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await refused(["--remote", `http://127.0.0.1:${port}`, "f"], key, "ECONNREFUSED");
    await refused(["--remote", "nowhere", "f"], key, "address of the server is wrong");
    await refused(["--remote", apiUrl, "f", "--store", "sqlite:x.db"], key, "--store is of use");
    await refused(["--remote", apiUrl, "f", "--no-cache"], key, "--no-cache is of use");
    await refused(["--remote", apiUrl, "f", "--nodes", "x.mjs"], key, "--nodes is about the flow in a file");
    await refused(["f.yaml", "--key-file", "k"], key, "give --remote URL as well");
    await refused(["--remote", apiUrl, "f", "--key-file", "missing"], key, "cannot be read");
  });

  it("is for runners", async () => {
    const { apiUrl, conductor } = await libraryServer();
    await conductor.storage.saveFlow({ id: "f", nodes: [{ id: "a", type: "transform" }] } as never);
    const { run } = home();
    const { code, stderr } = await run(["run", "--remote", apiUrl, "f"], { CONDUCTOR_KEY: keyOf("viewer") }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('"vera" has the role viewer');
  });
});
