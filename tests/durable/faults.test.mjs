/**
 * What goes wrong around a store of executions, in the real thing: a full disk, a file system that is read-only, a damaged page,
 * a lock that another program holds, a server that restarts, clocks that differ. Users are told what is wrong; nothing is lost, and
 * executions go on when it is mended.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPostgresStore, openSqliteStore } from "@atomiton/storage";

import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";
import { EXECUTION, orderFlow } from "./kill-points/flow.mjs";
import { conductorOver } from "./kill-points/in-node.mjs";
import { STORES } from "./kill-points/places.mjs";
import { carryOn } from "./kill-points/runner.mjs";
import { comparable, tally } from "./kill-points/world.mjs";

const HOUR = 3_600_000;

const withoutRoot = process.getuid?.() === 0 ? false : "only root can mount a small file system";

/** A folder that goes after the test. */
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-faults-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file system of its own, of so many KB. */
function smallDisk(t, kilobytes) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-faults-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "none", folder]);
  t.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** What is said on the console, and a promise of the first line that matches. */
function listen(t) {
  const said = [];
  const waiting = [];
  for (const level of ["error", "warn"]) {
    t.mock.method(console, level, (...words) => {
      said.push(words.join(" "));
      for (const { pattern, resolve } of waiting) if (pattern.test(said.at(-1))) resolve(said.at(-1));
    });
  }
  const heard = (pattern) => new Promise((resolve) => waiting.push({ pattern, resolve }));
  return { said, heard };
}

/** A world whose `do` may call back at an effect. */
function worldOf(at = () => {}) {
  const deeds = [];
  return {
    deeds: () => deeds,
    do(deed) {
      deeds.push(deed);
      at(deeds.length);
    },
  };
}

async function undisturbed() {
  const place = (await STORES.memory.open()).place();
  const conductor = await conductorOver(await place.open(), place.world);
  const result = comparable(await carryOn(conductor));
  await conductor.shutdown();
  return { result, times: tally(place.world.deeds()).times };
}
const whole = await undisturbed();

/** Nothing is lost, doubled or different. */
async function checkWhole(store, result, world, repeated = 0) {
  assert.deepEqual(comparable(result), whole.result);
  const { times, twoInputs } = tally(world.deeds());
  assert.deepEqual(twoInputs, []);
  assert.deepEqual([...times.keys()].sort(), [...whole.times.keys()].sort());
  const more = [...times].reduce((sum, [key, count]) => sum + count - whole.times.get(key), 0);
  assert.ok(more <= repeated, `${more} effects were repeated`);
  const row = await store.get(EXECUTION);
  assert.equal(row.status, "completed");
  assert.equal((await store.records(EXECUTION)).length, row.sequence);
}

test("a disk that is full: executions wait, say so, and go on when there is room", { skip: withoutRoot }, async (t) => {
  const { said, heard } = listen(t);
  const folder = smallDisk(t, 4_096);
  const ballast = join(folder, "ballast");
  const fill = () => {
    const { bavail, bsize } = statfsSync(folder);
    const file = openSync(ballast, "a");
    for (let block = 0; block < bavail; block++) writeSync(file, Buffer.alloc(bsize));
    closeSync(file);
  };
  const store = await openSqliteStore(join(folder, "conductor.db"));
  const world = worldOf((count) => count === 5 && fill());
  const conductor = await conductorOver(store, world);
  const told = heard(/Executions wait/);
  const run = carryOn(conductor);
  const line = await told;
  assert.match(line, /nothing can be written to sqlite:.*conductor\.db: The disk is full .*Make room/);
  // What is not on disk has led to nothing.
  const before = world.deeds().length;
  assert.ok(before < 8, `${before} effects`);
  rmSync(ballast);
  await checkWhole(store, await run, world);
  assert.ok(said.some((words) => /is written to again/.test(words)));
  await conductor.shutdown();
  await store.close();
});

test("a conductor whose disk is full can be shut down, and the next one goes on", { skip: withoutRoot }, async (t) => {
  const { said, heard } = listen(t);
  const folder = smallDisk(t, 4_096);
  const ballast = join(folder, "ballast");
  const file = join(folder, "conductor.db");
  const first = await openSqliteStore(file);
  const world = worldOf((count) => {
    if (count !== 5) return;
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  });
  const one = await conductorOver(first, world);
  const told = heard(/Executions wait/);
  const run = carryOn(one);
  await told;
  await one.shutdown();
  assert.equal((await run).error.code, "CANCELLED");
  assert.ok(
    said.some((words) => /was not written to sqlite:.*run again by the conductor that goes on/.test(words)),
    said.join("\n"),
  );
  await first.close();
  rmSync(ballast);
  const second = await openSqliteStore(file);
  const two = await conductorOver(second, world);
  await checkWhole(second, await carryOn(two), world, 2);
  await two.shutdown();
  await second.close();
});

test("a read-only file system: runs fail with the reason, and work once it can be written", {
  skip: withoutRoot,
}, async (t) => {
  listen(t);
  const folder = smallDisk(t, 8_192);
  const file = join(folder, "conductor.db");
  await (await openSqliteStore(file)).close();
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const world = worldOf();
  const conductor = await conductorOver(`sqlite:${file}`, world);
  const refused = await conductor.node.run(orderFlow(), { executionId: EXECUTION });
  assert.equal(refused.success, false);
  assert.match(refused.error.message, /conductor\.db|-owners/);
  assert.match(refused.error.message, /right to write|may write/i);
  assert.deepEqual(world.deeds(), []);
  execFileSync("mount", ["-o", "remount,rw", folder]);
  const result = await conductor.node.run(orderFlow(), { executionId: EXECUTION });
  await conductor.shutdown();
  const store = await openSqliteStore(file);
  await checkWhole(store, result, world);
  await store.close();
});

test("a damaged page: it is said, no execution is taken for finished, and a backup goes on", async (t) => {
  const { said } = listen(t);
  const place = (await STORES.sqlite.open()).place();
  t.after(() => place.remove());
  assert.ok(await place.run({ point: 20, before: false }));
  const folder = folderOf(t);
  const [backup, damaged] = ["backup.db", "damaged.db"].map((name) => join(folder, name));
  // The WAL goes into the file when the last one closes it.
  const opened = await place.open();
  const { name } = opened;
  await opened.close();
  const file = name.replace(/^sqlite:/, "");
  for (const copy of [backup, damaged]) copyFileSync(file, copy);
  const { length } = readFileSync(damaged);
  const bytes = openSync(damaged, "r+");
  // All but the pages of the schema.
  for (let at = 4096 * 20; at < length; at += 4096) writeSync(bytes, Buffer.alloc(2_000, 0xa5), 0, 2_000, at);
  closeSync(bytes);

  const world = { ...place.world };
  const before = world.deeds().length;
  const conductor = await conductorOver(`sqlite:${damaged}`, world);
  const failure = await conductor.recover().then(
    ({ resumed, blocked }) => {
      assert.deepEqual(resumed, []);
      return blocked.map(({ reason }) => reason).join("\n");
    },
    (error) => error.message,
  );
  assert.match(failure, /damaged|malformed/i, said.join("\n"));
  assert.match(failure, /backup/);
  assert.equal(world.deeds().length, before);
  await conductor.shutdown();

  const store = await openSqliteStore(backup);
  const next = await conductorOver(store, world);
  await checkWhole(store, await carryOn(next), world, 2);
  await next.shutdown();
  await store.close();
});

test("a database that another program has locked: executions wait, say so, and go on", async (t) => {
  const { said, heard } = listen(t);
  const file = join(folderOf(t), "conductor.db");
  const store = await openSqliteStore(file, { busyTimeout: 50 });
  const world = worldOf();
  const conductor = await conductorOver(store, world);
  const release = await lockFile(file);
  if (release === undefined) {
    await conductor.shutdown();
    await store.close();
    return t.skip("python3 with sqlite3 is not installed");
  }
  const told = heard(/Executions wait/);
  const run = conductor.node.run(orderFlow(), { executionId: EXECUTION });
  assert.match(await told, /Another process holds the lock .*Look for a process that keeps a transaction open/);
  assert.deepEqual(world.deeds(), []);
  await release();
  await checkWhole(store, await run, world);
  assert.ok(said.some((words) => /is written to again/.test(words)));
  await conductor.shutdown();
  await store.close();
});

test("a PostgreSQL that crashes under executions: they go on when it is back", {
  skip: missingPostgres() ?? false,
}, async (t) => {
  const { heard } = listen(t);
  const server = await startPostgres({ fsync: true });
  t.after(() => server.stop());
  // Tries the server again for a moment only, so that the conductor has to wait.
  const store = await openPostgresStore(server.url, { patience: 100 });
  const crashes = [4, 12].map((count) => {
    let crash;
    const crashed = new Promise((resolve) => {
      crash = () => {
        // Listened for from now on: it may be said while the server still ends.
        const told = heard(/Executions wait.*cannot be reached/);
        resolve(server.crash().then(async () => ({ deeds: world.deeds().length, line: await told })));
      };
    });
    return { count, crash, crashed };
  });
  const world = worldOf((count) => crashes.find((each) => each.count === count)?.crash());
  const conductor = await conductorOver(store, world);
  // Else what cannot be written would keep the process.
  t.after(() => conductor.shutdown());
  const run = carryOn(conductor);
  for (const { crashed } of crashes) {
    const { deeds, line } = await crashed;
    assert.match(line, /Executions wait: nothing can be written to postgres:postgres: .*start its server/);
    // Two nodes at once may have had what they waited for on the disk.
    assert.ok(world.deeds().length <= deeds + 2, `${world.deeds().length} effects, ${deeds} when the server was gone`);
    await server.restart();
  }
  await checkWhole(store, await run, world);
  await conductor.shutdown();
  await store.close();
});

test("owners whose clocks differ by an hour: nothing waits for the clock, nothing is due too early", async (t) => {
  for (const offset of [HOUR, -HOUR]) {
    for (const point of [8, 14, 20]) {
      const place = (await STORES.sqlite.open()).place();
      try {
        assert.ok(await place.run({ point, before: false }, { offset }));
        const store = await place.open();
        const conductor = await conductorOver(store, place.world);
        const started = performance.now();
        await checkWhole(store, await carryOn(conductor), place.world, 2);
        assert.ok(performance.now() - started < HOUR / 2);
        const { startedAt, endedAt } = await store.get(EXECUTION);
        assert.ok(endedAt >= startedAt, `began ${startedAt}, ended ${endedAt}, the clock was off by ${offset}`);
        await conductor.shutdown();
        await store.close();
      } finally {
        place.remove();
      }
    }
  }
  t.diagnostic("6 kills");
});

/** Holds the lock that writes, in another program; gives what lets it go, or undefined where there is no such program. */
async function lockFile(file) {
  const script = `import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("begin immediate")
print("locked", flush=True)
sys.stdin.read()
database.execute("commit")`;
  const child = spawn("python3", ["-c", script, file], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const isLocked = await new Promise((resolve) => {
    child.stdout.once("data", () => resolve(true));
    child.once("error", () => resolve(false));
    child.once("close", () => resolve(false));
  });
  if (!isLocked) return undefined;
  return () => {
    child.stdin.end();
    return ended;
  };
}
