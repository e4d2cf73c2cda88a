/** The keys of servers that `conductor login` keeps, in a file for their owner's eyes only. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { isObject, messageOf } from "@atomiton/values";
import { UsageError } from "./exit.js";

/** The file; in it keys by the addresses of their servers. */
export function keptKeysFile(): string {
  const { XDG_CONFIG_HOME, APPDATA } = process.env;
  const folder = (process.platform === "win32" && APPDATA) || XDG_CONFIG_HOME || join(homedir(), ".config");
  return join(folder, "conductor", "servers.json");
}

/** The key of a server; `undefined` where none is kept. Throws UsageError for a file that others may read, or that holds no key. */
export function keptKey(apiUrl: string): string | undefined {
  return read()[apiUrl];
}

/** Keeps a key, in the place of the one that there was. */
export function keepKey(apiUrl: string, key: string): void {
  write({ ...read(), [apiUrl]: key });
}

/** Whether there was a key of this server; it is kept no longer. */
export function forgetKey(apiUrl: string): boolean {
  const { [apiUrl]: key, ...others } = read();
  if (key !== undefined) write(others);
  return key !== undefined;
}

/** Rights of other users on a file. */
const OTHERS = 0o077;

function read(): Record<string, string> {
  const path = keptKeysFile();
  let text: string;
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return {};
    if (process.platform !== "win32" && (facts.mode & OTHERS) !== 0) {
      throw new UsageError(`Others may read ${path}, which holds keys: chmod 600 ${JSON.stringify(path)}`);
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // Said below.
  }
  const { version, keys } = (isObject(found) ? found : {}) as { version?: unknown; keys?: unknown };
  if (version !== 1 || !isObject(keys) || !Object.values(keys).every((key) => typeof key === "string")) {
    throw new UsageError(`${path} holds no keys of this version; remove it, and sign in again`);
  }
  return keys as Record<string, string>;
}

/** Replaced as a whole. */
function write(keys: Record<string, string>): void {
  const path = keptKeysFile();
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(beside, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`, {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new UsageError(`${path} cannot be written: ${messageOf(error)}`);
  }
}
