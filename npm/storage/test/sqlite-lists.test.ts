/** Lists of many executions in the SQLite store, beside the same in a plain list. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteStore } from "../src/executions/sqlite-store.js";
import {
  type ExecutionChange,
  type ExecutionFilter,
  type ExecutionStatus,
  FINISHED,
  type StoredExecution,
} from "../src/executions/store.js";
import { temporaryFolder } from "./folder.js";
import { Random } from "./random.js";

const COUNT = 100_000;
const FILTERS = 200;
const START = 1_700_000_000_000;
const STATUSES: readonly ExecutionStatus[] = [
  "queued",
  "running",
  "sleeping",
  "waiting",
  "paused",
  "blocked",
  ...FINISHED,
  "completed",
];
const TAGS = ["nightly", "manual", 'It\'s "quoted"', "größer", "rare"];
const NAMES = ["Import", "Monthly REPORT", "Übersicht", "100 % done_", "日本語の流れ", "x"];

type Row = Pick<StoredExecution, "id" | "flowId" | "name" | "parentId" | "status" | "tags" | "startedAt" | "error">;

/** A new execution, and how it stands. */
function execution(index: number, random: Random): Row {
  const status = random.of(STATUSES);
  const tags = TAGS.filter((tag) => random.below(tag === "rare" ? 5000 : 4) === 0);
  return {
    id: createHash("md5").update(`execution ${index}`).digest("hex"),
    flowId: `flow-${Math.floor(random.below(100) ** 2 / 400)}`,
    name: `${random.of(NAMES)} ${random.below(1000)}`,
    ...(random.below(5) === 0 && { parentId: `parent-${random.below(300)}` }),
    status,
    tags,
    // Many of one ms, not in the order in which they begin, and some between two of them.
    startedAt: START + random.below(COUNT / 8) + (random.below(10) === 0 ? 0.5 : 0),
    ...(status === "failed" && { error: JSON.stringify({ code: "TIMEOUT", message: `No answer in ${index} ms` }) }),
  };
}

function changes({ status, error, ...row }: Row): ExecutionChange[] {
  const begun = { ...row, document: "{}", documentHash: "0", head: new Uint8Array(), trigger: "call" };
  const update = { type: "update", id: row.id, epoch: 1, updatedAt: row.startedAt, status } as const;
  return [{ type: "begin", execution: begun }, error === undefined ? update : { ...update, error }];
}

const SEARCHED = new WeakMap<Row, string[]>();

/** The texts of a row that are searched, in lower case. */
function searched(row: Row): string[] {
  const known = SEARCHED.get(row) ?? [row.id, row.flowId, row.name, row.error ?? ""].map(lower);
  SEARCHED.set(row, known);
  return known;
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function fits(row: Row, { flowId, status, parentId, tags = [], from, to, text = "" }: ExecutionFilter): boolean {
  const statuses = typeof status === "string" ? [status] : status;
  return (
    (flowId === undefined || row.flowId === flowId) &&
    (statuses === undefined || statuses.includes(row.status)) &&
    (parentId === undefined || row.parentId === parentId) &&
    tags.every((tag) => row.tags.includes(tag)) &&
    (from === undefined || row.startedAt >= from) &&
    (to === undefined || row.startedAt < to) &&
    (text === "" || searched(row).some((field) => field.includes(lower(text))))
  );
}

function someFilter(random: Random, rows: readonly Row[]): ExecutionFilter {
  const row = random.of(rows);
  const often = (times: number) => random.below(times) === 0;
  const part = (text: string) => {
    const from = random.below(text.length);
    const taken = text.slice(from, from + 1 + random.below(12));
    return often(3) ? taken.toUpperCase() : taken;
  };
  return {
    ...(often(3) && { flowId: often(10) ? "none" : row.flowId }),
    ...(often(4) && { status: row.status }),
    ...(often(6) && { status: STATUSES.filter(() => often(2)) }),
    ...(often(6) && row.parentId !== undefined && { parentId: row.parentId }),
    ...(often(4) && { tags: row.tags.length > 0 && often(2) ? row.tags : [random.of(TAGS)] }),
    ...(often(5) && { from: row.startedAt - random.below(2000) }),
    ...(often(5) && { to: row.startedAt + random.below(2000) * 0.5 }),
    ...(often(3) && {
      text: often(10) ? "no such text" : part(random.of([row.id, row.flowId, row.name, row.error ?? "x"])),
    }),
  };
}

describe("lists", () => {
  it(`of ${COUNT} executions have what fits a filter, in order and page by page`, async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const store = await openSqliteStore(join(await temporaryFolder(), "executions.db"));
    onTestFinished(() => store.close());
    const begun: Row[] = [];
    while (begun.length < COUNT) {
      const some = Array.from({ length: 2000 }, (_, index) => execution(begun.length + index, random));
      begun.push(...some);
      expect(await store.write(some.flatMap(changes))).toEqual([]);
    }
    // Later starts first; of the same ms those that began last.
    const rows = begun
      .map((row, order) => ({ row, order, ms: Math.floor(row.startedAt) }))
      .sort((a, b) => b.ms - a.ms || b.order - a.order)
      .map(({ row }) => row);

    for (let round = 0; round < FILTERS; round += 1) {
      const filter = someFilter(random, rows);
      const expected = rows.filter((row) => fits(row, filter));
      const limit = 1 + random.below(200);
      const found: StoredExecution[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await store.list(filter, { limit, ...(cursor !== undefined && { cursor }) });
        found.push(...page.executions);
        cursor = page.next;
        pages += 1;
        expect(page.executions.length, JSON.stringify(filter)).toBe(
          Math.min(limit, expected.length - found.length + page.executions.length),
        );
      } while (cursor !== undefined && pages < 5);
      const ids = expected.slice(0, cursor === undefined ? expected.length : found.length).map(({ id }) => id);
      expect(found.map(({ id }) => id).join(), JSON.stringify(filter)).toBe(ids.join());
    }
    // Deleting takes rows out of every index.
    const over = rows.filter(({ status }) => FINISHED.includes(status)).slice(0, 3000);
    expect(await store.delete(over.map(({ id }) => id))).toBe(3000);
    const gone = new Set(over.map(({ id }) => id));
    for (let round = 0; round < 50; round += 1) {
      const filter = someFilter(random, over);
      const expected = rows.filter((row) => !gone.has(row.id) && fits(row, filter)).slice(0, 50);
      const { executions } = await store.list(filter);
      expect(executions.map(({ id }) => id).join(), JSON.stringify(filter)).toBe(expected.map(({ id }) => id).join());
    }
    // Hundreds of comparisons over all rows: a machine on which much else runs needs minutes.
  }, 600_000);

  it("refuse a cursor, a status and a length that there are not", async () => {
    const store = await openSqliteStore(join(await temporaryFolder(), "executions.db"));
    onTestFinished(() => store.close());
    const refused = { name: "StorageError", code: "UNSUPPORTED_OPERATION" };
    await expect(store.list({}, { cursor: "next" })).rejects.toMatchObject(refused);
    await expect(store.list({}, { limit: 1001 })).rejects.toMatchObject(refused);
    await expect(store.list({ status: "gone" as ExecutionStatus })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("`queued`, `running`"),
    });
  });
});
