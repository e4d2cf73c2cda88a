/** Where an execution is kept while processes that run it end: each store, and how a process with it is ended. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, openPostgresStore, openSqliteStore } from "@atomiton/storage";

import { missingPostgres, startPostgres } from "../../nodes/postgres.mjs";
import { breakingStore } from "./breaking-store.mjs";
import { conductorOver } from "./in-node.mjs";
import { carryOn } from "./runner.mjs";
import { missingChromium, tabPlaces } from "./tabs.mjs";

/**
 * One execution, its store, and the log of what it did to the world.
 *
 * @typedef {object} Place
 * @property {(at: { point: number, before: boolean }, options?: { offset?: number }) => Promise<boolean>} run runs the flow, or goes
 *   on with it, in a process that is killed at a point; false where it came to its end before. `offset`: ms by which the clock of a
 *   real process is ahead
 * @property {() => Promise<import("@atomiton/storage").ExecutionStore>} open opens the store as another process would
 * @property {{ do(deed: object): void, deeds(): object[] }} world
 * @property {() => void} remove
 */

/** The stores by name; each gives a new place at every call of `place`. `missing`: why this machine has none. */
export const STORES = {
  memory: { open: async () => ({ place: memoryPlace, close() {} }) },
  sqlite: { open: async () => ({ place: sqlitePlace, close() {} }) },
  postgres: { missing: missingPostgres, open: postgresPlaces },
  indexeddb: { missing: missingChromium, open: tabPlaces },
};

/** Opens a store: a file of SQLite, or a schema in PostgreSQL. @param {{ file: string } | { url: string, schema: string }} address */
export function openAddress({ file, url, schema }) {
  return file === undefined ? openPostgresStore(url, { schema }) : openSqliteStore(file);
}

function memoryPlace(durability) {
  const first = createMemoryExecutions();
  const deeds = [];
  const world = { do: (deed) => deeds.push(deed), deeds: () => deeds };
  return {
    world,
    open: async () => createMemoryExecutions({ shared: first }),
    async run(at) {
      const store = createMemoryExecutions({ shared: first });
      let isDead = false;
      let died;
      const death = new Promise((resolve) => {
        died = () => resolve(true);
      });
      const end = () => {
        isDead = true;
        store.abandon();
        died();
        return new Promise(() => {});
      };
      const conductor = await conductorOver(breakingStore(store, at, end), world, { isDead: () => isDead, durability });
      const isKilled = await Promise.race([death, carryOn(conductor).then(() => false)]);
      // Timers of a process that has ended are not there any more; its store takes nothing, so that this never settles.
      if (isKilled) void conductor.shutdown();
      return isKilled;
    },
    remove() {},
  };
}

function sqlitePlace(durability) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-points-"));
  const file = join(folder, "conductor.db");
  return {
    ...processes(join(folder, "deeds"), { file }, durability),
    open: () => openAddress({ file }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function postgresPlaces() {
  const server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), "conductor-points-"));
  let count = 0;
  return {
    place(durability) {
      const schema = `points_${++count}`;
      const { url } = server;
      return {
        ...processes(join(folder, schema), { url, schema }, durability),
        open: () => openAddress({ url, schema }),
        remove() {},
      };
    },
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Real processes, which kill themselves. */
function processes(log, address, durability) {
  writeFileSync(log, "");
  return {
    world: {
      do: (deed) => writeFileSync(log, `${JSON.stringify(deed)}\n`, { flag: "a" }),
      deeds: () =>
        readFileSync(log, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((text) => JSON.parse(text)),
    },
    async run(at, { offset = 0 } = {}) {
      const script = new URL("process.mjs", import.meta.url).pathname;
      const child = spawn(process.execPath, [script, JSON.stringify({ address, log, at, durability, offset })], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      const [code, signal] = await new Promise((resolve) => child.on("exit", (...how) => resolve(how)));
      if (signal !== "SIGKILL" && code !== 0) throw new Error(`the process ended with ${code ?? signal}`);
      return signal === "SIGKILL";
    },
  };
}
