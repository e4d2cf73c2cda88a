/** Databases of every version of the store so far: what they have is still told, and goes on. Made by `fixtures/make.mjs`. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "@atomiton/storage";

import { EXECUTION } from "./kill-points/flow.mjs";
import { conductorOver } from "./kill-points/in-node.mjs";
import { comparable, tally } from "./kill-points/world.mjs";

const FOLDER = new URL("fixtures/", import.meta.url);
const versions = readdirSync(FOLDER).filter((name) => name.endsWith(".db"));
assert.ok(versions.length > 0);

for (const name of versions) {
  test(`${name} is opened, its executions are told and go on`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "conductor-fixture-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, name);
    copyFileSync(new URL(name, FOLDER), file);
    const { deeds, results } = JSON.parse(readFileSync(new URL(name.replace(/db$/, "json"), FOLDER), "utf8"));
    const store = await openSqliteStore(file);
    const listed = async () => (await store.list()).executions.map(({ id, status }) => `${id} ${status}`).sort();
    const others = ["done-1 completed", "done-1/sub/part completed", "failed-1 failed"];
    assert.deepEqual(await listed(), [...others, `${EXECUTION} running`].sort());

    const world = { do: (deed) => deeds.push(deed) };
    const conductor = await conductorOver(store, world);
    const before = deeds.length;
    for (const [executionId, result] of Object.entries(results)) {
      const again = await conductor.node.run({ id: "anything", type: "group" }, { executionId });
      assert.deepEqual(comparable(again), result, executionId);
    }
    assert.equal(deeds.length, before);

    const { resumed, blocked } = await conductor.recover();
    assert.deepEqual([resumed.map(({ executionId }) => executionId), blocked], [[EXECUTION], []]);
    const finished = comparable(await resumed[0].result);
    const renamed = (value) => JSON.parse(JSON.stringify(value).replaceAll("done-1", EXECUTION));
    assert.deepEqual(finished, renamed(results["done-1"]));
    const { times, twoInputs } = tally(deeds);
    assert.deepEqual(twoInputs, []);
    const keysOf = (id) =>
      [...times.keys()].filter((key) => key.startsWith(`${id}/`)).map((key) => key.slice(id.length));
    assert.deepEqual(keysOf(EXECUTION).sort(), keysOf("done-1").sort());
    assert.deepEqual(await listed(), [...others, `${EXECUTION} completed`, `${EXECUTION}/sub/part completed`].sort());
    await conductor.shutdown();
    await store.close();
  });
}
