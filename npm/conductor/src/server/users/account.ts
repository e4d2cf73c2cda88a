/** What users do about their own accounts, by their sessions. */
import { KeyedMutex } from "@atomiton/values";
import { coded } from "../../engine/failure.js";
import type { ServerAuth } from "../calls.js";
import type { KeptEntries } from "./kept-entries.js";
import { passwordProblem } from "./password-rules.js";
import { hashOfPassword, isPassword } from "./passwords.js";
import { type FoundSession, isOf, isOver, type SessionEntry, type Sessions } from "./sessions.js";
import type { UserEntry } from "./users.js";

/** What it needs of the users of a store. */
export interface AccountParts {
  entries: KeptEntries;
  sessions: Sessions;
  /** Whether a user may sign in here still. */
  isServed(user: UserEntry): boolean;
  /** Throws for a user whose password is not set here. */
  demandPassword(user: UserEntry): void;
  newStamp(): string;
  /** Deletes sessions that are over. */
  sweep(): Promise<void>;
}

type Account = Required<Pick<ServerAuth, "changePassword" | "listSessions" | "endSession" | "endOtherSessions">>;

/** The commands of `auth` about the account of their caller. */
export function createAccount(parts: AccountParts): Account {
  const { entries, sessions } = parts;
  /** By users' ids. */
  const mutex = new KeyedMutex();

  /** The session of a token that was good a moment ago, with its user as the store has it. */
  const own = async (token: string | undefined): Promise<{ session: FoundSession; user: UserEntry }> => {
    const session = token === undefined ? undefined : await sessions.find(token, { isAgain: true });
    if (session === undefined) {
      throw refused("This is for users who are signed in: a key has neither a password nor sessions");
    }
    const user = await entries.read<UserEntry>("users", session.user);
    if (user === undefined || !parts.isServed(user)) throw isOver();
    if (isOf(session, user.stamp)) return { session, user };
    // In memory it may be as it was before another process let it outlive the others.
    const again = await entries.read<SessionEntry>("sessions", session.id);
    if (again === undefined || !isOf(again, user.stamp)) throw isOver();
    return { session: { ...again, id: session.id }, user };
  };

  /** What changes a session's user, one change of a user after the other. */
  const inTurnOf = async <T>(
    token: string | undefined,
    change: (found: Awaited<ReturnType<typeof own>>) => Promise<T>,
  ) => {
    const { user } = (await own(token)).session;
    // Those before it may have ended the session, or changed the password.
    return mutex.run(user, async () => change(await own(token)));
  };

  /** Changes a user who is as before, which ends all sessions of the user but one. */
  const changeAlone = async (
    { id, user: userId }: FoundSession,
    { stamp: before }: UserEntry,
    change: (user: UserEntry) => UserEntry,
  ) => {
    const stamp = parts.newStamp();
    // In this order it is good at each moment; what ends it meanwhile gives the user another stamp than both.
    await sessions.outlive(id, before, stamp);
    let found: string | undefined = before;
    const changed = entries.change<UserEntry>(
      "users",
      userId,
      (user) => {
        found = user?.stamp;
        if (user === undefined || found !== before) throw isOver();
        return { ...change(user), stamp };
      },
      true,
    );
    await changed.catch(async (error) => {
      const session = found === before ? undefined : await entries.read<SessionEntry>("sessions", id);
      throw session !== undefined && isOf(session, found) ? overtaken() : error;
    });
    await parts.sweep();
  };

  return {
    changePassword: ({ current, password, token }) =>
      inTurnOf(token, async ({ session, user }) => {
        parts.demandPassword(user);
        const problem = await passwordProblem(password, user.name);
        if (problem !== undefined) throw refused(problem);
        if (!(await isPassword(current, user.hash))) {
          throw coded("VALIDATION_FAILED", "The present password is another one", undefined);
        }
        if (password.normalize("NFC") === current.normalize("NFC"))
          throw refused("This is the present password already");
        const hash = await hashOfPassword(password, user.name);
        const passwordAt = new Date().toISOString();
        await changeAlone(session, user, (found) => ({ ...found, hash, passwordAt }));
      }),
    async listSessions({ token } = {}) {
      const { session, user } = await own(token);
      const found = await sessions.ofUser(session.user, user.stamp);
      return found.map((each) => ({ ...each, isCurrent: each.id === session.id }));
    },
    async endSession({ id, token }) {
      const { session, user } = await own(token);
      if (id === session.id) throw refused("This is the session of the caller, which `logout` ends");
      if (!(await sessions.endOf(session.user, user.stamp, id))) {
        throw refused("You have no session with this id; `listSessions` has those that there are");
      }
    },
    endOtherSessions: ({ token } = {}) =>
      inTurnOf(token, ({ session, user }) => changeAlone(session, user, (found) => found)),
  };
}

function overtaken(): Error {
  return refused(
    "Another request of this session changed the account at the same time, and counts; this one changed nothing",
  );
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
