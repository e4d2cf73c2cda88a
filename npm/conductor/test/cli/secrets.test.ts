/** `conductor secrets`, and the secrets of a store in the commands that run flows on it. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "@atomiton/storage/desktop";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSecrets } from "../../src/exports/server.js";
import { CLI, type Ending, file, folder, follow, start } from "./cli.js";

const VALUE = "planted-3e8f20c4-Zürich";
const ROTATING = fileURLToPath(new URL("rotating.mjs", import.meta.url));

/** The command in a folder of its own, with what is written to its standard input. */
function secretsIn(cwd: string) {
  return (args: string[], input = "", env: Record<string, string> = {}): Promise<Ending> => {
    const child = spawn(process.execPath, [CLI, "secrets", ...args], { cwd, env: { ...process.env, ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  };
}

const FLOW = `
id: reads
type: group
nodes:
  - id: a
    type: edit-fields
    parameters: { keepOnlySet: true, values: { length: "\${{ secrets.TOKEN.length }}" } }
`;

describe("conductor secrets", () => {
  it("sets, lists and removes secrets, of which runs and servers on the store know", async () => {
    const cwd = folder();
    const secrets = secretsIn(cwd);
    const set = await secrets(["set", "TOKEN"], `${VALUE}\n`);
    expect(set).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("conductor.secret-key") });
    expect(statSync(join(cwd, "conductor.secret-key")).mode & 0o777).toBe(0o600);
    expect(await secrets(["set", "TOKEN"], VALUE)).toEqual({ code: 0, stdout: "", stderr: "" });

    const flow = file(cwd, "reads.flow.yaml", FLOW);
    const run = await start(["run", flow, "--store", "sqlite:conductor.db", "--json"], { cwd }).ended;
    expect(JSON.parse(run.stdout)).toMatchObject({ data: { result: { length: VALUE.length } } });

    const server = start(["serve", flow, "--open", "--port", "0"], { cwd });
    await server.says("Serving at");
    const listed = await secrets(["list", "--json"]);
    expect(JSON.parse(listed.stdout)).toEqual({
      secrets: [expect.objectContaining({ name: "TOKEN", usedBy: ["reads"] })],
      missing: [],
    });
    server.child.kill("SIGINT");
    const { stderr, code } = await server.ended;
    expect([code, stderr.includes(VALUE)]).toEqual([0, false]);

    expect((await secrets(["list"])).stdout).toMatch(/^TOKEN .* read by reads\n$/);
    expect(await secrets(["remove", "TOKEN"])).toMatchObject({ code: 0 });
    expect(await secrets(["remove", "TOKEN"])).toMatchObject({ code: 2, stderr: expect.stringContaining("TOKEN") });
    expect((await secrets(["list"])).stderr).toContain("no secret TOKEN in the store, which reads would read");
    const missing = await start(["run", flow, "--store", "sqlite:conductor.db"], { cwd }).ended;
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("conductor secrets set TOKEN");
  });

  it("keeps secrets out of the result that a run shows at its end; --json has what the flow gives", async () => {
    const cwd = folder();
    await secretsIn(cwd)(["set", "TOKEN"], VALUE);
    const flow = file(cwd, "tells.flow.yaml", FLOW.replace("secrets.TOKEN.length", "secrets.TOKEN"));
    const shown = await start(["run", flow, "--store", "sqlite:conductor.db"], { cwd }).ended;
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('Result  {"result":{"length":"***"}}')]);
    const whole = await start(["run", flow, "--store", "sqlite:conductor.db", "--json"], { cwd }).ended;
    expect([JSON.parse(whole.stdout).data, whole.stderr.includes(VALUE)]).toEqual([
      { result: { length: VALUE } },
      false,
    ]);
  });

  it("takes no value as an argument, and none that is empty", async () => {
    const secrets = secretsIn(folder());
    expect((await secrets(["set", "TOKEN", VALUE])).code).toBe(2);
    expect(await secrets(["set", "TOKEN"], "\n")).toMatchObject({ code: 2, stderr: expect.stringContaining("empty") });
    expect((await secrets(["set", "no name"], "x")).code).toBe(2);
    expect((await secrets(["list", "--store", "sqlite:none.db"])).code).toBe(2);
  });

  it("keeps where a value is read, in the place of the value", async () => {
    const cwd = folder();
    const secrets = secretsIn(cwd);
    expect((await secrets(["set", "TOKEN", "--from", "env:MY_TOKEN"])).code).toBe(0);
    const flow = file(cwd, "reads.flow.yaml", FLOW);
    const args = ["run", flow, "--store", "sqlite:conductor.db", "--json"];
    const run = await start(args, { cwd, env: { MY_TOKEN: "12345678" } }).ended;
    expect(JSON.parse(run.stdout)).toMatchObject({ data: { result: { length: 8 } } });
    file(cwd, "token.txt", "123456\n");
    expect((await secrets(["set", "TOKEN", "--from", "file:token.txt"])).code).toBe(0);
    expect((await secrets(["list"])).stdout).toContain(`file:${join(cwd, "token.txt")}`);
    const other = await start(args, { cwd }).ended;
    expect(JSON.parse(other.stdout)).toMatchObject({ data: { result: { length: 6 } } });
  });

  it("takes the key from the environment, and says which one is missing", async () => {
    const cwd = folder();
    const secrets = secretsIn(cwd);
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((bytes) => bytes.toString("base64")) as [
      string,
      string,
    ];
    expect((await secrets(["set", "TOKEN"], VALUE, { CONDUCTOR_SECRET_KEY: one })).code).toBe(0);
    expect(existsSync(join(cwd, "conductor.secret-key"))).toBe(false);
    const wrong = await secrets(["rotate"], "", { CONDUCTOR_SECRET_KEY: two });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/"TOKEN" is encrypted with the key/) });
    const none = await secrets(["rotate"]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("conductor.secret-key is not there") });
    const broken = await secrets(["rotate"], "", { CONDUCTOR_SECRET_KEY: "broken" });
    expect(broken.code).toBe(2);
    expect((await secrets(["rotate"], "", { CONDUCTOR_SECRET_KEY: `${one} ${two}` })).stdout).toMatch(/^1 secret /);
    expect((await secrets(["rotate"], "", { CONDUCTOR_SECRET_KEY: two })).code).toBe(2);
  });

  it("does not serve where flows could read the key", async () => {
    const cwd = folder();
    const serve = (...args: string[]) => start(["serve", "--open", "--port", "0", ...args], { cwd });
    for (const args of [
      ["--root", "."],
      ["--root", cwd],
      ["--root", "/"],
      ["--root", join(cwd, "data"), "--secret-key", "data/inner/key"],
    ]) {
      const refused = await serve(...args).ended;
      expect([args, refused.code, refused.stderr]).toEqual([args, 2, expect.stringContaining("could read the key")]);
    }
    mkdirSync(join(cwd, "data"));
    const server = serve("--root", "data");
    await server.says("Serving at");
    server.child.kill("SIGINT");
    expect((await server.ended).code).toBe(0);
  });

  it("refuses a key where it is of no use", async () => {
    const cwd = folder();
    const flow = file(cwd, "reads.flow.yaml", FLOW);
    for (const args of [
      ["run", flow, "--secret-key", "key"],
      ["mcp", flow, "--secret-key", "key"],
      ["run", flow, "--secret-key", "key", "--remote", "http://127.0.0.1:9/api"],
      ["executions", "fork", "id", "--secret-key", "key", "--remote", "http://127.0.0.1:9/api"],
    ]) {
      const { code, stderr } = await start(args, { cwd }).ended;
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining("--secret-key")]);
    }
  });

  it("says which secrets of the store the project has as well", async () => {
    const cwd = folder();
    const secrets = secretsIn(cwd);
    writeFileSync(
      join(cwd, "conductor.config.mjs"),
      'export default { secrets: (name) => (name === "TOKEN" ? "own" : undefined) };',
    );
    const set = await secrets(["set", "TOKEN"], VALUE);
    expect(set.stderr).toContain("TOKEN is in the store and in `secrets` of conductor.config, which counts");
    const flow = file(cwd, "reads.flow.yaml", FLOW);
    const run = await start(["run", flow, "--store", "sqlite:conductor.db", "--json"], { cwd }).ended;
    expect(JSON.parse(run.stdout)).toMatchObject({ data: { result: { length: 3 } } });
  });
});

describe("a rotation in another process", () => {
  it("that is killed at any of its steps loses nothing, and who runs goes on", async () => {
    const cwd = folder();
    const [path, key] = [join(cwd, "conductor.db"), join(cwd, "key")];
    const store = await openSqliteStore(path);
    onTestFinished(() => store.close());
    const secrets = openSecrets({ store, key: { file: key } });
    const names = Array.from({ length: 20 }, (_, index) => `S${index}`);
    for (const name of names) await secrets.set(name, `${VALUE} ${name}`);
    const values = () => Promise.all(names.map((name) => secrets(name)));
    const expected = names.map((name) => `${VALUE} ${name}`);
    let killed = 0;
    for (let step = 1; ; step++) {
      const { code, stdout, stderr } = await follow(process.execPath, [ROTATING, path, key, String(step)]).ended;
      expect([step, await values()]).toEqual([step, expected]);
      if (code === 0) {
        // Each step was one at which it was killed before.
        expect([killed, Number(stdout)]).toEqual([step - 1, step - 1]);
        break;
      }
      expect([step, code, stderr]).toEqual([step, null, ""]);
      killed++;
    }
    expect(killed).toBeGreaterThanOrEqual(6);
    const keys = new Set((await secrets.list()).map((secret) => secret.key));
    expect(keys.size).toBe(1);
    expect(readFileSync(key, "utf8").trim().split("\n").length).toBeGreaterThan(2);
  });

  it("keeps what is set meanwhile by others", async () => {
    const cwd = folder();
    const [path, key] = [join(cwd, "conductor.db"), join(cwd, "key")];
    const store = await openSqliteStore(path);
    onTestFinished(() => store.close());
    const secrets = openSecrets({ store, key: { file: key } });
    const last = new Map<string, string>();
    for (let index = 0; index < 20; index++) {
      await secrets.set(`S${index}`, "first");
      last.set(`S${index}`, "first");
    }
    let isOver = false;
    const rotations = (async () => {
      for (let round = 0; round < 3; round++) {
        const { code, stderr } = await follow(process.execPath, [ROTATING, path, key, "0"]).ended;
        expect([code, stderr]).toEqual([0, ""]);
      }
      isOver = true;
    })();
    let writes = 0;
    while (!isOver) {
      const name = `S${writes % 20}`;
      const value = `value ${writes++}`;
      await secrets.set(name, value);
      last.set(name, value);
      expect(await secrets(name)).toBe(value);
    }
    await rotations;
    for (const [name, value] of last) expect(await secrets(name)).toBe(value);
    expect(readFileSync(key, "utf8").trim().split("\n")).toHaveLength(4);
  });
});
