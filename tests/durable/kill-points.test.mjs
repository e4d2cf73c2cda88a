/** An execution goes on from every point at which its process may end; the long form is `node tests/durable/kill-points.mjs`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { STORES } from "./kill-points/places.mjs";
import { killAtPoints } from "./kill-points/points.mjs";

/** Real processes are killed at some of the points only. */
const FORMS = {
  memory: { step: 1, again: (point) => (point % 3 === 0 ? point % 7 : undefined) },
  sqlite: { step: 9 },
  postgres: { step: 11, again: (point) => (point === 11 ? 2 : undefined) },
  indexeddb: { step: 10, again: (point) => (point === 20 ? 3 : undefined) },
};

for (const [name, form] of Object.entries(FORMS)) {
  const skip = STORES[name].missing?.() ?? false;
  test(`an execution goes on from every write to its store: ${name}`, { skip }, async () => {
    const { points, kills } = await killAtPoints(name, form);
    assert.ok(points > 20, `${points} points`);
    assert.ok(kills >= 2 * Math.floor(points / form.step), `${kills} kills`);
  });
}
