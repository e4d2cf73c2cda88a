/** What isolated executions try to leave behind, and results that must not look well. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import type { ConductorConfig } from "../../src/exports/node.js";
// @ts-expect-error: a module as owners write them, which a process loads by its path
import * as exported from "./hostile-nodes.mjs";
import { flowWith, gone, isolating } from "./isolating.js";
// @ts-expect-error: the same
import * as usual from "./nodes.mjs";

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const MODULES = [pathOf("nodes.mjs"), pathOf("hostile-nodes.mjs")];
const nodes = [...Object.values(exported), ...Object.values(usual)] as NonNullable<ConductorConfig["nodes"]>;

const served = (options: object = {}, settings: object = {}) =>
  isolating({ nodes: MODULES, ...options }, { nodes, ...settings });

const ON = { policy: { continueOnError: true } };

describe("an execution whose process ended", () => {
  it.each([
    ["at its last node", ["die", {}, ON]],
    ["before nodes that the server carries out", ["die", {}, ON], ["delay", { duration: 1 }]],
    ["before a long wait", ["die", {}, ON], ["delay", { duration: 3_600_000 }]],
    ["within a flow inside of it", ["sub-flow", { flow: "dying" }, ON]],
  ] as [string, ...[string, object, object?][]][])(
    "fails, %s, whatever is to go on after errors",
    async (_, ...types) => {
      const { run, conductor } = await served();
      await conductor.storage.saveFlow({ ...flowWith("die"), id: "dying" } as never);
      const executionId = "dies";
      const { success, metadata, error } = await run("runner", flowWith(...(types as never[])), { executionId });
      expect([success, metadata?.error?.code]).toEqual([false, "TRANSPORT_ERROR"]);
      expect(error).toContain("ended by SIGKILL");
      // The record says so as well.
      expect((await conductor.executions.get(executionId)).status).toBe("failed");
      expect((await conductor.executions.result(executionId)).error?.code).toBe("TRANSPORT_ERROR");
    },
  );
});

describe("what an isolated execution leaves behind", () => {
  it("ends with it, where a node started a program and ended before that", async () => {
    const { run } = await served();
    const { data } = await run("runner", flowWith("leaves"));
    expect(data).toBeGreaterThan(0);
    await gone(data as number);
  });

  it("ends with the server, where that is killed while a node never gives way", async () => {
    const script = `
      import { createConductor } from "@atomiton/conductor/node";
      import { createIsolation } from "@atomiton/conductor/server";
      import * as exported from ${JSON.stringify(MODULES[0])};
      const isolation = createIsolation({ nodes: [${JSON.stringify(MODULES[0])}], spare: 0 });
      const conductor = createConductor({ isolation, nodes: Object.values(exported) });
      conductor.node.onProgress((event) => {
        const [, pid] = /"message":"(\\d+)"/.exec(JSON.stringify(event)) ?? [];
        if (pid) console.log(pid);
      });
      await conductor.node.run({ id: "s", type: "spin", parameters: {} });`;
    const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: pathOf("."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void server.kill("SIGKILL"));
    const pid = await new Promise<number>((resolve) => server.stdout.once("data", (text) => resolve(Number(text))));
    onTestFinished(() => {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone, as it should.
      }
    });
    expect(pid).toBeGreaterThan(0);
    server.kill("SIGKILL");
    await gone(pid);
  });

  it("is not a process that never got ready", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isolated-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "pid");
    const { run } = await served({ launcher: ["sh", "-c", `echo $$ > ${file}; exec sleep 1000`] }, { timeout: 1500 });
    const { metadata } = await run("runner", flowWith("look"));
    expect(metadata?.error?.code).toBe("TIMEOUT");
    await gone(Number(await vi.waitFor(() => readFileSync(file, "utf8"))));
  });
});

it("has no network in threads of its nodes either", async () => {
  let connections = 0;
  const listener = createServer((socket) => {
    connections++;
    socket.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void listener.close());
  const { port } = listener.address() as { port: number };
  const { run } = await served();
  const { data } = await run("runner", flowWith(["thread", { port }]));
  expect([data, connections]).toEqual(["Isolated executions have no network here: its owner can grant it", 0]);
});

describe("the `maxMemory` of a request", () => {
  const warned = async (role: string, config: object) => {
    const { run } = await served({ maxMemory: { runner: 200 } });
    const { success, metadata } = await run(role, flowWith("look"), { config });
    const { warnings = [] } = (metadata ?? {}) as { warnings?: { rule: string; message: string }[] };
    expect(success).toBe(true);
    return warnings.filter(({ rule }) => rule === "not-kept").map(({ message }) => message);
  };

  it("is warned of where the execution is not isolated", async () => {
    expect(await warned("admin", { maxMemory: 300 })).toEqual([
      "`config.maxMemory` of the request, 300, is not kept: this execution is not isolated. " +
        "A server holds executions to it that it isolates (`isolation`)",
    ]);
    expect(await warned("admin", {})).toEqual([]);
  });

  it.each([300, 5])("is warned of where it is %s, and another one counts", async (maxMemory) => {
    expect(await warned("runner", { maxMemory })).toEqual([
      `\`config.maxMemory\` of the request, ${maxMemory}, is not kept: ` +
        `the limit of this execution is ${maxMemory === 5 ? 128 : 200} MiB`,
    ]);
  });

  it("is kept without a word where it can be", async () => {
    expect(await warned("runner", { maxMemory: 150 })).toEqual([]);
  });
});

it("fails where no process can be started, whatever is to go on after errors", async () => {
  const { run } = await served({ launcher: ["/no/such/program"] });
  const { success, metadata } = await run("runner", flowWith(["look", {}, ON], ["delay", { duration: 3_600_000 }]));
  expect([success, metadata?.error?.code]).toEqual([false, "INTERNAL_ERROR"]);
});
