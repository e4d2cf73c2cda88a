/** `conductor users`: who signs in to a server. */
import { createUsers, type Users } from "../server/users/users.js";
import type { UserSession } from "../services/auth.js";
import type { Role } from "../services/declaration.js";
import { type AuditFile, auditFile } from "./audit-file.js";
import { Exit, UsageError } from "./exit.js";
import { hiddenText } from "./hidden-input.js";
import { jsonText } from "./json.js";
import { openKeptStore, SERVER_STORE } from "./kept-store.js";
import { openProject, type ProjectOptions } from "./project.js";
import { column, oneLine } from "./text.js";
import { telling } from "./with-store.js";

/** Options of all commands on users. */
export interface UserOptions extends ProjectOptions {
  /** The address of the store; default that of `conductor serve`. */
  store?: string;
  /** A file to which changes are appended. */
  audit?: string;
}

/** Where a password comes from. */
export interface PasswordOptions {
  /** `-` for standard input. */
  passwordFile?: string;
}

/** Makes a user. */
export function addUser(name: string, options: UserOptions & PasswordOptions & { role: Role }): Promise<Exit> {
  const add = async (users: Users) => {
    const { role, passwordFile } = options;
    const password = await hiddenText(`Password of ${oneLine(name)}`, passwordFile, true);
    await users.add(name, { role, password });
    process.stderr.write(`${oneLine(name)} may sign in, with the role ${role}\n`);
  };
  return withUsers(options, add, true);
}

/** Lists users, without what tells their passwords. */
export function listUsers({ json, ...options }: UserOptions & { json?: boolean }): Promise<Exit> {
  return withUsers(options, async (users) => {
    const found = await users.list();
    if (json) process.stdout.write(`${jsonText(found, 2)}\n`);
    else if (found.length === 0) process.stdout.write("There are no users: conductor users add NAME --role ROLE\n");
    for (const { name, role, createdAt, passwordAt, email } of json ? [] : found) {
      const how = passwordAt === undefined ? oneLine(email ?? "without e-mail") : `password of ${passwordAt}`;
      const times = `made ${createdAt}, ${how}`;
      // Names are needed in full: other commands take them.
      process.stdout.write(`${oneLine(name).padEnd(23)} ${column(role, 8)}${times}\n`);
    }
  });
}

/** Removes a user, and ends the sessions. */
export function removeUser(name: string, options: UserOptions): Promise<Exit> {
  return withUsers(options, (users) => users.remove(name));
}

/** Options of commands that users may give for themselves, at a server. */
export interface OwnOptions {
  remote?: string;
  currentPasswordFile?: string;
}

/** Gives a user another password, and ends the sessions. */
export async function setPassword(name: string, options: UserOptions & PasswordOptions & OwnOptions): Promise<Exit> {
  const own = await ownAccount(options);
  if (own !== undefined) return own.account.changeOwnPassword(name, own.options);
  return withUsers(options, async (users) => {
    const password = await hiddenText(`New password of ${oneLine(name)}`, options.passwordFile, true);
    await users.setPassword(name, password);
    process.stderr.write(`${oneLine(name)} has another password, and has to sign in again\n`);
  });
}

/** Gives a user another role, and ends the sessions. */
export function setRole(name: string, options: UserOptions & { role: Role }): Promise<Exit> {
  return withUsers(options, async (users) => {
    await users.setRole(name, options.role);
    process.stderr.write(`${oneLine(name)} has the role ${options.role}, and has to sign in again\n`);
  });
}

/** Lists the sessions of a user. */
export async function listSessions(
  name: string,
  { json, ...options }: UserOptions & OwnOptions & { json?: boolean },
): Promise<Exit> {
  const show = (sessions: readonly UserSession[]) => {
    if (json) process.stdout.write(`${jsonText(sessions, 2)}\n`);
    else if (sessions.length === 0) process.stderr.write(`${oneLine(name)} has no sessions\n`);
    for (const { id, startedAt, usedAt, address = "unknown address" } of json ? [] : sessions) {
      process.stdout.write(`${id}  begun ${startedAt}, used ${usedAt} from ${oneLine(address)}\n`);
    }
  };
  const own = await ownAccount(options);
  if (own !== undefined) return own.account.ownSessions(name, own.options, show);
  return withUsers(options, async (users) => show(await users.sessions(name)));
}

/** Ends a session of a user, or all. */
export async function logoutUser(
  name: string,
  options: UserOptions & OwnOptions & { session?: string },
): Promise<Exit> {
  const own = await ownAccount(options);
  if (own !== undefined) return own.account.endOwnSessions(name, own.options);
  return withUsers(options, async (users) => {
    if (options.session !== undefined) return users.endSession(name, options.session);
    await users.logout(name);
    process.stderr.write(`${oneLine(name)} has to sign in again\n`);
  });
}

/** What a user does about the own account, where a server is named; loaded by those who name one. */
async function ownAccount<Options extends UserOptions & OwnOptions>(options: Options) {
  const { remote } = options;
  if (remote !== undefined) return { account: await import("./own-account.js"), options: { ...options, remote } };
  if (options.currentPasswordFile === undefined) return undefined;
  throw new UsageError("--current-password-file is for the own account at a server; give --remote URL as well");
}

/**
 * Lets a command use the users of the store that the command line or the settings name.
 *
 * @param mayBegin whether the database may be a new one
 */
async function withUsers(options: UserOptions, use: (users: Users) => Promise<void>, mayBegin = false): Promise<Exit> {
  const { settings } = await openProject(undefined, options);
  const audit: AuditFile | undefined = options.audit === undefined ? undefined : auditFile(options.audit);
  return telling(async () => {
    const { store, close } = await openKeptStore(options.store ?? settings.store ?? SERVER_STORE, !mayBegin);
    try {
      await use(createUsers({ store, ...(audit && { audit: audit.audit }) }));
      return Exit.success;
    } finally {
      await close();
      await audit?.written();
    }
  });
}
