/** Kills processes at points of an execution, goes on with it in another one, and compares with one that was not disturbed. */
import assert from "node:assert/strict";

import { EXECUTION } from "./flow.mjs";
import { conductorOver } from "./in-node.mjs";
import { STORES } from "./places.mjs";
import { carryOn } from "./runner.mjs";
import { comparable, tally } from "./world.mjs";

/** Leaves of the flow that may be in flight at once: what one kill repeats of effects at most. */
const IN_FLIGHT = 2;

/**
 * Kills at every `step`th call of `write` and `claim`, before and after it took effect.
 *
 * @param {keyof typeof STORES} name
 * @param {{ step?: number, again?: (point: number) => number | undefined, tell?: (line: string) => void }} options `again`: the
 *   point at which the process that goes on with it is killed as well
 * @returns {Promise<{ points: number, kills: number, repeated: number }>} `points`: calls of an undisturbed run
 * @throws AssertionError for whatever is lost, doubled or different
 */
export async function killAtPoints(name, { step = 1, again = () => undefined, tell = () => {} } = {}) {
  const store = await STORES[name].open();
  const found = { points: 0, kills: 0, repeated: 0 };
  try {
    const whole = await undisturbed(store);
    for (const before of [true, false]) {
      for (let point = 0; ; point += step) {
        const place = store.place();
        try {
          if (!(await place.run({ point, before }))) {
            found.points = Math.max(found.points, point);
            break;
          }
          let kills = 1;
          const second = again(point);
          if (second !== undefined && (await place.run({ point: second, before: !before }))) kills++;
          const where = `${name}, killed ${before ? "before" : "after"} call ${point}${kills > 1 ? `, then around ${second}` : ""}`;
          found.kills += kills;
          found.repeated += await goOnAndCompare(place, whole, kills, where);
          tell(where);
        } finally {
          place.remove();
        }
      }
    }
  } finally {
    await store.close();
  }
  return found;
}

async function undisturbed(store) {
  const place = store.place();
  const opened = await place.open();
  const conductor = await conductorOver(opened, place.world);
  const result = await carryOn(conductor);
  assert.equal(result.error, undefined);
  await conductor.shutdown();
  await opened.close();
  const deeds = place.world.deeds();
  place.remove();
  return { result: comparable(result), times: tally(deeds).times };
}

/** @returns {Promise<number>} effects that were repeated */
async function goOnAndCompare(place, whole, kills, where) {
  const store = await place.open();
  const recorded = await recordedKeys(store);
  const atKill = tally(place.world.deeds()).times;
  const conductor = await conductorOver(store, place.world);
  const result = await carryOn(conductor);
  assert.deepEqual(comparable(result), whole.result, where);

  const { times, twoInputs } = tally(place.world.deeds());
  assert.deepEqual(twoInputs, [], `${where}: keys that were done with two inputs`);
  assert.deepEqual([...times.keys()].sort(), [...whole.times.keys()].sort(), `${where}: keys that were done`);
  for (const key of recorded)
    assert.equal(times.get(key), atKill.get(key), `${where}: ${key} was recorded, and done again`);
  let repeated = 0;
  for (const [key, count] of times) repeated += count - whole.times.get(key);
  assert.ok(repeated >= 0 && repeated <= IN_FLIGHT * kills, `${where}: ${repeated} effects were repeated`);

  await checkRecords(store, where);
  const again = await conductor.node.run({ id: "order", type: "group" }, { executionId: EXECUTION });
  assert.deepEqual(comparable(again), whole.result, `${where}: told again from its records`);
  assert.equal(
    place.world.deeds().length,
    [...times.values()].reduce((sum, count) => sum + count, 0),
  );
  await conductor.shutdown();
  await store.close();
  return repeated;
}

/** Keys of payments whose output is recorded: they must not be done again. */
async function recordedKeys(store) {
  const { executions } = await store.list();
  const keys = [];
  for (const { id } of executions) {
    for (const { values } of await store.records(id)) {
      for (const [, key] of new TextDecoder().decode(values).matchAll(/"paid":"([^"]+)"/g)) keys.push(key);
    }
  }
  // A step that took what another gave, as an input that is passed on, does not show it a second time as its own.
  return new Set(keys);
}

/** Every execution is over, its records follow each other, and no answer is in them twice. */
async function checkRecords(store, where) {
  const { executions } = await store.list();
  assert.equal(executions.length, 2, `${where}: executions`);
  for (const { id, status, sequence } of executions) {
    assert.equal(status, "completed", `${where}: ${id}`);
    const records = await store.records(id);
    assert.deepEqual(
      records.map((record) => record.sequence),
      Array.from({ length: sequence }, (_, at) => at + 1),
      `${where}: records of ${id}`,
    );
    const answers = records.flatMap(({ values }) => {
      const entries = values.length === 0 ? [] : JSON.parse(new TextDecoder().decode(values));
      return entries.filter(([kind]) => "obei".includes(kind)).map(([, task, attempt]) => `${task}#${attempt}`);
    });
    assert.equal(new Set(answers).size, answers.length, `${where}: answers of ${id} that are recorded twice`);
  }
}
