/** Random calls to a store of executions, beside plain lists that say what must come of them. */
import type { ExpectStatic } from "vitest";

import type {
  ExecutionChange,
  ExecutionFilter,
  ExecutionRecord,
  ExecutionStatus,
  ExecutionStore,
  NewExecution,
  Refusal,
  RefusalReason,
  StoredBlob,
  StoredExecution,
} from "../src/executions/store.js";
import { append, begin, bytes, START, type StoreBench, update } from "./execution-behaviour.js";
import { Random } from "./random.js";

const SEQUENCES = 100;
const CALLS = 40;
const IDS = ["a", "b", "c", "d", "e", "f"];
const STATUSES = ["queued", "running", "sleeping", "waiting", "paused", "blocked", "completed", "failed"] as const;
const FINISHED: readonly ExecutionStatus[] = ["completed", "failed", "cancelled"];
const BLOBS: readonly StoredBlob[] = Array.from({ length: 4 }, (_, index) => ({
  hash: `blob ${index}`,
  data: bytes(20 + index, index),
}));

interface Modelled {
  row: StoredExecution;
  /** Index of its owner, or -1. */
  owner: number;
  begun: NewExecution;
  records: ExecutionRecord[];
  blobs: string[];
}

/** Executions in the order in which they were begun. */
class Model {
  executions: Modelled[] = [];

  find(id: string): Modelled | undefined {
    return this.executions.find(({ row }) => row.id === id);
  }

  write(owner: number, changes: readonly ExecutionChange[]): Refusal[] {
    const refusals: Refusal[] = [];
    const ids = [...new Set(changes.map((change) => (change.type === "begin" ? change.execution.id : change.id)))];
    for (const id of ids) {
      const own = changes.filter((change) => (change.type === "begin" ? change.execution.id : change.id) === id);
      const before = structuredClone(this.find(id));
      const reason = own.map((change) => this.#apply(owner, change)).find((each) => each !== undefined);
      if (reason === undefined) continue;
      refusals.push({ id, reason });
      const index = this.executions.findIndex(({ row }) => row.id === id);
      if (index >= 0) this.executions.splice(index, 1, ...(before === undefined ? [] : [before]));
    }
    return refusals;
  }

  #apply(owner: number, change: ExecutionChange): RefusalReason | undefined {
    if (change.type === "begin") {
      const { document, head, ...rest } = change.execution;
      if (this.find(rest.id) !== undefined) return "exists";
      const row: StoredExecution = {
        ...rest,
        status: "running",
        epoch: 1,
        sequence: 0,
        bytes: head.length,
        updatedAt: rest.startedAt,
      };
      this.executions.push({ row, owner, begun: change.execution, records: [], blobs: [] });
      return undefined;
    }
    const found = this.find(change.id);
    if (found === undefined) return "unknown";
    const { row } = found;
    if (FINISHED.includes(row.status)) return "finished";
    if (found.owner !== owner || row.epoch !== change.epoch) return "stale";
    if (change.type === "append") {
      if (change.sequence !== row.sequence + 1) return "gap";
      row.sequence++;
      found.records.push({
        sequence: change.sequence,
        epoch: change.epoch,
        journal: change.journal,
        values: change.values,
      });
      row.bytes += change.journal.length + change.values.length;
      for (const { hash, data } of change.blobs ?? []) {
        row.bytes += data.length;
        found.blobs.push(hash);
      }
      return undefined;
    }
    row.updatedAt = change.updatedAt;
    if (change.status !== undefined) row.status = change.status;
    if (change.endedAt !== undefined) row.endedAt = change.endedAt;
    if (change.error !== undefined) row.error = change.error;
    if (change.summary !== undefined) row.summary = change.summary;
    if (change.wakeAt === null) delete row.wakeAt;
    else if (change.wakeAt !== undefined) row.wakeAt = change.wakeAt;
    if (change.reason === null) delete row.reason;
    else if (change.reason !== undefined) row.reason = change.reason;
    if (change.release || FINISHED.includes(row.status)) found.owner = -1;
    return undefined;
  }

  claim(owner: number, id: string): StoredExecution | undefined {
    const found = this.find(id);
    if (found === undefined || found.owner !== -1 || FINISHED.includes(found.row.status)) return undefined;
    found.owner = owner;
    found.row.epoch++;
    return found.row;
  }

  claimable(now: number, limit: number, only?: "due"): string[] {
    const free = this.executions.filter(({ owner, row: { status, wakeAt } }) => {
      if (owner !== -1 || FINISHED.includes(status)) return false;
      if (status === "sleeping") return wakeAt === undefined || wakeAt <= now;
      if (status === "waiting") return wakeAt !== undefined && wakeAt <= now;
      return only !== "due" && (status === "queued" || status === "running");
    });
    return free.slice(0, limit).map(({ row }) => row.id);
  }

  nextWake(): number | undefined {
    const timed = this.executions.filter(({ owner, row: { status } }) => {
      return owner === -1 && (status === "sleeping" || status === "waiting");
    });
    const times = timed.flatMap(({ row }) => row.wakeAt ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  list({
    flowId,
    status,
    parentId,
    tags = [],
    from = 0,
    to = Number.MAX_VALUE,
    endedFrom,
    text = "",
  }: ExecutionFilter) {
    const rows = this.executions.map(({ row }) => row).reverse();
    return rows.filter(
      (row) =>
        (flowId === undefined || row.flowId === flowId) &&
        (status === undefined || row.status === status || status.includes(row.status as never)) &&
        (parentId === undefined || row.parentId === parentId) &&
        tags.every((tag) => row.tags.includes(tag)) &&
        row.startedAt >= from &&
        row.startedAt < to &&
        (endedFrom === undefined || (row.endedAt ?? Number.NaN) >= endedFrom) &&
        [row.id, row.flowId, row.name, row.error ?? ""].some((each) => each.toLowerCase().includes(text.toLowerCase())),
    );
  }

  /** Removes finished executions that a rule names; how many. */
  remove(rule: (row: StoredExecution, later: number) => boolean): number {
    const gone = this.executions.filter(({ row }, index) => {
      const later = this.executions.slice(index + 1).filter((each) => each.row.flowId === row.flowId);
      return (
        FINISHED.includes(row.status) && rule(row, later.filter((each) => FINISHED.includes(each.row.status)).length)
      );
    });
    this.executions = this.executions.filter((each) => !gone.includes(each));
    return gone.length;
  }

  release(owner: number): void {
    for (const each of this.executions) if (each.owner === owner) each.owner = -1;
  }
}

/** Declares the test with `check`. */
export function executionModelTest({
  check,
  expect,
}: {
  check: (behaviour: string, work: (bench: StoreBench) => Promise<void>) => void;
  expect: ExpectStatic;
}): void {
  check(
    `does in ${SEQUENCES} random sequences of calls what plain lists do (seeds 1 to ${SEQUENCES})`,
    async (bench) => {
      const owners = [bench.store, await bench.another()];
      for (let seed = 1; seed <= SEQUENCES; seed++) {
        const sequence = new RandomSequence(new Random(seed), bench, owners, expect);
        try {
          for (let call = 0; call < CALLS; call++) await sequence.step();
          await sequence.clear();
        } catch (error) {
          const told = sequence.calls.join("\n");
          throw new Error(`seed ${seed}: ${(error as Error).message}\nafter the calls\n${told}`, { cause: error });
        }
      }
    },
  );
}

class RandomSequence {
  readonly calls: string[] = [];
  readonly #model = new Model();
  readonly #random: Random;
  readonly #bench: StoreBench;
  readonly #owners: ExecutionStore[];
  readonly #expect: ExpectStatic;
  #now = START;

  constructor(random: Random, bench: StoreBench, owners: ExecutionStore[], expect: ExpectStatic) {
    this.#random = random;
    this.#bench = bench;
    this.#owners = owners;
    this.#expect = expect;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const model = this.#model;
    const who = random.below(2);
    const store = this.#owners[who] as ExecutionStore;
    const id = random.of(IDS);
    const kind = random.below(40);
    if (random.below(3) === 0) this.#now += random.below(5);
    if (kind < 20) return this.#write(who, store);
    switch (kind) {
      case 20:
      case 21:
      case 22:
      case 23:
        return this.#same(`claim ${who} ${id}`, await store.claim(id), model.claim(who, id));
      case 24: {
        const limit = 1 + random.below(4);
        const now = this.#now + random.below(10) - 5;
        const only = random.below(2) === 0 ? "due" : undefined;
        return this.#same(
          `claimable ${now} ${limit} ${only}`,
          await store.claimable(now, limit, only),
          model.claimable(now, limit, only),
        );
      }
      case 25:
        return this.#same("nextWake", await store.nextWake(), model.nextWake());
      case 26:
      case 27: {
        const ids = [id, random.of(IDS), random.of(IDS)];
        return this.#same(
          `delete ${ids}`,
          await store.delete(ids),
          model.remove((row) => ids.includes(row.id)),
        );
      }
      case 28: {
        const endedBefore = this.#now - random.below(20);
        const gone = model.remove((row) => (row.endedAt as number) < endedBefore);
        return this.#same(`prune before ${endedBefore}`, await store.prune({ endedBefore }), gone);
      }
      case 29: {
        const keepPerFlow = random.below(3);
        const gone = model.remove((_, later) => later >= keepPerFlow);
        return this.#same(`prune but ${keepPerFlow}`, await store.prune({ keepPerFlow }), gone);
      }
      case 30:
        return this.#replace(who, "close", () => store.close());
      case 31:
        return random.below(4) === 0 ? this.#replace(who, "crash", () => this.#bench.crash(store)) : undefined;
      case 32: {
        const found = model.find(id);
        const { document, head } = found?.begun ?? {};
        return this.#same(`begun ${id}`, await store.begun(id), found && { document, head });
      }
      case 33: {
        const [after, limit] = [random.below(4), 1 + random.below(4)];
        const records = model.find(id)?.records.slice(after, after + limit) ?? [];
        return this.#same(`records ${id} ${after} ${limit}`, await store.records(id, after, limit), records);
      }
      case 34: {
        const blob = random.of(BLOBS);
        const isKept = model.executions.some(({ blobs }) => blobs.includes(blob.hash));
        return this.#same(blob.hash, await store.blob(blob.hash), isKept ? blob.data : undefined);
      }
      case 35:
        return this.#figures(store);
      default:
        return kind < 38 ? this.#list(store) : this.#same(`get ${id}`, await store.get(id), model.find(id)?.row);
    }
  }

  /** Finishes and deletes all executions, which must leave nothing. */
  async clear(): Promise<void> {
    const [store] = this.#owners as [ExecutionStore];
    this.#same("all", (await store.list()).executions, this.#model.list({}));
    for (const { row, owner } of this.#model.executions) {
      if (FINISHED.includes(row.status)) continue;
      const writer = owner === -1 ? store : (this.#owners[owner] as ExecutionStore);
      const epoch = owner === -1 ? (await writer.claim(row.id))?.epoch : row.epoch;
      const changes = [update(row.id, epoch as number, { status: "cancelled", endedAt: this.#now })];
      this.#same(`finish ${row.id}`, await writer.write(changes), []);
    }
    const count = this.#model.executions.length;
    this.#same("delete all", await store.delete(this.#model.executions.map(({ row }) => row.id)), count);
    this.#model.executions = [];
    await this.#figures(store);
  }

  async #write(who: number, store: ExecutionStore): Promise<void> {
    const changes = Array.from({ length: 1 + this.#random.below(5) }, () => this.#change());
    // Of each execution the second change of a call follows the first, more often than not.
    const last = new Map<string, number>();
    for (const change of changes) {
      if (change.type !== "append" || this.#random.below(8) === 0) continue;
      const next = (last.get(change.id) ?? change.sequence - 1) + 1;
      change.sequence = next;
      last.set(change.id, next);
    }
    const told = JSON.stringify(changes, (_, value) => (value instanceof Uint8Array ? value.length : value));
    const byId = (first: Refusal, second: Refusal) => (first.id < second.id ? -1 : 1);
    const refusals = this.#model.write(who, changes);
    this.#same(`write ${who} ${told}`, (await store.write(changes)).toSorted(byId), refusals.sort(byId));
  }

  #change(): ExecutionChange {
    const random = this.#random;
    const id = random.of(IDS);
    const found = this.#model.find(id)?.row;
    if (found === undefined ? random.below(8) > 0 : random.below(30) === 0) return this.#begin(id);
    const epoch = (found?.epoch ?? 1) - (random.below(12) === 0 ? 1 : 0);
    if (random.below(2) === 0) {
      const sequence = (found?.sequence ?? 0) + 1 + (random.below(15) === 0 ? 1 : 0);
      return append(id, epoch, sequence, random.below(4) === 0 ? [random.of(BLOBS)] : undefined);
    }
    const status = random.below(4) === 0 ? undefined : random.of(STATUSES);
    return update(id, epoch, {
      updatedAt: this.#now,
      ...(status !== undefined && { status }),
      ...(status !== undefined && FINISHED.includes(status) && { endedAt: this.#now }),
      ...(status === "failed" && { error: `{"code":"${random.of(["Late", "lost"])}"}` }),
      ...(status === "completed" && { summary: '"done"' }),
      ...(random.below(3) === 0 && { wakeAt: random.below(4) === 0 ? null : this.#now + random.below(10) }),
      ...(random.below(4) === 0 && { reason: random.of([null, "one", "two"]) }),
      ...(random.below(3) === 0 && { release: true }),
    });
  }

  #begin(id: string): ExecutionChange {
    const random = this.#random;
    return begin(id, {
      flowId: random.of(["one", "Two"]),
      name: random.of(["First", "second"]),
      document: random.of(["{}", '{"n":1}', '{"n":2}']),
      head: bytes(random.below(9), random.below(256)),
      tags: ["x", "y", "z"].filter(() => random.below(2) === 0),
      startedAt: this.#now,
      ...(random.below(3) === 0 && { parentId: random.of(IDS) }),
    });
  }

  async #replace(who: number, name: string, end: () => Promise<void>): Promise<void> {
    this.calls.push(`${name} ${who}`);
    await end();
    this.#model.release(who);
    this.#owners[who] = await this.#bench.another();
  }

  async #list(store: ExecutionStore): Promise<void> {
    const random = this.#random;
    const filter: ExecutionFilter = {
      ...(random.below(3) === 0 && { flowId: random.of(["one", "Two", "two"]) }),
      ...(random.below(3) === 0 && {
        status: random.of([random.of(STATUSES), [random.of(STATUSES), "running"] as const]),
      }),
      ...(random.below(5) === 0 && { parentId: random.of(IDS) }),
      ...(random.below(4) === 0 && { tags: [random.of(["x", "y"]), random.of(["y", "z"])] }),
      ...(random.below(4) === 0 && { from: this.#now - random.below(20) }),
      ...(random.below(4) === 0 && { to: this.#now - random.below(20) }),
      ...(random.below(4) === 0 && { endedFrom: this.#now - random.below(20) }),
      ...(random.below(4) === 0 && { text: random.of(["FIRST", "o", "late", "E"]) }),
    };
    const limit = 1 + random.below(4);
    const found: StoredExecution[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list(filter, cursor === undefined ? { limit } : { limit, cursor });
      found.push(...page.executions);
      cursor = page.next;
    } while (cursor !== undefined);
    this.#same(`list ${JSON.stringify(filter)} ${limit}`, found, this.#model.list(filter));
  }

  async #figures(store: ExecutionStore): Promise<void> {
    const { executions } = this.#model;
    const { executions: count, unfinished, records, blobs } = await store.figures();
    this.#same(
      "figures",
      [count, unfinished, records, blobs],
      [
        executions.length,
        executions.filter(({ row }) => !FINISHED.includes(row.status)).length,
        executions.reduce((sum, each) => sum + each.records.length, 0),
        new Set(executions.flatMap((each) => each.blobs)).size,
      ],
    );
  }

  #same(call: string, found: unknown, wanted: unknown): void {
    this.calls.push(call);
    this.#expect(found, call).toEqual(wanted);
  }
}
