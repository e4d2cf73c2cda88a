/** What every store of executions promises, of the SQLite store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openSqliteStore } from "../src/exports/index.js";

import { testExecutionStore } from "./execution-stores.js";

const folder = mkdtempSync(join(tmpdir(), "conductor-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let databases = 0;

testExecutionStore("SQLite", async () => {
  const path = join(folder, `${databases++}.db`);
  return {
    store: await openSqliteStore(path),
    another: () => openSqliteStore(path),
    // What is left of a process that was really killed is tested beside the other tests of SQLite.
    crash: (store) => store.close(),
  };
});
