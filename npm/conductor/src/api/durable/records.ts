import type { ExecutionRecord, ExecutionStore } from "@atomiton/storage";

/** Records that are read at once. */
const PAGE = 1_000;

/** All records of an execution, in order. */
export async function allRecords(store: ExecutionStore, id: string): Promise<ExecutionRecord[]> {
  const all: ExecutionRecord[] = [];
  for (;;) {
    const records = await store.records(id, all.at(-1)?.sequence ?? 0, PAGE);
    for (const record of records) all.push(record);
    if (records.length < PAGE) return all;
  }
}
