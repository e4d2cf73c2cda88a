/** `conductor users`, and a server that they sign in to. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import type { AuditEntry } from "../../src/exports/server.js";
import { CLI, conductor, file, folder, start } from "./cli.js";

/** Whether there is a `script` that makes pseudo terminals as util-linux does. */
const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

const PASSWORD = "correct horse 😀";

/** A folder with a user, and how to call the commands there. */
async function withUser() {
  const root = folder();
  const store = `sqlite:${join(root, "c.db")}`;
  const audit = join(root, "audit.jsonl");
  const password = file(root, "password", `${PASSWORD}\n`);
  const users = (...args: string[]) => conductor("users", ...args, "--store", store, "--no-config", "--audit", audit);
  expect(await users("add", "ada", "--role", "admin", "--password-file", password)).toMatchObject({
    code: 0,
    stdout: "",
  });
  const audited = () =>
    readFileSync(audit, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEntry);
  return { root, store, audit, users, audited };
}

/** A server, and what it answers. */
async function served(root: string, store: string, ...args: string[]) {
  const options = ["--port", "0", "--store", store, "--keys", join(root, "keys.json"), "--no-config"];
  const running = start(["serve", ...options, ...args], { cwd: root });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await running.says("Callers sign in");
  const { apiUrl } = running;
  const post = async (path: string, body: unknown, token?: string) => {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    const response = await fetch(apiUrl + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  return { running, apiUrl, post };
}

describe("conductor users", () => {
  it("adds, lists, changes and removes, and appends to the audit", async () => {
    const { root, users, audited, audit } = await withUser();
    expect((await users("list")).stdout).toMatch(/^ada +admin +made \d{4}-.*\n$/);
    expect(await users("role", "ada", "--role", "viewer")).toMatchObject({ code: 0 });
    const second = file(root, "second", "another password");
    expect(await users("password", "ada", "--password-file", second)).toMatchObject({ code: 0 });
    expect(await users("logout", "ADA")).toMatchObject({ code: 0 });
    expect(JSON.parse((await users("list", "--json")).stdout)).toMatchObject([{ name: "ada", role: "viewer" }]);
    expect(await users("remove", "ada")).toMatchObject({ code: 0 });
    expect((await users("list")).stdout).toContain("There are no users");
    expect(audited().map(({ event, what, subject }) => [event, what, subject])).toEqual([
      ["user", "add", "ada"],
      ["user", "role", "ada"],
      ["user", "password", "ada"],
      ["user", "logout", "ada"],
      ["user", "remove", "ada"],
    ]);
    expect(statSync(audit).mode & 0o777).toBe(0o600);
  });

  it("refuses what cannot be, in one line each", async () => {
    const { root, users } = await withUser();
    const short = file(root, "short", "short\n");
    const bytes = join(root, "bytes");
    writeFileSync(bytes, Buffer.from([0xff, 0xfe, 0xff]));
    const add = (name: string, from: string) => users("add", name, "--role", "viewer", "--password-file", from);
    for (const [ending, said] of [
      [await add("ada", file(root, "other", PASSWORD)), 'There is a user with the name "ada"'],
      [await add("bob", short), "has 12 to 128 characters"],
      [await add("bob", bytes), "is not UTF-8"],
      [await add("bob", join(root, "none")), "cannot be read"],
      [await users("add", "bob", "--role", "viewer"), "has 12 to 128 characters"],
      [await users("remove", "bob"), 'There is no user "bob"'],
    ] as const) {
      expect(ending).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
      expect(ending.stderr.trimEnd().split("\n")).toHaveLength(1);
    }
    const none = join(root, "none.db");
    const list = await conductor("users", "list", "--store", `sqlite:${none}`, "--no-config");
    expect([list.code, existsSync(none)]).toEqual([2, false]);
  });

  it.runIf(hasTerminal)("asks on a terminal, twice, and shows nothing of it", async () => {
    const { store } = await withUser();
    const command = `'${process.execPath}' '${CLI}' users add bob --role viewer --no-config --store '${store}'`;
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: "pipe" });
    onTestFinished(() => void child.kill("SIGKILL"));
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      // Two letters are taken back.
      if (text.includes("Password of bob: ")) child.stdin.write("typed pasSw\u007f\u007fsword\r");
      if (text.includes("once more: ")) child.stdin.write("typed password\r");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, shown]).toEqual([0, expect.stringContaining("bob may sign in, with the role viewer")]);
    expect(shown).not.toMatch(/typed|Sw/);
  });
});

describe("conductor serve", () => {
  it("lets users sign in, and takes note of what another process changes", async () => {
    const { root, store, users, audit, audited } = await withUser();
    const { post, running } = await served(root, store, "--audit", audit);
    const { body } = await post("/auth/login", { username: "ada", password: PASSWORD });
    expect(body.user).toEqual({ username: "ada", roles: ["admin"] });
    expect((await post("/storage/listFlows", {}, body.token)).status).toBe(200);
    await users("role", "ada", "--role", "viewer");
    // By the time that a process has ended the change may be newer than a second.
    let status = 200;
    while (status === 200) ({ status } = await post("/storage/listFlows", {}, body.token));
    expect(status).toBe(401);
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
    expect(audited().map(({ event, caller }) => [event, caller])).toContainEqual(["sign-in", "ada"]);
    expect(readFileSync(audit, "utf8")).not.toContain(body.token);
  });

  it("lets users look after their own accounts from elsewhere, by their present password", async () => {
    const { root, store, users, audit, audited } = await withUser();
    const { post, apiUrl } = await served(root, store, "--audit", audit);
    const login = async (password: string) => (await post("/auth/login", { username: "ada", password })).body.token;
    const [one, two] = [await login(PASSWORD), await login(PASSWORD)];
    const [now, next] = [file(root, "now", PASSWORD), file(root, "next", "another password\n")];
    const own = (command: string, from: string, ...args: string[]) =>
      conductor("users", command, "ada", "--remote", apiUrl, "--current-password-file", from, ...args);
    const listed = JSON.parse((await own("sessions", now, "--json")).stdout) as { id: string; address: string }[];
    expect(listed.map(({ address }) => address)).toEqual(["127.0.0.1", "127.0.0.1"]);
    const ids = (sessions: { id: string }[]) => sessions.map((session) => session.id).sort();
    expect(ids(listed)).toEqual(ids(JSON.parse((await users("sessions", "ada", "--json")).stdout)));
    const id = one.slice("conds_".length).slice(0, 22);
    expect(await own("logout", now, "--session", id)).toMatchObject({ code: 0 });
    const statusWith = async (token: string) => (await post("/storage/listFlows", {}, token)).status;
    expect([await statusWith(one), await statusWith(two)]).toEqual([401, 200]);

    const wrong = await own("sessions", next);
    expect([wrong.code, wrong.stderr, wrong.stdout]).toEqual([1, "Invalid credentials\n", ""]);
    const same = await own("password", now, "--password-file", now);
    expect([same.code, same.stderr]).toEqual([2, "This is the present password already\n"]);
    expect(await own("password", now, "--password-file", next)).toMatchObject({ code: 0, stdout: "" });
    expect(await statusWith(two)).toBe(401);
    const three = await login("another password");
    expect((await own("logout", next)).stderr).toBe("ada has to sign in again\n");
    expect(await statusWith(three)).toBe(401);
    expect((await users("sessions", "ada")).stderr).toBe("ada has no sessions\n");
    const changes = audited().filter(({ event, caller }) => event === "user" && caller === "ada");
    expect(changes.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
      "end-session ok",
      "password INVALID_PARAMETERS",
      "password ok",
      "end-other-sessions ok",
    ]);
  });

  it("says which options are not for an own account, and which are for that alone", async () => {
    const { root, store, users } = await withUser();
    const now = file(root, "now", PASSWORD);
    const remote = ["--remote", "http://127.0.0.1:9", "--current-password-file", now];
    for (const [ending, said] of [
      [await users("sessions", "ada", ...remote), "--store is for the users of a store"],
      [await users("logout", "ada", "--current-password-file", now), "give --remote URL as well"],
      [
        await conductor("users", "password", "ada", "--remote", "http://127.0.0.1:9"),
        "Standard input holds one password",
      ],
      [await conductor("users", "sessions", "ada", ...remote), "cannot be used"],
      [
        await conductor("users", "logout", "ada", "--session", "none", "--store", store, "--no-config"),
        "has no session",
      ],
    ] as const) {
      expect(ending).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
    }
  });

  it("does not start where the audit cannot be written, nor does what would be told it happen", async () => {
    const { root, store } = await withUser();
    const audit = join(root, "not there", "audit.jsonl");
    const said = `The audit cannot be written to ${audit}: ENOENT`;
    for (const args of [
      ["serve", "--open", "--port", "0", "--store", store],
      ["keys", "add", "ci", "--role", "viewer"],
      ["users", "logout", "ada", "--store", store],
    ]) {
      const { code, stderr } = await start([...args, "--audit", audit], { cwd: root }).ended;
      expect([args[0], code, stderr]).toEqual([args[0], 2, expect.stringContaining(said)]);
    }
    expect(existsSync(join(root, "conductor.keys.json"))).toBe(false);
  });

  it.runIf(existsSync("/dev/full"))("goes on where the disk of the audit is full, and says so", async () => {
    const { root, store } = await withUser();
    const { post, running } = await served(root, store, "--audit", "/dev/full");
    const { body } = await post("/auth/login", { username: "ada", password: PASSWORD });
    await running.says("The audit cannot be written to /dev/full: ENOSPC");
    expect((await post("/storage/listFlows", {}, body.token)).status).toBe(200);
    running.child.kill("SIGTERM");
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/\d+ lines? of the audit were lost/)]);
  });

  it("limits calls as it is told, and not without limits", async () => {
    const { root, store } = await withUser();
    const few = await served(root, store, "--rate-limit", "1");
    const statuses = [];
    for (let call = 0; call < 8; call++) statuses.push((await fetch(`${few.apiUrl}/flows`)).status);
    expect(statuses).toContain(429);
    few.running.child.kill("SIGTERM");
    await few.running.ended;
    const all = await served(root, store, "--no-rate-limit");
    for (let call = 0; call < 30; call++) {
      expect((await all.post("/auth/login", { username: "ada", password: "" })).status).toBe(422);
    }
  });
});
