/** Databases of SQLite for tests, each a file of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
let count = 0;
/** A path where there is nothing yet. */
export const fresh = (name = "data.db"): string => {
  const place = join(folder, String(++count));
  mkdirSync(place);
  return join(place, name);
};
export const sqlite = (path: string) => `sqlite:${path}`;

/** What one test does with one database. */
export function on(path: string) {
  const connection = sqlite(path);
  return {
    query: (sql: string, parameters: unknown[] = [], more: object = {}) =>
      run("database", {}, { connection, sql, parameters, ...more }),
    execute: (sql: string, parameters: unknown[] = [], more: object = {}) =>
      run("database", {}, { connection, operation: "execute", sql, parameters, ...more }),
    insert: (rows: unknown, more: object) =>
      run("database", { default: { result: rows } }, { connection, operation: "insert", ...more }),
    refused: (parameters: object, input: unknown = {}) => failure("database", input, { connection, ...parameters }),
  };
}

export const made = async (...statements: string[]) => {
  const path = fresh();
  const db = on(path);
  for (const sql of statements) await db.execute(sql);
  return { path, ...db };
};

export const python = spawnSync("python3", ["-c", "import sqlite3"]).status === 0;
if (!python) console.warn("python3 with sqlite3 is not here: databases are not compared with Python's sqlite3");

/** Runs Python; `path` and `argument` are its arguments, and it prints JSON. */
export function ofPython(code: string, path: string, argument = ""): unknown {
  const text = `import json, sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n${code}`;
  const { stdout, stderr, status } = spawnSync("python3", ["-c", text, path, argument], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout === "" ? undefined : JSON.parse(stdout);
}
