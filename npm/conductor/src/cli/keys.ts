/** `conductor keys`: the keys with which callers sign in to a server. */

import { KeyFile } from "../server/keys.js";
import type { Role } from "../services/declaration.js";
import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { column, oneLine } from "./text.js";

/** Where keys are, unless something else is said. */
export const KEY_FILE = "conductor.keys.json";

/** Options of all commands on keys. */
export interface KeyOptions {
  /** The file. */
  keys: string;
}

/** Makes a key and prints it, once. */
export function addKey(name: string, { keys, role, expires }: KeyOptions & { role: Role; expires?: number }): Exit {
  const file = new KeyFile(keys);
  const key = attempted(() => file.add(name, role, expires === undefined ? undefined : new Date(Date.now() + expires)));
  process.stderr.write(`The key of ${oneLine(name)}, for the role ${role}. It is not told again:\n`);
  process.stdout.write(`${key}\n`);
  return Exit.success;
}

/** Lists keys, without what they are. */
export function listKeys({ keys, json }: KeyOptions & { json?: boolean }): Exit {
  const found = attempted(() => new KeyFile(keys).list()).map(({ hash: _, ...key }) => key);
  if (json) process.stdout.write(`${jsonText(found, 2)}\n`);
  else if (found.length === 0) process.stdout.write("There are no keys: conductor keys add NAME --role ROLE\n");
  for (const { name, role, createdAt, expiresAt } of json ? [] : found) {
    const until = expiresAt === undefined ? "" : `, until ${expiresAt}`;
    process.stdout.write(`${column(oneLine(name), 24)}${column(role, 8)}made ${createdAt}${until}\n`);
  }
  return Exit.success;
}

/** Removes a key. */
export function removeKey(name: string, { keys }: KeyOptions): Exit {
  if (attempted(() => new KeyFile(keys).remove(name))) return Exit.success;
  throw new UsageError(`There is no key with the name ${oneLine(name)}`);
}

/** Does something with the file. */
export function attempted<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError(`The keys cannot be used: ${oneLine((error as Error).message)}`);
  }
}
