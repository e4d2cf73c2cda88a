/** Servers as processes, on each store that several of them may share. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";

import { missingPostgres, startPostgres } from "../../../../tests/nodes/postgres.mjs";
import { ROOT } from "../cli/cli.js";

/** As long as a busy machine may take, in ms. */
export const WAIT = { timeout: 240_000, interval: 50 };

/** The stores: a name, the address in a folder, and why it cannot be tested here. Starts a PostgreSQL for the tests of the file. */
export function sharedStores() {
  const missing = missingPostgres();
  let postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
  beforeAll(async () => {
    if (missing === undefined) postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());
  return [
    { name: "SQLite", missing: undefined, address: (folder: string) => `sqlite:${join(folder, "a.db")}` },
    { name: "PostgreSQL", missing, address: () => postgres?.url as string },
  ];
}

/** A folder of a project with these node types in `nodes.mjs`, in which packages of the checkout are found. */
export function projectWith(nodes: string): string {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out", "on stores "));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "nodes.mjs"), nodes);
  return folder;
}
