/** Databases of SQLite in other hands: those of other processes, and without the store. */
import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { loadAddon } from "@atomiton/conductor-native";
import { expect, onTestFinished } from "vitest";

import { builtPackage } from "./built.js";

const child = join(dirname(fileURLToPath(import.meta.url)), "sqlite-child.mjs");
const built = builtPackage();

/** A process of its own that works on a store. */
export function started(path: string, task: string, user?: number) {
  const args = [child, built(), path, task, ...(user === undefined ? [] : [String(user)])];
  const running = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  let hasEnded = false;
  const ended = new Promise<string | number | null>((resolve) => {
    running.on("close", (code, signal) => {
      hasEnded = true;
      resolve(signal ?? code);
    });
  });
  onTestFinished(async () => {
    running.kill("SIGKILL");
    await ended;
  });
  return {
    ended,
    hasEnded: () => hasEnded,
    kill: () => running.kill("SIGKILL"),
    goOn: () => running.stdin.write("\n"),
    async told(): Promise<unknown> {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
  };
}

/** Runs statements in a database by SQLite as the node type has it, without the store; the rows of the first one. */
export async function inDatabase(path: string, sql: string): Promise<unknown[][]> {
  const { CancelToken, SqliteDatabase } = loadAddon();
  const database = new SqliteDatabase(new CancelToken());
  const opening = { path, mayChange: true, memory: 1e8, wait: 10_000 };
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  expect(await database.open(exists ? opening : { ...opening, createFor: sql.split(";")[0] ?? "" })).toBeNull();
  const statements = sql.split(";").map((statement) => statement.trim());
  const runs = JSON.stringify(statements.map((_, index) => [index]));
  const batch = { statements, runs, kind: "own" as const, mostRows: 1000, mostBytes: 1e6 };
  expect((await database.run(batch)).trouble).toBeFalsy();
  const rows = database.takeRows();
  await database.close();
  return rows === null ? [] : JSON.parse(rows);
}
