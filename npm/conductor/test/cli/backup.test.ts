/** `conductor backup` of a store that a server writes to, and `conductor restore`. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStore } from "@atomiton/storage";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { conductor, DOUBLE, file, folder, start } from "./cli.js";

/** A server with a flow, and a function that runs the flow once. */
async function served() {
  const root = folder();
  const store = `sqlite:${join(root, "c.db")}`;
  const flow = file(root, "double.yaml", DOUBLE);
  const args = ["serve", flow, "--open", "--port", "0", "--store", store, "--no-config", "--no-rate-limit"];
  const running = start(args, { cwd: root });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await running.says("Everybody on this machine");
  const client = createConductor({ transport: "http", apiUrl: running.apiUrl });
  onTestFinished(() => client.shutdown());
  const run = () => client.execute({ flowId: "double" });
  const end = async () => {
    running.child.kill("SIGTERM");
    await running.ended;
  };
  return { root, store, run, end };
}

describe("conductor backup", () => {
  it("copies what a server writes meanwhile: every execution is whole, and those that ended have their results", async () => {
    const { root, store, run, end } = await served();
    let ends = false;
    let done = 0;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!ends) {
          expect(await run()).toMatchObject({ success: true });
          done += 1;
        }
      }),
    );
    const backups = ["1.db", "2.db"].map((name) => join(root, name));
    for (const backup of backups) {
      const before = done;
      expect(await conductor("backup", backup, "--store", store, "--no-config")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("1 flow backed up to"),
      });
      await vi.waitFor(() => expect(done).toBeGreaterThan(before));
    }
    ends = true;
    await load;
    expect(await conductor("restore", backups[0] ?? "", "--store", store, "--replace", "--no-config")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has the store open"),
    });
    await end();

    for (const backup of backups) {
      const copy = await openSqliteStore(backup);
      const reader = createConductor({ transport: "local", store: copy, wakes: "own" });
      const { executions } = await reader.executions.list({}, { limit: 1000 });
      expect(executions.filter(({ status }) => status === "completed").length).toBeGreaterThan(0);
      for (const { id, status } of executions) {
        expect(["running", "completed"]).toContain(status);
        expect(await copy.begun(id)).toBeDefined();
        if (status !== "completed") continue;
        expect(await reader.executions.result(id)).toMatchObject({ success: true, data: { result: [6, 4] } });
      }
      await reader.shutdown();
      await copy.close();
    }
  });

  it("refuses a name that is taken, says how PostgreSQL does it, and gives facts as JSON", async () => {
    const root = folder();
    const store = `sqlite:${join(root, "c.db")}`;
    await (await openSqliteStore(join(root, "c.db"))).close();
    const copy = join(root, "copy.db");
    const options = ["--store", store, "--no-config"];
    const first = await conductor("backup", copy, ...options, "--json");
    expect(JSON.parse(first.stdout)).toMatchObject({ file: copy, executions: 0, flows: 0 });
    expect(await conductor("backup", copy, ...options)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already"),
    });
    expect(await conductor("backup", copy, ...options, "--replace")).toMatchObject({ code: 0 });
    const postgres = ["--store", "postgres://u:secret@h/d", "--no-config"];
    for (const [command, program] of [
      ["backup", "pg_dump"],
      ["restore", "pg_restore"],
    ] as const) {
      const { code, stderr } = await conductor(command, copy, ...postgres);
      expect(code).toBe(2);
      expect(stderr).toContain(program);
      expect(stderr).not.toContain("secret");
    }
    expect(await conductor("backup", join(root, "x.db"), "--store", `sqlite:${join(root, "no.db")}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no database"),
    });
    expect(existsSync(join(root, "x.db"))).toBe(false);
    expect(readdirSync(root).filter((name) => name.includes("no.db"))).toEqual([]);
    expect(await conductor("restore", copy, "--store", `sqlite:${join(root, "new.db")}`, "--no-config")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("restored to"),
    });
  });
});
