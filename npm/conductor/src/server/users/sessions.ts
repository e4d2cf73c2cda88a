/** Sessions of users: tokens that are told once, kept as hashes, and replaced when they are refreshed. */
import { createHash, randomBytes } from "node:crypto";
import { coded } from "../../engine/failure.js";
import type { AboutRequest } from "../calls.js";
import type { KeptEntries } from "./kept-entries.js";

/** A session as it is kept, under its id. Moments are ms since the epoch. */
export interface SessionEntry {
  /** Id of the user. */
  user: string;
  /** That of the user when the session began; with another one the session is over. */
  stamp: string;
  startedAt: number;
  expiresAt: number;
  /** SHA-256 of the token, in base64url, and since when it is this one. */
  current: string;
  currentAt: number;
  /** Beginnings of the hashes of earlier tokens, the last one last. */
  past: string[];
}

/** How long sessions last, in ms. */
export interface SessionTimes {
  /** From a sign-in or a refresh to the end of the session. Default 12 hours. */
  idle: number;
  /** From the sign-in to the end of the session, however often it is refreshed. Default 30 days. */
  longest: number;
}

/** Whose session a token stands for. */
export type FoundSession = Pick<SessionEntry, "user" | "stamp">;

/** A new token. */
export interface NewToken {
  token: string;
  expiresAt: number;
}

/** What names a token, so that it is known for one where it is found. */
const PREFIX = "conds_";
/** An id of 128 bits, and 256 bits more. */
const TOKEN = /^conds_([\w-]{22})[\w-]{43}$/;

/** How long a token that was replaced is good for requests that were under way, in ms. */
const GRACE_MS = 10_000;

/** Earlier tokens of a session that are known for such, the last ones. */
const MOST_PAST = 1000;
const PAST_CHARACTERS = 16;

/** The sessions of a store. */
export class Sessions {
  /** @param reused told of the user of a session that was ended because a token came that had been replaced */
  constructor(
    private readonly entries: KeptEntries,
    private readonly times: SessionTimes,
    private readonly reused: (user: string, address: string | undefined) => void,
  ) {}

  /** Begins a session. */
  async begin(user: string, stamp: string): Promise<NewToken> {
    const id = randomBytes(16).toString("base64url");
    const now = Date.now();
    const { token, hash } = tokenFor(id);
    const expiresAt = now + Math.min(this.times.idle, this.times.longest);
    const session = { user, stamp, startedAt: now, expiresAt, current: hash, currentAt: now, past: [] };
    await this.entries.change<SessionEntry>("sessions", id, () => session);
    return { token, expiresAt };
  }

  /**
   * The session of a token; `undefined` for one that is none, or not any more. A token that was replaced ends its session,
   * unless its connection began before that.
   */
  async find(token: string, { isAgain = false, address }: AboutRequest): Promise<FoundSession | undefined> {
    const [id, hash] = partsOf(token);
    if (id === undefined) return undefined;
    const session = await this.entries.get<SessionEntry>("sessions", id, (kept) => standing(kept, hash) === "current");
    if (session === undefined || session.expiresAt <= Date.now()) return undefined;
    const stands = standing(session, hash);
    if (stands === "past" && !isAgain) {
      await this.#endReused(id, session.user, address);
      return undefined;
    }
    return stands === "unknown" ? undefined : session;
  }

  /**
   * Gives a session another token, and time. Throws VALIDATION_FAILED where there is no such session any more. A token that was
   * replaced ends its session.
   */
  async refresh(token: string, stampOf: (user: string) => Promise<string | undefined>) {
    const [id, hash] = partsOf(token);
    const found = id === undefined ? undefined : await this.entries.read<SessionEntry>("sessions", id);
    if (id === undefined || found === undefined || (await stampOf(found.user)) !== found.stamp) throw isOver();
    if (standing(found, hash) === "past") {
      await this.#endReused(id, found.user, undefined);
      throw isOver();
    }
    const now = Date.now();
    const next = tokenFor(id);
    let expiresAt = 0;
    await this.entries.change<SessionEntry>("sessions", id, (session) => {
      if (session === undefined || session.expiresAt <= now) throw isOver();
      const stands = standing(session, hash);
      if (stands === "replaced") {
        throw coded(
          "VALIDATION_FAILED",
          "This token has been refreshed already: use the one that came of it",
          undefined,
        );
      }
      if (stands !== "current") throw isOver();
      expiresAt = Math.min(now + this.times.idle, session.startedAt + this.times.longest);
      const past = [...session.past, hash.slice(0, PAST_CHARACTERS)].slice(-MOST_PAST);
      return { ...session, expiresAt, current: next.hash, currentAt: now, past };
    });
    return { token: next.token, expiresAt, user: found.user };
  }

  /** Ends the session of a token; one that is over already is no error. */
  async end(token: string): Promise<void> {
    const [id, hash] = partsOf(token);
    if (id === undefined) return;
    const session = await this.entries.read<SessionEntry>("sessions", id);
    if (session !== undefined && standing(session, hash) !== "unknown")
      await this.entries.delete("sessions", [id], true);
  }

  /** Deletes sessions that are over. */
  async sweep(stamps: ReadonlyMap<string, string>): Promise<void> {
    const now = Date.now();
    const isOver = ({ expiresAt, user, stamp }: SessionEntry) => expiresAt <= now || stamps.get(user) !== stamp;
    const sessions = await this.entries.list<SessionEntry>("sessions");
    await this.entries.delete(
      "sessions",
      sessions.filter(({ value }) => isOver(value)).map(({ id }) => id),
    );
  }

  async #endReused(id: string, user: string, address: string | undefined): Promise<void> {
    await this.entries.delete("sessions", [id], true);
    this.reused(user, address);
  }
}

function tokenFor(id: string): { token: string; hash: string } {
  const token = PREFIX + id + randomBytes(32).toString("base64url");
  return { token, hash: hashOf(token) };
}

/** The id of the session of a token, and the hash of the token. */
function partsOf(token: string): [id: string | undefined, hash: string] {
  const id = TOKEN.exec(token)?.[1];
  return id === undefined ? [undefined, ""] : [id, hashOf(token)];
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Whether a token is the one of its session, was it a moment ago, was it once, or never. */
function standing(
  { current, currentAt, past }: SessionEntry,
  hash: string,
): "current" | "replaced" | "past" | "unknown" {
  if (hash === current) return "current";
  const start = hash.slice(0, PAST_CHARACTERS);
  const index = past.lastIndexOf(start);
  if (index < 0) return "unknown";
  const isLast = index === past.length - 1;
  return isLast && Math.abs(Date.now() - currentAt) < GRACE_MS ? "replaced" : "past";
}

function isOver() {
  return coded("VALIDATION_FAILED", "The session is over: sign in again", undefined);
}
