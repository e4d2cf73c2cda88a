import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StateManager } from "../../src/compat/state-manager.js";

let directory: string;
let manager: StateManager;
const opened: StateManager[] = [];

/** A manager of the folder; files are real, its timer is not. */
function open(folder = directory): StateManager {
  const made = new StateManager(true, { directory: folder });
  opened.push(made);
  return made;
}

/** What another manager reads from the folder. */
async function reopened(): Promise<StateManager> {
  const other = open();
  await other.loadExecutionStates();
  return other;
}

/** Lets the time between two writes pass, and waits until it is written. */
async function tick(): Promise<unknown> {
  const persisted = once(manager, "state:persisted");
  vi.advanceTimersByTime(5000);
  return (await persisted)[0];
}

const files = () => readdirSync(directory).sort();
const onlyFile = () => join(directory, files()[0] ?? expect.fail("no file"));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"], now: 1_700_000_000_000 });
  directory = join(mkdtempSync(join(tmpdir(), "state-")), "made", "as needed");
  manager = open();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.shutdown();
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(join(directory, "..", ".."), { recursive: true, force: true });
});

describe("what is persisted", () => {
  it("comes back as it was", async () => {
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    manager.updateNodeState("e", "a", "completed");
    manager.updateNodeState("e", "b", "running");
    manager.recordNodeError("e", "b", new TypeError("no such field"));
    manager.setVariable("e", "when", new Date(5));
    manager.setVariable("e", "table", new Map([["row", { n: 1n, tags: new Set(["x"]), raw: Buffer.from("raw") }]]));
    manager.createCheckpoint("e", "a");
    manager.setVariable("e", "table", Number.NaN);
    await manager.flush();

    const other = await reopened();
    expect(other.getExecutionState("e")).toStrictEqual(manager.getExecutionState("e"));
    other.restoreCheckpoint("e", 0);
    expect(other.getVariable("e", "table")).toEqual(
      new Map([["row", { n: 1n, tags: new Set(["x"]), raw: Buffer.from("raw") }]]),
    );
  });

  it("can be gone on with", async () => {
    manager.initializeExecution("e", "flow");
    await manager.flush();
    const other = await reopened();
    other.updateExecutionState("e", { status: "running" });
    other.setVariable("e", "x", 1);
    await other.flush();
    expect((await reopened()).getVariable("e", "x")).toBe(1);
  });

  it("is one file for each execution, that says its version", async () => {
    manager.initializeExecution("one", "flow");
    manager.initializeExecution("two", "flow");
    await manager.flush();
    expect(files()).toEqual([expect.stringMatching(/^one\..*\.json$/), expect.stringMatching(/^two\..*\.json$/)]);
    expect(JSON.parse(readFileSync(onlyFile(), "utf8"))).toMatchObject({
      format: "atomiton-execution-state",
      version: 1,
    });
  });

  it.skipIf(process.platform === "win32")("is for nobody else to read", async () => {
    manager.initializeExecution("e", "flow");
    await manager.flush();
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it("stays in the folder, whatever the ids are", async () => {
    const ids = [
      "../escape",
      "/etc/passwd",
      "..",
      ".",
      "",
      "a/b\\c",
      "A",
      "a",
      "con",
      "x".repeat(5000),
      "é",
      "\0",
      "\ud800",
      "\ud801",
    ];
    for (const id of ids) manager.initializeExecution(id, `flow of ${id}`);
    await manager.flush();
    expect(files()).toHaveLength(ids.length);
    expect(new Set(files().map((name) => name.toLowerCase()))).toHaveProperty("size", ids.length);
    expect(readdirSync(join(directory, ".."))).toEqual(["as needed"]);
    const other = await reopened();
    for (const id of ids) expect(other.getExecutionState(id)?.blueprintId).toBe(`flow of ${id}`);
  });

  it("leaves out what a file cannot hold, and tells it once", async () => {
    const errors: { file: string; error: Error }[] = [];
    manager.on("state:error", (event) => errors.push(event));
    manager.initializeExecution("e", "flow");
    manager.setVariable("e", "handler", () => "hunter2");
    manager.setVariable("e", "kept", 1);
    await manager.flush();
    manager.setVariable("e", "kept", 2);
    await manager.flush();

    expect(errors).toHaveLength(1);
    expect(errors[0]?.error).toMatchObject({ code: "SERIALIZATION_FAILED" });
    expect(errors[0]?.error.message).toContain('execution e: variables["handler"]: a function');
    expect(errors[0]?.error.message).not.toContain("hunter2");
    expect(errors[0]?.file).toBe(onlyFile());
    const other = await reopened();
    expect(other.getVariable("e", "kept")).toBe(2);
    expect(other.getVariable("e", "handler")).toBeUndefined();
  });

  it("leaves out many things in one go", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    manager.initializeExecution("e", "flow");
    manager.setVariable(
      "e",
      "handlers",
      Array(1000).fill(() => {}),
    );
    await manager.flush();
    expect(warned.mock.calls).toEqual([[expect.stringContaining("and 995 more")]]);
  });
});

describe("the timer", () => {
  it("writes every five seconds what is running or paused, and tells how many", async () => {
    for (const id of ["running", "paused", "completed", "pending"] as const) {
      manager.initializeExecution(id, "flow");
      manager.updateExecutionState(id, { status: id });
    }
    expect(await tick()).toEqual({ count: 2 });
    manager.updateExecutionState("paused", { status: "failed" });
    manager.setVariable("running", "x", 1);
    expect(await tick()).toEqual({ count: 1 });
    const other = await reopened();
    expect(other.getVariable("running", "x")).toBe(1);
    expect(other.getExecutionState("paused")?.status).toBe("failed");
  });

  it("writes what ended since, but is silent when nothing is active", async () => {
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    await tick();
    manager.updateExecutionState("e", { status: "completed" });
    const persisted = vi.fn();
    manager.on("state:persisted", persisted);
    vi.advanceTimersByTime(5000);
    // Reading waits for what is being written.
    await manager.loadExecutionStates();
    expect((await reopened()).getExecutionState("e")?.status).toBe("completed");
    expect(persisted).not.toHaveBeenCalled();
  });

  it("finds what was changed behind the methods' backs", async () => {
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    const rows: number[] = [];
    manager.setVariable("e", "rows", rows);
    await tick();
    rows.push(1);
    await tick();
    expect((await reopened()).getVariable("e", "rows")).toEqual([1]);
  });

  it("does not write again what is the same", async () => {
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    await tick();
    rmSync(onlyFile());
    expect(await tick()).toEqual({ count: 1 });
    expect(files()).toEqual([]);
  });

  it("can have another interval", async () => {
    manager = new StateManager(true, { directory, intervalMs: 20 });
    opened.push(manager);
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    const persisted = once(manager, "state:persisted");
    vi.advanceTimersByTime(20);
    expect(await persisted).toEqual([{ count: 1 }]);
  });
});

describe("loading", () => {
  it("tells how many there were, none when there is no folder yet", async () => {
    const loaded = once(manager, "state:loaded");
    await manager.loadExecutionStates();
    expect(await loaded).toEqual([{ count: 0 }]);

    for (const id of ["a", "b", "c"]) manager.initializeExecution(id, "flow");
    await manager.flush();
    const other = open();
    const counted = once(other, "state:loaded");
    await other.loadExecutionStates();
    expect(await counted).toEqual([{ count: 3 }]);
  });

  it("leaves alone what is known already", async () => {
    manager.initializeExecution("e", "flow");
    await manager.flush();
    manager.setVariable("e", "newer", true);
    const loaded = once(manager, "state:loaded");
    await manager.loadExecutionStates();
    expect(await loaded).toEqual([{ count: 0 }]);
    expect(manager.getVariable("e", "newer")).toBe(true);
  });

  it.each([
    ["torn", (text: string) => text.slice(0, -20), "it is no JSON"],
    ["empty", () => "", "it is no JSON"],
    ["null", () => "null", "it is no execution state"],
    ["foreign", () => '{"name":"package"}', "it is no execution state"],
    ["of a later version", (text: string) => text.replace('"version":1', '"version":2'), "it has version 2"],
    ["of an unknown type of value", (text: string) => text.replace('"$type":"Date"', '"$type":"Moment"'), '"Moment"'],
    ["of another shape", (text: string) => text.replace('"status":"running"', '"status":"asleep"'), "of another kind"],
    ["without its maps", (text: string) => text.replace('{"$type":"Map","value":[]}', "{}"), "of another kind"],
    [
      "of another execution",
      (text: string) => text.replace('"executionId":"bad"', '"executionId":"x"'),
      "name of another",
    ],
    ["nested without end", () => "[".repeat(100_000) + "]".repeat(100_000), "it is no"],
  ])("reports a file that is %s, leaves it and reads the others", async (_, spoil, reason) => {
    manager.initializeExecution("bad", "flow");
    manager.updateExecutionState("bad", { status: "running" });
    await manager.flush();
    const file = onlyFile();
    const spoilt = spoil(readFileSync(file, "utf8"));
    writeFileSync(file, spoilt);
    manager.initializeExecution("good", "flow");
    await manager.flush();

    const other = open();
    const errors: { file: string; error: Error }[] = [];
    other.on("state:error", (event) => errors.push(event));
    const loaded = once(other, "state:loaded");
    await other.loadExecutionStates();
    expect(await loaded).toEqual([{ count: 1 }]);
    expect(errors).toMatchObject([{ file, error: { code: "DESERIALIZATION_FAILED" } }]);
    expect(errors[0]?.error.message).toContain(reason);
    expect(other.getExecutionState("bad")).toBeUndefined();
    expect(other.getExecutionState("good")).toBeDefined();
    expect(readFileSync(file, "utf8")).toBe(spoilt);
  });

  it("warns on the console where nobody listens", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "bad.json"), "{");
    await manager.loadExecutionStates();
    expect(warned.mock.calls).toEqual([[expect.stringContaining("bad.json")]]);
  });

  it("does not look at what is still being written", async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, ".e.json.0123456789ab.tmp"), "{");
    writeFileSync(join(directory, ".hidden.json"), "{");
    const errors = vi.fn();
    manager.on("state:error", errors);
    await manager.loadExecutionStates();
    expect(errors).not.toHaveBeenCalled();
  });
});

describe("clearing", () => {
  it("removes the file, even one that is being written", async () => {
    manager.initializeExecution("gone", "flow");
    manager.initializeExecution("stays", "flow");
    await manager.flush();
    manager.setVariable("gone", "x", 1);
    const writing = manager.flush();
    manager.clearExecutionState("gone");
    await writing;
    await manager.flush();
    expect(files()).toEqual([expect.stringMatching(/^stays/)]);
  });

  it("removes the files of what is completed or failed", async () => {
    for (const status of ["completed", "failed", "cancelled"] as const) {
      manager.initializeExecution(status, "flow");
      manager.updateExecutionState(status, { status });
    }
    await manager.flush();
    expect(manager.clearCompletedExecutions()).toBe(2);
    await manager.flush();
    expect(files()).toEqual([expect.stringMatching(/^cancelled/)]);
  });

  it("is overtaken by a new start under the same id", async () => {
    manager.initializeExecution("e", "first");
    await manager.flush();
    manager.clearExecutionState("e");
    manager.initializeExecution("e", "second");
    await manager.flush();
    expect((await reopened()).getExecutionState("e")?.blueprintId).toBe("second");
  });

  it("removes a file that was never loaded", async () => {
    manager.initializeExecution("e", "flow");
    await manager.flush();
    const other = open();
    other.clearExecutionState("e");
    await other.flush();
    expect(files()).toEqual([]);
  });
});

describe("an id that is no string", () => {
  const ids: unknown[] = [undefined, null, 5, {}, Symbol("e")];

  it.each(ids)("can be cleared without harm to what is kept: %s", async (id) => {
    manager.clearExecutionState(id as never);
    manager.initializeExecution("e", "flow");
    await manager.flush();
    expect((await reopened()).getExecutionState("e")?.blueprintId).toBe("flow");
  });

  it.each(ids)("is told and not kept, and the others are: %s", async (id) => {
    const errors: { file: string; error: Error }[] = [];
    manager.on("state:error", (event) => errors.push(event));
    manager.initializeExecution(id as never, "flow");
    manager.initializeExecution("e", "flow");
    await manager.flush();
    await manager.flush();
    expect(errors).toMatchObject([{ file: directory, error: { code: "SERIALIZATION_FAILED" } }]);
    expect(errors[0]?.error.message).toContain("no string");
    expect(files()).toEqual([expect.stringMatching(/^e\./)]);
  });

  it("that a caller put into a state does not keep it from being cleared with those that are over", async () => {
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "completed" });
    await manager.flush();
    manager.updateContext("e", { executionId: undefined as never });
    expect(manager.clearCompletedExecutions()).toBe(1);
    await manager.flush();
    expect(manager.getExecutionState("e")).toBeUndefined();
    expect(files()).toEqual([]);
  });
});

describe("a folder that cannot be one", () => {
  it("is told for whatever is written and removed, and ends nothing", async () => {
    manager = open(5 as never);
    const errors: Error[] = [];
    manager.on("state:error", ({ error }) => errors.push(error));
    manager.clearExecutionState("e");
    manager.initializeExecution("e", "flow");
    await manager.flush();
    expect(errors).toMatchObject([{ code: "ERR_INVALID_ARG_TYPE" }, { code: "ERR_INVALID_ARG_TYPE" }]);
  });
});

describe("shutdown", () => {
  it("writes what is left and stops the timer", async () => {
    manager.initializeExecution("e", "flow");
    manager.setVariable("e", "last", "word");
    const over = manager.shutdown();
    expect(vi.getTimerCount()).toBe(0);
    await over;
    expect((await reopened()).getVariable("e", "last")).toBe("word");
  });

  it("does not reject, whatever the disk does", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const blocked = join(directory, "..", "a file");
    mkdirSync(join(directory, ".."), { recursive: true });
    writeFileSync(blocked, "");
    const other = open(blocked);
    other.initializeExecution("e", "flow");
    await expect(other.shutdown()).resolves.toBeUndefined();
    expect(warned).toHaveBeenCalledTimes(1);
  });
});

describe("a disk that fails", () => {
  it("is told once as long as it lasts, and written to when it is back", async () => {
    const blocked = join(directory, "blocked");
    mkdirSync(directory, { recursive: true });
    writeFileSync(blocked, "");
    manager = open(blocked);
    const errors = vi.fn();
    manager.on("state:error", errors);
    const persisted = vi.fn();
    manager.on("state:persisted", persisted);
    manager.initializeExecution("e", "flow");
    manager.updateExecutionState("e", { status: "running" });
    for (let round = 0; round < 3; round++) {
      vi.advanceTimersByTime(5000);
      await manager.flush();
    }
    expect(errors).toHaveBeenCalledTimes(1);
    expect(errors.mock.calls[0]?.[0].file).toContain(blocked);
    expect(persisted).not.toHaveBeenCalled();

    rmSync(blocked);
    await manager.flush();
    expect(existsSync(blocked)).toBe(true);
    expect(readdirSync(blocked)).toHaveLength(1);
  });
});
