/** The one connection by which a store object writes. */
import type { Client, ClientConfig } from "pg";

import { byExecution, type ChangeSum, joined, type Standing, sumOf } from "../changes.js";
import { closedStore } from "../checks.js";
import { type ExecutionChange, FINISHED, type Refusal, type StoredExecution } from "../store.js";
import { type BatchEntry, batchStatement, type Owned, type Statement } from "./batch.js";
import { connect, takeLock, untilConnected } from "./connection.js";
import { codeOf, isDisconnection, isRepeatable, postgresFailure } from "./failure.js";
import { claimStatement, newOwner } from "./ownership.js";
import type { Pg } from "./package.js";
import { type DatabaseRow, ROW_COLUMNS, rowOf } from "./rows.js";

/** Most of one batch: bytes, and changes. A call that is larger is a batch of its own. */
const BATCH = { bytes: 32_000_000, changes: 5000 };

/** How often a batch is tried again that failed because of what others did at the same time. */
const ATTEMPTS = 20;

/**
 * For so long after a lost connection it is not told which other owners are gone, in ms: what cut this one may have cut them, and they
 * come back. Twice the longest pause between two attempts to connect, and some time to do so.
 */
const RETURN_MS = 5000;

/** Where owners tell each other that they let go of executions; the payload is the schema. */
const CHANNEL = "atomiton_conductor_released";

/** SQLSTATEs of a batch whose executions are not as this object knows them: an id exists, or a count is wrong. */
const UNEXPECTED: ReadonlySet<unknown> = new Set(["23P01", "22012"]);

/** Settings of a writer. */
export interface WriterOptions {
  pg: Pg;
  config: ClientConfig;
  /** Of the store, for messages. */
  name: string;
  /** Quoted. */
  schema: string;
  /** How long a connection that was lost is tried again, in ms. */
  patience: number;
}

interface WriteCall {
  type: "write";
  changes: readonly ExecutionChange[];
  bytes: number;
  resolve: (refusals: Refusal[]) => void;
  reject: (error: unknown) => void;
}

interface ClaimCall {
  type: "claim";
  id: string;
  resolve: (row: StoredExecution | undefined) => void;
  reject: (error: unknown) => void;
}

/** What the database has of an execution that this object may not own; `undefined` for none. */
type Looked = Map<string, Standing | undefined>;

/** Statuses of executions that wait for nothing. */
const AT_ONCE: ReadonlySet<string> = new Set(["queued", "running"]);

/** The answer of a statement whose connection was lost: whether it was executed is to be looked up. */
const LOST = Symbol("lost");

/**
 * Writes calls one batch after the other: what comes in while one is under way is the next. It owns executions as long as its
 * connection holds the lock of its owner, and knows how these stand, so that a batch is written and checked in one round trip.
 */
export class Writer {
  readonly owner = newOwner();
  readonly #options: WriterOptions;
  readonly #calls: (WriteCall | ClaimCall)[] = [];
  readonly #owned = new Map<string, Owned>();
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #working: Promise<void> | undefined;
  #batch = 0;
  /** When others were given the time to come back. */
  #returnedAt = Number.NEGATIVE_INFINITY;
  readonly #listeners = new Set<() => void>();
  #closing: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Connects for the first time. A server that is coming up is waited for, and no other. */
  async open(prepare: (client: Client) => Promise<void>): Promise<void> {
    const { patience } = this.#options;
    await untilConnected(patience, async () => {
      try {
        await this.#connect(prepare);
      } catch (error) {
        throw codeOf(error) === "57P03" ? error : postgresFailure(this.#options.name, "open", error);
      }
    });
  }

  write(changes: readonly ExecutionChange[]): Promise<Refusal[]> {
    const bytes = changes.reduce((sum, change) => sum + sizeOf(change), 0);
    return this.#enqueue((resolve, reject) => ({ type: "write", changes, bytes, resolve, reject }));
  }

  claim(id: string): Promise<StoredExecution | undefined> {
    return this.#enqueue((resolve, reject) => ({ type: "claim", id, resolve, reject }));
  }

  /** Whether the locks that are held now say which owners are alive: not while they may be on their way back as this one is. */
  get knowsLiving(): boolean {
    return this.#client !== undefined && performance.now() >= this.#returnedAt;
  }

  /** Calls `tell` when another owner let go of executions that are to go on at once; gives what ends that. */
  onReleased(tell: () => void): () => void {
    this.#listeners.add(tell);
    // Where this fails the next connection listens.
    if (this.#listeners.size === 1) this.#client?.query(`listen ${CHANNEL}`).catch(() => {});
    return () => void this.#listeners.delete(tell);
  }

  /** Writes what was asked for, and lets go of all that it owns. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #enqueue<T>(
    callOf: (resolve: (result: T) => void, reject: (error: unknown) => void) => WriteCall | ClaimCall,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#calls.push(callOf(resolve, reject));
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // Callers that were answered at once ask again at once: the next batch has the calls of all of them.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    while (this.#calls.length > 0) {
      const [first] = this.#calls as [WriteCall | ClaimCall];
      if (first.type === "claim") await this.#claimAll(this.#take((call) => call.type === "claim") as ClaimCall[]);
      else await this.#writeAll(this.#takeBatch());
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#working = undefined;
  }

  #take(isNext: (call: WriteCall | ClaimCall) => boolean): (WriteCall | ClaimCall)[] {
    const end = this.#calls.findIndex((call) => !isNext(call));
    return this.#calls.splice(0, end < 0 ? this.#calls.length : end);
  }

  #takeBatch(): WriteCall[] {
    let bytes = 0;
    let changes = 0;
    return this.#take((call) => {
      if (call.type !== "write") return false;
      const isFirst = changes === 0;
      bytes += call.bytes;
      changes += call.changes.length;
      return isFirst || (bytes <= BATCH.bytes && changes <= BATCH.changes);
    }) as WriteCall[];
  }

  async #writeAll(calls: WriteCall[]): Promise<void> {
    try {
      const refusals = await this.#writeBatch(calls.map(({ changes }) => changes));
      for (const [index, call] of calls.entries()) call.resolve(refusals[index] as Refusal[]);
    } catch (error) {
      if (calls.length > 1 && !isDisconnection(error)) {
        // One call may be at fault for all.
        for (const call of calls) await this.#writeAll([call]);
        return;
      }
      for (const call of calls) call.reject(postgresFailure(this.#options.name, "write", error));
    }
  }

  /** Writes the changes of calls, each of which is answered with its refusals. */
  async #writeBatch(calls: readonly (readonly ExecutionChange[])[]): Promise<Refusal[][]> {
    const looked: Looked = new Map();
    for (let attempt = 1; ; attempt++) {
      // What is owned is known once there is a connection.
      await this.#connected();
      const { refusals, entries, unknown } = this.#judge(calls, looked);
      if (unknown.length > 0) {
        await this.#look(unknown, looked);
        continue;
      }
      if (entries.length === 0) return refusals;
      try {
        if (await this.#send(entries)) return refusals;
        // The connection was lost before anything was written; what is owned may be another's by now.
        looked.clear();
        if (attempt >= ATTEMPTS) throw new Error(`the connection was lost ${attempt} times with the same changes`);
      } catch (error) {
        const isUnexpected = UNEXPECTED.has(codeOf(error));
        if (attempt >= ATTEMPTS || !(isUnexpected || isRepeatable(error))) throw error;
        if (isUnexpected) await this.#look([...new Set(entries.map(({ id }) => id))], looked);
      }
    }
  }

  /** Which changes are taken, by what is known; `unknown` are the ids of which nothing is. */
  #judge(calls: readonly (readonly ExecutionChange[])[], looked: Looked) {
    const sums = new Map<string, ChangeSum>();
    const unknown: string[] = [];
    const refusals = calls.map((changes) => {
      const refused: Refusal[] = [];
      for (const [id, group] of byExecution(changes)) {
        const earlier = sums.get(id);
        const owned = this.#owned.get(id);
        const before = earlier?.standing ?? (owned && standingOf(owned)) ?? looked.get(id);
        const sum = sumOf(before, group);
        // What begins is taken for new until the database says that it exists, but a refusal rests on what is known.
        if (typeof sum === "string" && before === undefined && !looked.has(id)) unknown.push(id);
        if (typeof sum === "string") refused.push({ id, reason: sum });
        else sums.set(id, joined(earlier, sum));
      }
      return refused;
    });
    const entries = [...sums].map(([id, sum]): BatchEntry => ({ id, before: this.#owned.get(id), sum }));
    return { refusals, entries, unknown };
  }

  /** Sends a batch; whether it was written. */
  async #send(entries: readonly BatchEntry[]): Promise<boolean> {
    const batch = ++this.#batch;
    const statement = batchStatement(this.#options.schema, this.owner, batch, entries);
    const answer = await this.#query<{ begun?: [id: string, key: string][] | null }>(statement);
    if (answer === LOST) return this.#wasWritten(batch);
    const keys = new Map(answer[0]?.begun ?? []);
    for (const { id, before, sum } of entries) {
      const { epoch, sequence, isOwned } = sum.standing;
      if (isOwned) this.#owned.set(id, { key: before?.key ?? (keys.get(id) as string), epoch, sequence });
      else this.#owned.delete(id);
    }
    await this.#tellReleased(entries);
    return true;
  }

  /** Tells other owners of executions that this one let go of, unless these wait for something. */
  async #tellReleased(entries: readonly BatchEntry[]): Promise<void> {
    const keys = entries.flatMap(({ before, sum: { standing, update } }) => {
      const goesOn = update.status === undefined || AT_ONCE.has(update.status);
      return before !== undefined && goesOn && !standing.isOwned && !standing.isFinished ? [before.key] : [];
    });
    if (keys.length === 0) return;
    const { schema } = this.#options;
    // Others look after a while where this is not told.
    await this.#query({
      name: "tell-released",
      text: `select pg_notify('${CHANNEL}', $1) where exists (select from ${schema}.executions
        where key = any($2::bigint[]) and owner is null and status = any('{queued,running}'))`,
      values: [schema, keys],
    }).catch(() => {});
  }

  async #claimAll(calls: readonly ClaimCall[]): Promise<void> {
    try {
      const ids = [...new Set(calls.map(({ id }) => id))];
      const rows = new Map((await this.#claimIds(ids)).map((row) => [row.id, row]));
      for (const { id, resolve } of calls) {
        resolve(rows.get(id));
        // Only one of several calls has claimed it.
        rows.delete(id);
      }
    } catch (error) {
      for (const call of calls) call.reject(postgresFailure(this.#options.name, "claim", error));
    }
  }

  async #claimIds(ids: readonly string[]): Promise<StoredExecution[]> {
    const { schema } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await this.#connected();
      const batch = ++this.#batch;
      const before = new Set(this.#owned.keys());
      const statement = { text: claimStatement(schema, ROW_COLUMNS), values: [this.owner, ids, batch], name: "claim" };
      try {
        const rows = await this.#query<DatabaseRow & { key: string }>(statement);
        if (rows !== LOST) {
          for (const { id, key, epoch, sequence } of rows) this.#owned.set(id, { key, epoch, sequence });
          return rows.map(rowOf);
        }
        if (!(await this.#wasWritten(batch))) continue;
        const claimed = ids.filter((id) => this.#owned.has(id) && !before.has(id));
        return (
          await this.#read<DatabaseRow>(`select ${ROW_COLUMNS} from ${schema}.executions where id = any($1)`, [claimed])
        ).map(rowOf);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isRepeatable(error)) throw error;
      }
    }
  }

  /** Runs a statement by the connection that it was made for; LOST where that broke before it answered. */
  async #query<Row extends object>(statement: Statement): Promise<Row[] | typeof LOST> {
    const client = this.#client;
    if (client === undefined) return LOST;
    try {
      return (await client.query<Row>(statement)).rows;
    } catch (error) {
      if (!isDisconnection(error)) throw error;
      this.#drop(client);
      return LOST;
    }
  }

  /** Whether a batch whose answer was lost was written: the owner's row has its number then. */
  async #wasWritten(batch: number): Promise<boolean> {
    const sql = `select batch::float8 as batch from ${this.#options.schema}.owners where id = $1::bigint`;
    const [row] = await this.#read<{ batch: number }>(sql, [this.owner]);
    return row?.batch === batch;
  }

  /** Looks up how executions stand. */
  async #look(ids: readonly string[], looked: Looked): Promise<void> {
    const rows = await this.#read<{
      id: string;
      key: string;
      is_owned: boolean;
      epoch: number;
      sequence: number;
      status: StoredExecution["status"];
    }>(
      `select id, key::text as key, owner is not distinct from $2::bigint as is_owned, epoch::float8 as epoch,
        sequence::float8 as sequence, status from ${this.#options.schema}.executions where id = any($1::text[])`,
      [ids, this.owner],
    );
    for (const id of ids) {
      looked.set(id, undefined);
      this.#owned.delete(id);
    }
    for (const { id, key, is_owned: isOwned, epoch, sequence, status } of rows) {
      looked.set(id, { epoch, sequence, isOwned, isFinished: FINISHED.includes(status) });
      if (isOwned) this.#owned.set(id, { key, epoch, sequence });
    }
  }

  /** Reads by the connection that writes, and by the next one where it breaks. */
  #read<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    return untilConnected(this.#options.patience, async () => {
      const client = await this.#connected();
      try {
        return (await client.query<Row>(sql, values)).rows;
      } catch (error) {
        if (isDisconnection(error)) this.#drop(client);
        throw error;
      }
    });
  }

  #connected(): Promise<Client> | Client {
    return this.#client ?? this.#reconnect();
  }

  #reconnect(): Promise<Client> {
    this.#connecting ??= untilConnected(this.#options.patience, () => this.#connect()).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Connects, takes the lock of the owner, and finds what it still owns: others may have claimed in between. */
  async #connect(prepare?: (client: Client) => Promise<void>): Promise<Client> {
    const { pg, config, schema } = this.#options;
    const client = await connect(pg, config, (ended) => this.#lost(ended));
    client.on("notification", ({ channel, payload }) => {
      if (channel === CHANNEL && payload === schema) for (const tell of [...this.#listeners]) tell();
    });
    try {
      await prepare?.(client);
      await takeLock(client, schema, this.owner);
      if (this.#listeners.size > 0) await client.query(`listen ${CHANNEL}`);
      const { rows } = await client.query<{ id: string; key: string; epoch: number; sequence: number }>(
        `select id, key::text as key, epoch::float8 as epoch, sequence::float8 as sequence from ${schema}.executions
          where owner = $1::bigint`,
        [this.owner],
      );
      this.#owned.clear();
      for (const { id, ...owned } of rows) this.#owned.set(id, owned);
      if (prepare === undefined) this.#returnedAt = performance.now() + RETURN_MS;
      this.#client = client;
      return client;
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
  }

  /** An idle connection that ends is replaced at once, so that no other store object takes this one for gone. */
  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#closing === undefined) this.#reconnect().catch(() => {});
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    void client.end().catch(() => {});
  }

  async #close(): Promise<void> {
    await this.#working;
    await this.#connecting?.catch(() => {});
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    try {
      await client.query(`delete from ${this.#options.schema}.owners where id = $1::bigint`, [this.owner]);
      await client.query("select pg_advisory_unlock($1::bigint)", [this.owner]);
      if (this.#owned.size > 0) await client.query("select pg_notify($1, $2)", [CHANNEL, this.#options.schema]);
    } catch (error) {
      // The lock goes with the connection too.
      if (!isDisconnection(error)) throw postgresFailure(this.#options.name, "close", error);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** @throws StorageError where it is closed */
  check(operation: string): void {
    if (this.#closing !== undefined) throw closedStore(this.#options.name, operation);
  }
}

function standingOf({ epoch, sequence }: Owned): Standing {
  return { epoch, sequence, isOwned: true, isFinished: false };
}

/** Bytes of a change, nearly. */
function sizeOf(change: ExecutionChange): number {
  if (change.type === "begin") return change.execution.head.length + change.execution.document.length;
  if (change.type === "update") return (change.error?.length ?? 0) + (change.summary?.length ?? 0);
  const blobs = change.blobs?.reduce((sum, { data }) => sum + data.length, 0) ?? 0;
  return change.journal.length + change.values.length + blobs;
}
