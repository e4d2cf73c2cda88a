/** Users of a server, with passwords or from an issuer of OpenID Connect, with roles and sessions, in the store of its executions. */
import { randomBytes } from "node:crypto";
import type { ExecutionStore } from "@atomiton/storage";
import { coded } from "../../engine/failure.js";
import { demandNames } from "../../engine/setting-names.js";
import type { AuthSession, AuthUser, UserSession } from "../../services/auth.js";
import type { Role, Unsubscribe } from "../../services/declaration.js";
import { type Caller, ROLES } from "../access.js";
import { type Audit, auditor } from "../audit.js";
import { type AboutRequest, type Authenticate, type ServerAuth, tokenOf } from "../calls.js";
import { createAccount } from "./account.js";
import { KeptEntries } from "./kept-entries.js";
import { Issuer } from "./openid/issuer.js";
import { type Claims, idOfName, nameOf, OPENID_PREFIX, personOf, roleOf } from "./openid/person.js";
import { checkedOpenId, type OpenIdSettings } from "./openid/settings.js";
import { createOpenIdSignIn } from "./openid/sign-in.js";
import { hashOfPassword, isPassword } from "./passwords.js";
import { isOf, type NewToken, type Renew, type SessionEntry, Sessions, sessionIdOf } from "./sessions.js";

/** Settings of users. */
export interface UsersOptions {
  /** Where users and sessions are kept: the store of the conductor, or another one. It is the caller's to close. */
  store: ExecutionStore;
  sessions?: {
    /** How long a session lasts from a sign-in or a refresh, in ms. Default 12 hours. */
    idle?: number;
    /** How long it lasts from the sign-in, however often it is refreshed, in ms. Default 30 days. */
    longest?: number;
  };
  /** Lets people sign in at an issuer of OpenID Connect as well. */
  openId?: OpenIdSettings;
  /** Told of changes of users, and of sessions that ended because a token came that had been replaced. */
  audit?: Audit;
}

/** A user, without the password. */
export interface User {
  /** Of one who signs in at an issuer `openid:<subject>@<issuer>`. */
  name: string;
  role: Role;
  /** ISO 8601. */
  createdAt: string;
  /** When the password was set, in ISO 8601; missing for one who signs in at an issuer. */
  passwordAt?: string;
  /** Where the user signs in; missing for one with a password. */
  issuer?: string;
  /** As the issuer told it; for people to read. */
  email?: string;
}

/** Users. Methods reject with INVALID_PARAMETERS for a name, a role or a password that cannot be, and for unknown users. */
export interface Users {
  /** For `authenticate` of `createServer`. */
  authenticate: Authenticate;
  /** For `auth` of `createServer`. */
  auth: ServerAuth;
  /** Rejects where a user has this name; names that differ in capitals only are one name. */
  add(name: string, user: { role: Role; password: string }): Promise<void>;
  /** By name. */
  list(): Promise<User[]>;
  remove(name: string): Promise<void>;
  /**
   * Ends all sessions of the user, as `setRole`, `remove` and `logout` do. Password and role of one who signs in at an issuer are not
   * set here; one that is removed may sign in again.
   */
  setPassword(name: string, password: string): Promise<void>;
  setRole(name: string, role: Role): Promise<void>;
  logout(name: string): Promise<void>;
  /** The sessions of a user, those that were used last first. */
  sessions(name: string): Promise<UserSession[]>;
  /** Ends one session of a user. Rejects with INVALID_PARAMETERS for an id that no session of the user has. */
  endSession(name: string, id: string): Promise<void>;
}

/** A user as it is kept, under the name in small letters. */
export interface UserEntry extends User {
  /** By Argon2id; missing for one who signs in at an issuer. */
  hash?: string;
  /** Another one whenever all sessions end: those that began with an earlier one are over. */
  stamp: string;
}

const HOUR_MS = 3_600_000;
const IDLE_MS = 12 * HOUR_MS;
const LONGEST_MS = 30 * 24 * HOUR_MS;

/** How often sessions that are over are deleted, in ms; at a sign-in. */
const SWEEP_MS = HOUR_MS;

/** Characters of a name. */
const LONGEST_NAME = 100;

/** Opens the users of a store. Throws INVALID_PARAMETERS for a store that keeps none, and for settings that cannot be. */
export function createUsers(options: UsersOptions): Users {
  demandNames("createUsers", options, ["store", "sessions", "openId", "audit"]);
  const { store, sessions: times = {}, openId, audit } = options;
  const settings = openId && checkedOpenId(openId);
  const issuer = settings && new Issuer(settings);
  const entries = new KeptEntries(store);
  const tell = auditor(audit);
  const sessions = new Sessions(entries, timesOf(times), (user, address) => {
    tell({ event: "session-reused", caller: user, ...(address !== undefined && { address }), outcome: "ok" });
  });
  let sweptAt = Number.NEGATIVE_INFINITY;

  const sweep = async () => {
    sweptAt = performance.now();
    try {
      const users = await entries.list<UserEntry>("users");
      await sessions.sweep(new Map(users.map(({ id, value }) => [id, value.stamp])));
    } catch {
      // They are over all the same, and are deleted the next time.
    }
  };

  const sweepAtTimes = async () => {
    if (performance.now() - sweptAt >= SWEEP_MS) await sweep();
  };

  const userBehind = async (token: string, about: AboutRequest): Promise<UserEntry | undefined> => {
    const session = await sessions.find(token, about);
    if (session === undefined) return undefined;
    const user = await entries.get<UserEntry>("users", session.user, (kept) => isOf(session, kept.stamp));
    if (user === undefined || !isServed(user)) return undefined;
    if (isOf(session, user.stamp)) return user;
    // In memory it may be as it was before it was let outlive the others.
    const again = await entries.read<SessionEntry>("sessions", session.id);
    return again !== undefined && isOf(again, user.stamp) ? user : undefined;
  };
  const home = settings && new URL(settings.issuer).href;
  /** What an issuer once said counts only as long as it is the one of the settings. */
  const isServed = (user: UserEntry) => user.issuer === undefined || new URL(user.issuer).href === home;
  const stampOf = async (id: string) => {
    const user = await entries.read<UserEntry>("users", id);
    return user && isServed(user) ? user.stamp : undefined;
  };
  const callerOf = async (token: string, about: AboutRequest): Promise<Caller | undefined> => {
    const user = await userBehind(token, about);
    return user && { name: user.name, role: user.role };
  };
  const authenticate: Authenticate = (request, about = {}) => {
    const token = tokenOf(request);
    return token === undefined ? undefined : callerOf(token, about);
  };

  /** Notes who came back from the issuer, with the role from there; `undefined` for one who has none any more, and has no sessions then. */
  const noted = async (claims: Claims): Promise<{ id: string; stamp: string } | undefined> => {
    const { issuer: at, subject, email } = personOf(claims);
    const name = nameOf({ issuer: at, subject });
    const id = idOfName(name);
    const role = settings && roleOf(claims, settings);
    const known = await entries.read<UserEntry>("users", id);
    if (role === undefined) {
      if (known !== undefined) await entries.change<UserEntry>("users", id, () => undefined, true);
      return undefined;
    }
    // What is refreshed may tell less of the person.
    if (known?.role === role && (email === undefined || known.email === email)) return { id, stamp: known.stamp };
    let stamp = "";
    const change = (found: UserEntry | undefined): UserEntry => {
      const { createdAt = new Date().toISOString(), stamp: before = newStamp() } = found ?? {};
      stamp = before;
      return { ...found, name, role, createdAt, issuer: at, ...(email !== undefined && { email }), stamp };
    };
    // Sessions go on, with another role: other processes are to know.
    await entries.change<UserEntry>("users", id, change, known !== undefined && known.role !== role);
    if (known?.role !== role) {
      tell({ event: "user", what: known === undefined ? "add" : "role", subject: name, role, outcome: "ok" });
    }
    return { id, stamp };
  };

  /** Asks the issuer whether a session may go on; what it says of the role counts for all sessions of the user. */
  const renewed: Renew = async (userId, refreshToken) => {
    const issued = await issuer?.refresh(refreshToken);
    const user = await entries.read<UserEntry>("users", userId);
    const isSame = issued?.claims === undefined || idOfName(nameOf(personOf(issued.claims))) === userId;
    const hasRole = issued?.claims === undefined || !isSame || (await noted(issued.claims)) !== undefined;
    if (issued !== undefined && isSame && hasRole) return issued.refreshToken ?? refreshToken;
    tell({ event: "sign-out", ...(user && { caller: user.name }), what: "refused by the issuer", outcome: "ok" });
    return undefined;
  };

  const openIdSignIn =
    settings &&
    issuer &&
    createOpenIdSignIn({
      settings,
      issuer,
      async begin({ claims, refreshToken }, challenge) {
        const user = await noted(claims);
        if (user !== undefined) return sessions.beginByCode(user.id, user.stamp, { refreshToken, challenge });
        throw coded(
          "VALIDATION_FAILED",
          "The issuer gives you no role on this server: ask its owner for one",
          undefined,
        );
      },
    });

  const auth: ServerAuth = {
    ...(openIdSignIn && { openId: openIdSignIn }),
    ...createAccount({
      entries,
      sessions,
      isServed,
      demandPassword: ({ name }) => demandOwn(name, "password"),
      newStamp,
      sweep: sweepAtTimes,
    }),
    async login({ username, password, address }) {
      const id = idOf(username);
      const user = await entries.read<UserEntry>("users", id);
      if (!(await isPassword(password, user?.hash)) || user === undefined) {
        throw coded("VALIDATION_FAILED", "Invalid credentials", undefined);
      }
      const begun = await sessions.begin(id, user.stamp, address);
      await sweepAtTimes();
      return sessionOf(begun, user);
    },
    async logout({ token } = {}) {
      const refreshToken = token === undefined ? undefined : await sessions.end(token);
      if (refreshToken !== undefined) void issuer?.revoke(refreshToken);
    },
    async getCurrentUser({ token } = {}) {
      // What asks was authenticated before, maybe with the token that this one replaced.
      const found = token === undefined ? undefined : await userBehind(token, { isAgain: true });
      return found === undefined ? null : userOf(found);
    },
    async refreshToken({ token } = {}) {
      const next = await sessions.refresh(token ?? "", stampOf, renewed);
      const user = await entries.get<UserEntry>("users", next.user);
      return sessionOf(next, user);
    },
    async redeem({ code, verifier, address }) {
      const begun = await sessions.redeem(code, verifier, stampOf, address);
      const user = await entries.read<UserEntry>("users", begun.user);
      await sweepAtTimes();
      return sessionOf(begun, user);
    },
    sessionOf: sessionIdOf,
    knows: async (username) => (await entries.get("users", idOf(username))) !== undefined,
    onSessionsEnded: (listener: () => void): Unsubscribe =>
      entries.onEnd<SessionEntry>(listener, ({ expiresAt }) => expiresAt <= Date.now()),
  };

  const demandOwn = (name: string, what: string) => {
    if (!idOf(name).startsWith(OPENID_PREFIX)) return;
    throw refused(`${shown(name)} signs in at an issuer, which says the ${what}`);
  };
  const unknown = (name: string) => refused(`There is no user ${shown(name)}`);
  const known = async (name: string): Promise<UserEntry> => {
    const user = await entries.read<UserEntry>("users", idOf(name));
    if (user === undefined) throw unknown(name);
    return user;
  };
  /** Changes a user, which ends the user's sessions. */
  const changeUser = async (what: string, name: string, change: (user: UserEntry) => UserEntry | undefined) => {
    const id = idOf(name);
    await entries.change<UserEntry>(
      "users",
      id,
      (user) => {
        if (user === undefined) throw unknown(name);
        const changed = change(user);
        return changed && { ...changed, stamp: newStamp() };
      },
      true,
    );
    tell({ event: "user", what, subject: id.startsWith(OPENID_PREFIX) ? name : id, outcome: "ok" });
    await sweep();
  };

  return {
    authenticate,
    auth,
    async add(name, { role, password }) {
      const problem = nameProblem(name);
      if (problem !== undefined) throw refused(`${shown(name)} cannot be the name of a user: ${problem}`);
      demandRole(role);
      const hash = await hashOfPassword(password, name);
      const now = new Date().toISOString();
      await entries.change<UserEntry>("users", idOf(name), (found) => {
        if (found !== undefined) throw refused(`There is a user with the name ${shown(found.name)}`);
        const shownName = name.normalize("NFKC");
        return { name: shownName, role, createdAt: now, passwordAt: now, hash, stamp: newStamp() };
      });
      tell({ event: "user", what: "add", subject: idOf(name), role, outcome: "ok" });
    },
    async list() {
      const users = (await entries.list<UserEntry>("users")).sort((a, b) => (a.id < b.id ? -1 : 1));
      return users.map(({ value: { hash: _, stamp: __, ...user } }) => user);
    },
    remove: (name) => changeUser("remove", name, () => undefined),
    async setPassword(name, password) {
      demandOwn(name, "password");
      const hash = await hashOfPassword(password, name);
      const passwordAt = new Date().toISOString();
      await changeUser("password", name, (user) => ({ ...user, hash, passwordAt }));
    },
    async setRole(name, role) {
      demandOwn(name, "role");
      demandRole(role);
      await changeUser("role", name, (user) => ({ ...user, role }));
    },
    logout: (name) => changeUser("logout", name, (user) => user),
    async sessions(name) {
      const id = idOf(name);
      return sessions.ofUser(id, (await known(name)).stamp);
    },
    async endSession(name, session) {
      const id = idOf(name);
      if (!(await sessions.endOf(id, (await known(name)).stamp, session))) {
        throw refused(`${shown(name)} has no session ${shown(session)}`);
      }
      tell({ event: "user", what: "end-session", subject: id.startsWith(OPENID_PREFIX) ? name : id, outcome: "ok" });
    },
  };
}

/** Names that look alike are one name; those of people at issuers are what they are. */
function idOf(name: string): string {
  if (name.startsWith(OPENID_PREFIX)) return idOfName(name);
  return name.normalize("NFKC").toLowerCase();
}

function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return "it is no text";
  const id = idOf(name);
  if (id.length === 0 || id.length > LONGEST_NAME) return `a name has 1 to ${LONGEST_NAME} characters`;
  if (id.startsWith(OPENID_PREFIX)) return `only people who sign in at an issuer have names with ${OPENID_PREFIX}`;
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(id)) return "it holds characters that cannot be seen";
  if (/^[\s.]|\s$/u.test(id)) return "it begins with a dot, or begins or ends with a space";
  return undefined;
}

function demandRole(role: Role): void {
  if (!ROLES.includes(role)) throw refused(`There is no role ${shown(role)}. Allowed: ${ROLES.join(", ")}`);
}

function shown(text: unknown): string {
  return (JSON.stringify(text) ?? "undefined").slice(0, 120);
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}

function timesOf(times: NonNullable<UsersOptions["sessions"]>) {
  demandNames("sessions", times, ["idle", "longest"]);
  const { idle = IDLE_MS, longest = LONGEST_MS } = times;
  for (const [name, ms] of Object.entries({ idle, longest })) {
    if (!(Number.isFinite(ms) && ms > 0)) throw refused(`\`sessions.${name}\` must be a number of ms above 0`);
  }
  return { idle, longest };
}

function newStamp(): string {
  return randomBytes(12).toString("base64url");
}

function sessionOf({ token, expiresAt }: NewToken, user: User | undefined): AuthSession {
  return { token, expiresAt: new Date(expiresAt).toISOString(), ...(user && { user: userOf(user) }) };
}

function userOf({ name, role, email }: Pick<User, "name" | "role" | "email">): AuthUser {
  return { username: name, ...(email !== undefined && { email }), roles: [role] };
}
