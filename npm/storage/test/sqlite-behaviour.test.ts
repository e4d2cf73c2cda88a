/** What every store of executions promises, of the SQLite store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "@atomiton/storage";
import { afterAll } from "vitest";

import { testExecutionStore } from "./execution-stores.js";

const folder = mkdtempSync(join(tmpdir(), "conductor-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let databases = 0;
