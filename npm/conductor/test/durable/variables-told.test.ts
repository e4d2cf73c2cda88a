/** What nodes make of the variables of a run counts with their answers, or not at all. */
import { describe, expect, it } from "vitest";
import { Records } from "../../src/api/durable/records.js";
import { EventKind } from "../../src/engine/generated.js";
import { commandRecord, eventRecords } from "../../src/engine/recorder.js";

const told = (kind: number, task: number, attempt = 1) => eventRecords([kind | (attempt << 8), task, 0], 0, 1, 0);
const record = (words: number[], ...entries: unknown[]) => ({
  journal: new Uint8Array(new Uint32Array(words).buffer),
  values: new TextEncoder().encode(entries.length === 0 ? "" : JSON.stringify(entries)),
});
const changed = (count: number, task: number, attempt = 1) => [
  ["v", 0, 0, { count }, 0, 0],
  ["o", task, attempt, "out", 0, 0],
];
const counts = (records: Records) => [
  records.variables?.count,
  records.variableChanges.map(({ variables }) => (variables as { count: number }).count),
];

describe("variables that an answer changed", () => {
  const start = record([...commandRecord(true, 0), ...told(EventKind.progress, 5)], ...changed(1, 5));

  it("count once the journal tells of the answer, also in a later record", () => {
    expect(counts(new Records([start]))).toEqual([undefined, []]);
    expect(counts(new Records([start, record(told(EventKind.done, 5))]))).toEqual([1, [1]]);
  });

  it("do not count where the process ended before that and the node began again", () => {
    const after = [record(told(EventKind.takenOver, 0)), record(told(EventKind.done, 4), ...changed(7, 4))];
    expect(counts(new Records([start, ...after]))).toEqual([7, [7]]);
    // It answers without a change this time.
    expect(counts(new Records([start, ...after, record(told(EventKind.done, 5, 2))]))).toEqual([7, [7]]);
  });

  it("count where they stand in the record that tells of the new owner", () => {
    const taken = record(told(EventKind.takenOver, 0), ...changed(1, 5, 2));
    expect(counts(new Records([start, taken, record(told(EventKind.done, 5, 2))]))).toEqual([1, [1]]);
    // That process ended as well.
    const again = record(told(EventKind.takenOver, 0), ...changed(1, 5, 3));
    expect(counts(new Records([start, taken, again, record(told(EventKind.done, 5, 3))]))).toEqual([1, [1]]);
  });
});
