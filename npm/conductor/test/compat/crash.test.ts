/** The built package in processes that are killed. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";

const MODULE = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
const program = (code: string) => ["--input-type=module", "-e", `import { StateManager } from ${MODULE};\n${code}`];

let directory: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "state-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

it("what one process persisted before it was killed, another reads", async () => {
  const first = `
    const manager = new StateManager(true, { directory: ${JSON.stringify(directory)}, intervalMs: 5 });
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    manager.updateNodeState("e", "n", "running");
    manager.recordNodeError("e", "n", new RangeError("first try"));
    manager.setVariable("e", "when", new Date(5));
    manager.setVariable("e", "rows", new Map([["a", 1n]]));
    manager.createCheckpoint("e", "n");
    manager.once("state:persisted", ({ count }) => {
      manager.setVariable("e", "afterwards", true);
      process.stdout.write(String(count));
      for (;;);
    });
    setInterval(() => {}, 1000);`;
  child = spawn(process.execPath, program(first), { stdio: ["ignore", "pipe", "inherit"] });
  const [count] = await once(child.stdout ?? expect.fail("no output"), "data");
  expect(String(count)).toBe("1");
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  expect(await exit).toEqual([null, "SIGKILL"]);
  expect(readdirSync(directory)).toHaveLength(1);

  const second = `
    const manager = new StateManager(true, { directory: ${JSON.stringify(directory)} });
    manager.on("state:loaded", ({ count }) => {
      const { status, startTime, nodeStates, variables, checkpoints } = manager.getExecutionState("e");
      const { lastError } = nodeStates.get("n");
      console.log(JSON.stringify([
        count,
        status,
        startTime instanceof Date,
        [lastError instanceof RangeError, lastError.message],
        [...variables.keys()],
        variables.get("when") instanceof Date && variables.get("when").getTime(),
        String(variables.get("rows").get("a")) + typeof variables.get("rows").get("a"),
        [...checkpoints[0].state.keys()],
      ]));
    });
    await manager.loadExecutionStates();`;
  const { stdout } = await promisify(execFile)(process.execPath, program(second), { timeout: 600_000 });
  expect(JSON.parse(stdout)).toEqual([
    1,
    "running",
    true,
    [true, "first try"],
    ["when", "rows"],
    5,
    "1bigint",
    ["when", "rows"],
  ]);
});

it("a manager keeps no process alive, and one that ends after shutdown has written", async () => {
  const opened = `
    const manager = new StateManager(true, { directory: ${JSON.stringify(directory)} });
    manager.initializeExecution("e", "flow");`;
  await promisify(execFile)(process.execPath, program(opened), { timeout: 600_000 });
  expect(readdirSync(directory)).toEqual([]);
  await promisify(execFile)(process.execPath, program(`${opened} manager.shutdown();`), { timeout: 600_000 });
  expect(readdirSync(directory)).toHaveLength(1);
});
