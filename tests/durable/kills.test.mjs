/** Processes that are killed under load lose nothing and double nothing; the long form is `node tests/durable/kills.mjs 1000`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { missingPostgres } from "../nodes/postgres.mjs";
import { killUnderLoad } from "./kills.mjs";

for (const [name, skip] of [
  ["sqlite", false],
  ["postgres", missingPostgres() ?? false],
]) {
  test(`executions go on when their processes are killed under load: ${name}`, { skip }, async () => {
    const { executions, effects, repeated, told, seconds, kills, ...wrong } = await killUnderLoad(name, 8, {
      processes: 2,
    });
    assert.equal(kills, 8);
    assert.ok(executions > 0 && effects > 0);
    assert.deepEqual(
      Object.entries(wrong).filter(([, count]) => count !== 0),
      [],
    );
  });
}
