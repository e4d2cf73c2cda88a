/** SQLite, in the addon. Each call of it runs on a thread of its own. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { CancelToken, SqliteAnswer, SqliteBatch, SqliteDatabase } from "@atomiton/conductor-native";

import { NodeError } from "../../../contract/error.js";
import { Pace } from "../../../contract/pace.js";
import type { AnswerSize } from "../../../library/answer-size.js";
import { removeMade } from "../../../machine/made-folders.js";
import { missingPath } from "../../../machine/missing-path.js";
import { checkFile } from "../../../machine/readable-file.js";
import { native } from "../../../table/addon.js";
import type { Statement } from "../named.js";
import { quotedName } from "../names.js";
import type { Answer, Driver, DriverWork, InsertBatch, Session } from "../session.js";
import { type Circumstances, sqliteFailure } from "./failure.js";
import { isThere, sqlitePath, sqlitePlace } from "./path.js";
import { convertersOf, fieldsOf, handedOver } from "./values.js";

/** Bytes of memory that SQLite may take for one node. */
const MEMORY = 268_435_456;
/** ms to wait for a lock, where the node has no shorter limit. */
const WAIT = 30_000;
/** Of the node's limit, so that it can still tell what it waited for. */
const WAIT_PART = 0.9;
/** ms for a step of a statement that looks at nothing, such as a search in a long text, after it was told to stop. */
const GRACE = 5000;
/** Rows that are handed over at once. */
const BATCH = 5000;
const CANTOPEN = 14;

/** What runs outside of a transaction alone, behind what may stand before it. */
const ALONE = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(vacuum|pragma)\b/i;

/** A connection to a file. */
export async function sqliteDriver(work: DriverWork): Promise<Driver> {
  const path = sqlitePath(work.parameters.connection);
  return native((addon) => {
    const token = new addon.CancelToken();
    return new SqliteDriver(work, path, token, new addon.SqliteDatabase(token));
  });
}

/** A statement without values. */
const plain = (sql: string): Statement => ({ sql, values: [], names: [] });

/** How statements are run. */
interface RunOptions {
  kind: SqliteBatch["kind"];
  /** One statement, for errors. */
  sql?: string;
  size?: AnswerSize;
  placeOf?: (run: number) => string;
}

class SqliteDriver implements Driver, Session {
  readonly #work: DriverWork;
  readonly #token: CancelToken;
  readonly #database: SqliteDatabase;
  readonly #circumstances: Circumstances;
  /** What runs in the addon. */
  #running: Promise<unknown> | undefined;
  #giveUp: NodeJS.Timeout | undefined;
  #leave: (error: NodeError) => void = () => {};
  /** Fails where what runs does not stop. */
  readonly #left = new Promise<never>((_, reject) => {
    this.#leave = reject;
  });

  constructor(work: DriverWork, path: string, token: CancelToken, database: SqliteDatabase) {
    this.#work = work;
    this.#token = token;
    this.#database = database;
    const isRead = work.parameters.operation === "query";
    this.#circumstances = {
      path,
      isRead,
      waited: Math.min(WAIT, Math.floor(WAIT_PART * (work.limit ?? Number.POSITIVE_INFINITY))),
      memory: MEMORY,
    };
    this.#left.catch(() => {});
  }

  async connect(): Promise<Session> {
    const { operation, sql = "" } = this.#work.parameters;
    const { path, isRead, waited } = this.#circumstances;
    const place = await sqlitePlace(this.#work, path);
    const isNew = operation === "execute" && !(await isThere(place));
    if (!isNew) await checkFile(place, path, "Database");
    const folder = dirname(place);
    const made = isNew && !(await isThere(folder)) ? await this.#folderFor(folder) : undefined;
    const opening = { path: place, mayChange: !isRead, memory: MEMORY, wait: waited, ...(isNew && { createFor: sql }) };
    const trouble = await this.#call(() => this.#database.open(opening)).catch(async (error: unknown) => {
      await removeMade(folder, made);
      throw error;
    });
    if (trouble === null || trouble === undefined) return this;
    await removeMade(folder, made);
    if (isNew && trouble.code === CANTOPEN) throw await this.#notFound();
    throw sqliteFailure(trouble, { ...this.#circumstances, sql });
  }

  read(statement: Statement, size: AnswerSize): Promise<Answer> {
    return this.#statement(statement, { kind: "read", size });
  }

  async change(statement: Statement, size: AnswerSize): Promise<Answer> {
    const alone = ALONE.exec(statement.sql)?.[1]?.toLowerCase();
    if (alone === "vacuum") return this.#statement(statement, { kind: "vacuum", size });
    if (alone === "pragma") return this.#statement(statement, { kind: "change", size });
    await this.begin();
    const answer = await this.#statement(statement, { kind: "change", size });
    await this.commit();
    return answer;
  }

  async fieldsOf(table: string): Promise<Answer["fields"]> {
    return (await this.#statement(plain(`select * from ${table} limit 0`), { kind: "read" })).fields;
  }

  async begin(): Promise<void> {
    // So that it waits for others at the beginning, where nothing is lost.
    await this.#statement(plain("begin immediate"), { kind: "own" });
  }

  async commit(): Promise<void> {
    await this.#statement(plain("commit"), { kind: "own" });
  }

  batchSize(): number {
    return BATCH;
  }

  async insert({ table, columns, rows, start, conflict, returning }: InsertBatch): Promise<Answer> {
    const names = columns.map(quotedName);
    const statements: string[] = [];
    const places = new Map<string, number>();
    const runs = rows.map((row, offset) => {
      // A column's default is taken where the column is not named.
      const given = row.flatMap((value, column) => (value === undefined ? [] : [column]));
      const key = given.length === columns.length ? "" : given.join();
      if (given.length === 0 && conflict !== "") {
        throw new NodeError(
          "TYPE_MISMATCH",
          `Row ${start + offset + 1} has no columns, of which none can be there already`,
        );
      }
      let place = places.get(key);
      if (place === undefined) {
        place = places.size;
        places.set(key, place);
        const list = given.map((column) => names[column]).join(",");
        statements.push(
          given.length === 0
            ? `insert into ${table} default values${returning}`
            : `insert into ${table} (${list}) values (${given.map(() => "?").join(",")})${conflict}${returning}`,
        );
      }
      const cells: unknown[] = [place];
      for (const column of given) {
        cells.push(handedOver(row[column], () => `Row ${start + offset + 1}, column \`${columns[column]}\``));
      }
      return cells;
    });
    return this.#run(statements, runs, { kind: "change", placeOf: (run) => `row ${start + run + 1}` });
  }

  async stop(): Promise<void> {
    this.#token.cancel();
    this.#giveUp ??= setTimeout(() => {
      this.#leave(new NodeError("EXECUTION_FAILED", "A step of the statement does not end; it is left to itself"));
    }, GRACE);
  }

  async close(): Promise<void> {
    clearTimeout(this.#giveUp);
    // What was left to itself is closed when it ends.
    const closed = native(() => this.#database.close());
    if (this.#running === undefined) await closed;
    else closed.catch(() => {});
  }

  failure(error: unknown): NodeError {
    return error instanceof NodeError ? error : new NodeError("EXECUTION_FAILED", String(error), { cause: error });
  }

  /** Makes the folder of a new database; gives the first one that it made. */
  async #folderFor(folder: string): Promise<string | undefined> {
    try {
      return await mkdir(folder, { recursive: true });
    } catch {
      throw await this.#notFound();
    }
  }

  async #notFound(): Promise<NodeError> {
    const { path } = this.#circumstances;
    const advice = "Correct the path, or make the database with a statement that creates a table.";
    return missingPath(`Database not found: ${path}`, path, { advice, retry: false });
  }

  #statement({ sql, values }: Statement, options: RunOptions): Promise<Answer> {
    const cells = values.map((value, index) => handedOver(value, () => `\`parameters\`, $${index + 1}`));
    return this.#run([sql], [[0, ...cells]], { ...options, sql });
  }

  async #run(statements: string[], runs: unknown[][], { kind, sql, size, placeOf }: RunOptions): Promise<Answer> {
    const { maxRows: mostRows, maxBytes: mostBytes } = size ?? { maxRows: 2 ** 53, maxBytes: 2 ** 53 };
    const batch: SqliteBatch = { statements, runs: JSON.stringify(runs), kind, mostRows, mostBytes };
    const answer = await this.#call(() => this.#database.run(batch));
    const { columns, trouble } = answer;
    if (trouble !== null && trouble !== undefined) {
      const place = typeof trouble.run === "number" ? placeOf?.(trouble.run) : undefined;
      throw sqliteFailure(trouble, { ...this.#circumstances, sql, place });
    }
    const rows = await this.#rows(answer, size);
    for (const { name, isWide } of columns) {
      if (!isWide) continue;
      const words = "has numbers of more digits than a number keeps, and so is text";
      this.#work.warn("digits-kept", `The column \`${name}\` ${words}`);
    }
    return { rows, fields: fieldsOf(columns), count: answer.count };
  }

  async #rows({ columns, pieces, isCut }: SqliteAnswer, size: AnswerSize | undefined): Promise<unknown[][]> {
    const converters = convertersOf(columns);
    const pace = new Pace(this.#work.signal);
    const rows: unknown[][] = [];
    for (let piece = 0; piece < pieces; piece++) {
      const text = await native(() => this.#database.takeRows());
      for (const row of JSON.parse(text ?? "[]") as unknown[][]) {
        size?.add(row);
        for (const [column, convert] of converters.entries()) {
          if (convert !== undefined) row[column] = convert(row[column]);
        }
        rows.push(row);
        if (pace.isDue()) await pace.rest();
      }
    }
    // The last of them would have been one too many.
    if (isCut) throw new NodeError("MEMORY_LIMIT_EXCEEDED", "There are more rows than may come back", { retry: false });
    return rows;
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    const running = native(call);
    this.#running = running;
    const done = (): void => {
      this.#running = undefined;
    };
    running.then(done, done);
    return Promise.race([running, this.#left]);
  }
}
