/** Servers that are killed lose nothing that they answered for; the long form is `node tests/server/kills.mjs 200`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { missingPostgres } from "../nodes/postgres.mjs";
import { killServers } from "./kills.mjs";

for (const [name, skip] of [
  ["sqlite", false],
  ["postgres", missingPostgres() ?? false],
]) {
  test(`servers are killed while they save, run and fire: ${name}`, { skip }, async () => {
    const { kills, saves, executions, firings, ...wrong } = await killServers(name, 4);
    assert.equal(kills, 4);
    assert.ok(saves + executions + firings > 0);
    assert.deepEqual(
      Object.entries(wrong).filter(([, count]) => count !== 0),
      [],
    );
  });
}
