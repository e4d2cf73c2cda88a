/** `conductor keys`: the keys with which callers sign in to a server. */

import { auditor } from "../server/audit.js";
import { KeyFile } from "../server/keys.js";
import type { Role } from "../services/declaration.js";
import { auditFile } from "./audit-file.js";
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

/** Where changes are told. */
interface AuditOptions {
  /** A file to which they are appended. */
  audit?: string;
}

/** Makes a key and prints it, once. */
export async function addKey(
  name: string,
  { keys, role, expires, flow, audit }: KeyOptions & AuditOptions & { role: Role; expires?: number; flow?: string[] },
): Promise<Exit> {
  const file = new KeyFile(keys);
  const tell = changesTo(audit);
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
  const key = attempted(() => file.add(name, role, { expiresAt, ...(flow !== undefined && { flows: flow }) }));
  const only = flow === undefined ? "" : ` with ${flow.map(oneLine).join(", ")} alone`;
  process.stderr.write(`The key of ${oneLine(name)}, for the role ${role}${only}. It is not told again:\n`);
  process.stdout.write(`${key}\n`);
  await tell({ what: "add", subject: name, role });
  return Exit.success;
}

/** Lists keys, without what they are. */
export function listKeys({ keys, json }: KeyOptions & { json?: boolean }): Exit {
  const found = attempted(() => new KeyFile(keys).list()).map(({ hash: _, ...key }) => key);
  if (json) process.stdout.write(`${jsonText(found, 2)}\n`);
  else if (found.length === 0) process.stdout.write("There are no keys: conductor keys add NAME --role ROLE\n");
  for (const { name, role, createdAt, expiresAt, flows } of json ? [] : found) {
    const until = expiresAt === undefined ? "" : `, until ${expiresAt}`;
    const only = flows === undefined ? "" : `, for ${flows.map(oneLine).join(", ")}`;
    process.stdout.write(`${column(oneLine(name), 24)}${column(role, 8)}made ${createdAt}${until}${only}\n`);
  }
  return Exit.success;
}

/** Removes a key. */
export async function removeKey(name: string, { keys, audit }: KeyOptions & AuditOptions): Promise<Exit> {
  const tell = changesTo(audit);
  if (!attempted(() => new KeyFile(keys).remove(name))) {
    throw new UsageError(`There is no key with the name ${oneLine(name)}`);
  }
  await tell({ what: "remove", subject: name });
  return Exit.success;
}

/** What tells a file of a change, which is not made where that cannot be written. */
function changesTo(path: string | undefined) {
  const file = path === undefined ? undefined : auditFile(path);
  return async (change: { what: string; subject: string; role?: Role }): Promise<void> => {
    auditor(file?.audit)({ event: "key", ...change, outcome: "ok" });
    await file?.written();
  };
}

/** Does something with the file. */
export function attempted<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError(`The keys cannot be used: ${oneLine((error as Error).message)}`);
  }
}
