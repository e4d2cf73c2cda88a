/** States in a store of executions, beside the executions of a conductor. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createMemoryExecutions,
  type EntryStorage,
  type ExecutionStore,
  openPostgresStore,
  openSqliteStore,
} from "@atomiton/storage";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";

import { missingPostgres, startPostgres } from "../../../../tests/nodes/postgres.mjs";
import { createConductor, createStateManager, StateFileError, StateManager } from "../../src/exports/index.js";

/** What a manager is given as its store; each call is that of another process. */
type Places = () => string | ExecutionStore;

function statesOf(store: ExecutionStore): EntryStorage {
  return store.entries?.("states") as EntryStorage;
}

/** Stores that a test has opened, and managers that it has made. */
const opened: { close(): Promise<void> }[] = [];
const managers: StateManager[] = [];

afterEach(async () => {
  for (const each of managers.splice(0)) await each.shutdown();
  for (const each of opened.splice(0)) await each.close();
});

function keep<T extends { close(): Promise<void> }>(store: T): T {
  opened.push(store);
  return store;
}

function manager(store: string | ExecutionStore, told: unknown[] = []): StateManager {
  const made = new StateManager(true, { store });
  made.on("state:error", ({ file, error }) => told.push([file, error.code, error.message]));
  managers.push(made);
  return made;
}

async function loaded(store: string | ExecutionStore, told: unknown[] = []): Promise<StateManager> {
  const made = manager(store, told);
  await made.loadExecutionStates();
  return made;
}

/** Declares what is the same for all stores. `open` gives a new and empty one each time. */
function testStore(name: string, open: () => Promise<{ places: Places; store: ExecutionStore }>): void {
  describe(`states in ${name}`, () => {
    it("come back in another process as they were, with their checkpoints", async () => {
      const { places, store } = await open();
      const first = manager(places());
      first.initializeExecution("e/1 ä", "flow");
      first.updateExecutionState("e/1 ä", { status: "running" });
      first.updateNodeState("e/1 ä", "n", "running");
      first.recordNodeError("e/1 ä", "n", new RangeError("no such row"));
      first.setVariable("e/1 ä", "rows", new Map([["a", { n: 1n, when: new Date(5), raw: Uint8Array.of(1, 2) }]]));
      first.createCheckpoint("e/1 ä", "n");
      first.setVariable("e/1 ä", "rows", "gone");
      await first.flush();

      const second = await loaded(places());
      expect(second.getExecutionState("e/1 ä")).toStrictEqual(first.getExecutionState("e/1 ä"));
      second.restoreCheckpoint("e/1 ä", 0);
      expect(second.getVariable("e/1 ä", "rows")).toEqual(
        new Map([["a", { n: 1n, when: new Date(5), raw: Uint8Array.of(1, 2) }]]),
      );
      await second.flush();
      expect((await loaded(places())).getVariable("e/1 ä", "rows")).toBeInstanceOf(Map);
      expect(await statesOf(store).ids()).toEqual(["e/1 ä"]);
      // They are no executions, which lists, retention and recovery would find.
      expect((await store.list()).executions).toEqual([]);
    });

    it("are written only where they changed, and deleted when they are cleared", async () => {
      const { places, store } = await open();
      const states = statesOf(store);
      const first = manager(places());
      for (const id of ["a", "b", "c"]) first.initializeExecution(id, "flow");
      first.updateExecutionState("b", { status: "completed" });
      await first.flush();
      const before = await states.get("a");
      const written = vi.spyOn(states, "write");
      await first.flush();
      expect(written).not.toHaveBeenCalled();
      written.mockRestore();
      first.setVariable("a", "x", 1);
      first.clearExecutionState("c");
      expect(first.clearCompletedExecutions()).toBe(1);
      await first.flush();
      expect(await states.ids()).toEqual(["a"]);
      expect(await states.get("a")).not.toEqual(before);
      first.initializeExecution("c", "flow");
      await first.flush();
      expect((await states.ids()).sort()).toEqual(["a", "c"]);
    });

    it("are not replaced by a manager that does not know them as they are", async () => {
      const { places } = await open();
      const [mine, told]: [unknown[], unknown[]] = [[], []];
      const one = manager(places(), mine);
      one.initializeExecution("e", "flow");
      await one.flush();
      const other = await loaded(places(), told);
      one.setVariable("e", "by", "one");
      other.setVariable("e", "by", "other");
      await one.flush();
      await other.flush();
      // Said once, however often it is tried.
      other.setVariable("e", "again", true);
      await other.flush();
      expect(mine).toEqual([]);
      expect(told).toEqual([[expect.any(String), "VERSION_CONFLICT", expect.stringContaining("The state of e ")]]);
      expect((await loaded(places())).getVariable("e", "by")).toBe("one");
      // Loading leaves it as it is here, and does not let it replace the other one.
      await other.loadExecutionStates();
      expect(other.getVariable("e", "by")).toBe("other");
      other.setVariable("e", "again", 2);
      await other.flush();
      expect((await loaded(places())).getVariable("e", "by")).toBe("one");
      // As the message says: the other state is taken over.
      other.clearExecutionState("e");
      await other.loadExecutionStates();
      expect(other.getVariable("e", "by")).toBe("one");
      other.setVariable("e", "by", "other");
      await other.flush();
      expect((await loaded(places())).getVariable("e", "by")).toBe("other");
    });

    it("are not replaced by a new execution of the same id in another process, unless they are deleted", async () => {
      const { places } = await open();
      const one = manager(places());
      one.initializeExecution("e", "flow");
      await one.flush();
      const told: unknown[] = [];
      const other = manager(places(), told);
      other.initializeExecution("e", "another flow");
      await other.flush();
      other.clearExecutionState("e");
      await other.flush();
      expect(told).toHaveLength(2);
      expect((await loaded(places())).getExecutionState("e")?.blueprintId).toBe("flow");
      other.clearExecutionState("e");
      other.initializeExecution("e", "another flow");
      await other.flush();
      expect(told).toHaveLength(2);
      expect((await loaded(places())).getExecutionState("e")?.blueprintId).toBe("another flow");
      // What another process deleted does not come back by itself.
      const mine: unknown[] = [];
      one.on("state:error", ({ error }) => mine.push(error.code));
      other.clearExecutionState("e");
      await other.flush();
      one.setVariable("e", "x", 1);
      await one.flush();
      expect(mine).toEqual(["VERSION_CONFLICT"]);
      expect((await loaded(places())).getExecutionState("e")).toBeUndefined();
    });

    it("tell of what cannot be read or kept, and keep the rest", async () => {
      const { places, store } = await open();
      const states = statesOf(store);
      const told: unknown[] = [];
      const one = await loaded(places(), told);
      for (const id of ["a", "b\0"]) one.initializeExecution(id, "flow");
      one.setVariable("a", "f", () => {});
      await one.flush();
      const { content } = (await states.get("a")) as { content: string };
      await states.write([
        { id: "torn", entry: { hash: "1", content: content.slice(0, 40) } },
        { id: "later", entry: { hash: "2", content: content.replace('"version":1', '"version":2') } },
        { id: "other", entry: { hash: "3", content } },
      ]);
      const other = await loaded(places(), told);
      expect(other.getExecutionState("a")).toBeDefined();
      expect(told).toEqual([
        [store.name, "SERIALIZATION_FAILED", expect.stringContaining('variables["f"]')],
        [store.name, "SERIALIZATION_ERROR", expect.stringContaining("NUL")],
        [store.name, "DESERIALIZATION_FAILED", expect.stringContaining("it has version 2, and this program knows 1")],
        [store.name, "DESERIALIZATION_FAILED", expect.stringContaining("the state of a under the name of another")],
        [store.name, "DESERIALIZATION_FAILED", expect.stringMatching(/^What the store has of .+left as it is.+JSON/)],
      ]);
      expect((await states.ids()).length).toBe(4);
    });

    it("live beside the executions of a conductor, also under the same id", async () => {
      const { places, store } = await open();
      const place = places();
      const conductor = createConductor({ store: place, logLevel: "error" });
      onTestFinished(() => conductor.shutdown());
      await conductor.node.run({ id: "n", type: "group", name: "N" } as never, { executionId: "e" as never });
      const one = manager(place);
      one.initializeExecution("e", "n");
      await one.flush();
      expect(await conductor.executions.delete(["e"])).toBe(1);
      expect((await loaded(places())).getExecutionState("e")?.status).toBe("pending");
      expect(await store.get("e")).toBeUndefined();
    });
  });
}

let folder: string;
let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "states-"));
  if (missingPostgres() === undefined) server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

testStore("memory", async () => {
  const store = keep(createMemoryExecutions());
  return { store, places: () => keep(createMemoryExecutions({ shared: store })) };
});

testStore("SQLite", async () => {
  const file = join(folder, `${++count}.db`);
  return { store: keep(await openSqliteStore(file)), places: () => `sqlite:${file}` };
});

describe.skipIf(missingPostgres() !== undefined)("with a server", () => {
  testStore("PostgreSQL", async () => {
    const url = new URL(server?.url as string);
    const store = keep(await openPostgresStore(url.href));
    const states = statesOf(store);
    await states.write((await states.ids()).map((id) => ({ id })));
    return { store, places: () => url.href };
  });

  it("a password is never told, and a server that is not there is told once and used when it is", async () => {
    const told: unknown[] = [];
    const one = manager("postgresql://app:s3cret@127.0.0.1:1/postgres", told);
    one.initializeExecution("e", "flow");
    await one.flush();
    one.setVariable("e", "x", 1);
    await one.flush();
    expect(told).toEqual([["postgresql://…", "NETWORK_ERROR", expect.any(String)]]);
    expect(JSON.stringify(told)).not.toContain("s3cret");
  });
});

describe("a store of a state manager", () => {
  it("is refused where it would not be used as it is meant", () => {
    const refused = (...args: ConstructorParameters<typeof StateManager>) => {
      try {
        new StateManager(...args);
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return `${code} ${message}`;
      }
      return expect.fail("not refused");
    };
    const store = `sqlite:${join(folder, "never.db")}`;
    expect(refused(false, { store })).toMatch(/^INVALID_PARAMETERS .*`persistState`/);
    expect(refused(true, { store, directory: folder })).toMatch(/^INVALID_PARAMETERS .*`directory`/);
    expect(refused(true, { store: "mysql://app:s3cret@host/db" })).toMatch(
      /^INVALID_PARAMETERS (?!.*s3cret).*sqlite:PATH/,
    );
    expect(refused(true, { store: {} as never })).toMatch(/^INVALID_PARAMETERS .*`store`/);
    const { entries: _, ...without } = createMemoryExecutions();
    expect(refused(true, { store: without })).toMatch(/^INVALID_PARAMETERS .*memory keeps no states/);
    expect(readdirSync(folder)).not.toContain("never.db");
  });

  it("is opened when something is kept, and written to on a timer", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const file = join(folder, "timer.db");
    const one = manager(`sqlite:${file}`);
    expect(readdirSync(folder)).not.toContain("timer.db");
    one.initializeExecution("e", "flow");
    one.updateExecutionState("e", { status: "running" });
    const persisted = once(one, "state:persisted");
    vi.advanceTimersByTime(5000);
    expect((await persisted)[0]).toEqual({ count: 1 });
    const functions = createStateManager(true, { store: `sqlite:${file}` });
    await functions.loadExecutionStates();
    expect(functions.getActiveExecutions()).toHaveLength(1);
    await functions.shutdown();
  });

  it("that is given open is left open, and its own is closed by shutdown", async () => {
    const store = keep(createMemoryExecutions());
    const one = manager(store);
    one.initializeExecution("e", "flow");
    await one.shutdown();
    expect(await statesOf(store).ids()).toEqual(["e"]);
    const file = join(folder, "closed.db");
    const own = manager(`sqlite:${file}`);
    own.initializeExecution("e", "flow");
    await own.shutdown();
    // The last store that is closed removes the WAL.
    expect(readdirSync(folder).filter((name) => name.startsWith("closed.db-w"))).toEqual([]);
    own.setVariable("e", "x", 1);
    await own.shutdown();
    expect((await loaded(`sqlite:${file}`)).getVariable("e", "x")).toBe(1);
  });

  it("is not in conflict with changes of its own whose answers were lost", async () => {
    const store = keep(createMemoryExecutions());
    const states = statesOf(store);
    const write = states.write.bind(states);
    const told: unknown[] = [];
    const one = manager(store, told);
    const losing = async (isWritten: boolean) => {
      const lost = vi.spyOn(states, "write").mockImplementationOnce(async (changes) => {
        if (isWritten) await write(changes);
        throw Object.assign(new Error("no answer"), { code: "NETWORK_ERROR" });
      });
      await one.flush();
      expect(lost).toHaveBeenCalledTimes(1);
      lost.mockRestore();
    };
    one.initializeExecution("e", "flow");
    await losing(true);
    for (const isWritten of [false, true, true, false]) {
      one.setVariable("e", "x", `${isWritten}${Math.random()}`);
      await losing(isWritten);
    }
    one.setVariable("e", "x", 1);
    await one.flush();
    expect((await loaded(store)).getVariable("e", "x")).toBe(1);
    for (const isWritten of [true, false]) {
      one.clearExecutionState("e");
      await losing(isWritten);
      one.initializeExecution("e", `flow ${isWritten}`);
      await one.flush();
      expect((await loaded(store)).getExecutionState("e")?.blueprintId).toBe(`flow ${isWritten}`);
    }
    expect(new Set(told.map(String))).toEqual(new Set(["memory,NETWORK_ERROR,no answer"]));
  });

  it("gives errors that are a StateFileError", async () => {
    const store = keep(createMemoryExecutions());
    const errors: unknown[] = [];
    for (const blueprint of ["one", "other"]) {
      const made = manager(store);
      made.on("state:error", ({ error }) => errors.push(error));
      made.initializeExecution("e", blueprint);
      await made.flush();
    }
    expect(errors).toEqual([expect.any(StateFileError)]);
  });
});

describe("a process with states in SQLite", () => {
  const MODULE = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
  const program = (code: string) => ["--input-type=module", "-e", `import { StateManager } from ${MODULE};\n${code}`];
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill("SIGKILL"));

  it("can be killed, and another reads what it was told is kept", async () => {
    const store = JSON.stringify(`sqlite:${join(folder, "killed.db")}`);
    const first = `
      const manager = new StateManager(true, { store: ${store}, intervalMs: 5 });
      for (let n = 0; n < 20; n++) {
        manager.initializeExecution("e" + n, "flow");
        manager.updateExecutionState("e" + n, { status: "running" });
      }
      for (let round = 1; ; round++) {
        for (let n = 0; n < 20; n++) {
          manager.setVariable("e" + n, "round", round);
          manager.createCheckpoint("e" + n, "node");
        }
        await manager.flush();
        process.stdout.write(round + "\\n");
      }`;
    child = spawn(process.execPath, program(first), { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    child.stdout?.on("data", (text) => {
      told += text;
    });
    while (told.split("\n").length < 4) await once(child.stdout ?? expect.fail("no output"), "data");
    const exit = once(child, "close");
    child.kill("SIGKILL");
    expect(await exit).toEqual([null, "SIGKILL"]);
    const last = Number(told.trimEnd().split("\n").at(-1));

    const second = `
      const manager = new StateManager(true, { store: ${store} });
      await manager.loadExecutionStates();
      const active = manager.getActiveExecutions();
      const rounds = active.map(({ variables, checkpoints }) => [variables.get("round"), checkpoints.length]);
      for (const { executionId } of active) manager.updateExecutionState(executionId, { status: "completed" });
      manager.shutdown();
      console.log(JSON.stringify(rounds));`;
    const { stdout } = await promisify(execFile)(process.execPath, program(second), { timeout: 600_000 });
    const rounds = JSON.parse(stdout) as [number, number][];
    expect(rounds).toHaveLength(20);
    for (const [round, checkpoints] of rounds) {
      expect(round).toBeGreaterThanOrEqual(last);
      expect(checkpoints).toBe(round);
    }
    const after = await loaded(`sqlite:${join(folder, "killed.db")}`);
    expect(after.getActiveExecutions()).toEqual([]);
    expect(after.clearCompletedExecutions()).toBe(20);
  });
});
