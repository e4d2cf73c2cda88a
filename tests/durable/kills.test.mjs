/** Processes that are killed lose nothing of what they did; the long form is `node tests/durable/kills.mjs 1000`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { killAgainAndAgain } from "./kills.mjs";

test("executions whose process is killed go on in another one", async () => {
  const { kills, executions, ...found } = await killAgainAndAgain(6);
  assert.equal(kills, 6);
  assert.ok(executions >= 1);
  // A step that was in flight is repeated, at most three of them for each kill.
  assert.ok(found.repeated <= kills * 3, `${found.repeated} repeated`);
  assert.deepEqual({ ...found, repeated: 0 }, { failed: 0, lost: 0, keysWithTwoInputs: 0, repeated: 0 });
});
