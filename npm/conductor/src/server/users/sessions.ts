/** Sessions of users: tokens that are told once, kept as hashes, and replaced when they are refreshed. */
import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { coded } from "../../engine/failure.js";
import type { UserSession } from "../../services/auth.js";
import type { AboutRequest } from "../calls.js";
import { decrypted, encrypted } from "../encrypted-text.js";
import type { KeptEntries } from "./kept-entries.js";

/** A session as it is kept, under its id. Moments are ms since the epoch. */
export interface SessionEntry {
  /** Id of the user. */
  user: string;
  /** That of the user when the session began; with another one the session is over, unless it is the next. */
  stamp: string;
  /** Those that the user is given by changes which end all sessions but this one, the last ones; one of several at once counts. */
  nextStamps?: string[];
  startedAt: number;
  /** When it was used last, to a minute; missing until then. */
  usedAt?: number;
  /** Of the client that used it last, where it is known. */
  address?: string;
  expiresAt: number;
  /** SHA-256 of the token, in base64url, and since when it is this one. */
  current: string;
  currentAt: number;
  /** Beginnings of the hashes of earlier tokens, the last one last. */
  past: string[];
  /**
   * Of a session that began at an issuer: the refresh token from there, encrypted by the token of the session, so that the store alone
   * does not tell it; empty where no issuer gave one.
   */
  issued?: string;
  /** Until when a process may wait for the issuer to refresh it. */
  askingUntil?: number;
  /** Of a session that was not handed over yet: SHA-256, in base64url, of what its page proves itself by. */
  challenge?: string;
}

/** Asks the issuer whether a session may go on; gives the refresh token from now on, `undefined` where the issuer refuses. */
export type Renew = (user: string, refreshToken: string) => Promise<string | undefined>;

/** How long sessions last, in ms. */
export interface SessionTimes {
  /** From a sign-in or a refresh to the end of the session. Default 12 hours. */
  idle: number;
  /** From the sign-in to the end of the session, however often it is refreshed. Default 30 days. */
  longest: number;
}

/** The session that a token stands for. */
export interface FoundSession extends SessionEntry {
  id: string;
}

/** Whether a session belongs to a user with this stamp. */
export function isOf(
  { stamp, nextStamps = [] }: Pick<SessionEntry, "stamp" | "nextStamps">,
  ofUser: string | undefined,
) {
  return ofUser !== undefined && (stamp === ofUser || nextStamps.includes(ofUser));
}

/** A new token. */
export interface NewToken {
  token: string;
  expiresAt: number;
}

/** What names a token, so that it is known for one where it is found. */
const PREFIX = "conds_";
/** An id of 128 bits, and 256 bits more. */
const TOKEN = /^conds_([\w-]{22})[\w-]{43}$/;
const ID = /^[\w-]{22}$/;

/** What names a code by which a session is handed over, once; it is made as tokens are. */
const CODE_PREFIX = "condc_";
const CODE = /^condc_([\w-]{22})[\w-]{43}$/;
/** How long such a code is good, in ms. */
const CODE_MS = 60_000;

/** How long an issuer may be asked about one session, in ms: longer than its answers may take. */
const ASKING_MS = 60_000;

/** How long a token that was replaced is good for requests that were under way, in ms. */
const GRACE_MS = 10_000;

/** How long it takes until it is written again that a session is used, in ms. */
const USED_MS = 60_000;

/** Earlier tokens of a session that are known for such, the last ones. */
const MOST_PAST = 1000;
const PAST_CHARACTERS = 16;

/** Changes of a user by one session that may be under way at once, in several processes. */
const MOST_NEXT = 20;

/** The sessions of a store. */
export class Sessions {
  /** Of those that are used and of which that is being written. */
  readonly #used = new Set<string>();

  /** @param reused told of the user of a session that was ended because a token came that had been replaced */
  constructor(
    private readonly entries: KeptEntries,
    private readonly times: SessionTimes,
    private readonly reused: (user: string, address: string | undefined) => void,
  ) {}

  /** Begins a session. */
  async begin(user: string, stamp: string, address: string | undefined): Promise<NewToken> {
    const id = randomBytes(16).toString("base64url");
    const now = Date.now();
    const { token, hash } = tokenFor(id);
    const expiresAt = now + Math.min(this.times.idle, this.times.longest);
    const used = { usedAt: now, ...(address !== undefined && { address }) };
    const session = { user, stamp, startedAt: now, expiresAt, current: hash, currentAt: now, past: [], ...used };
    await this.entries.change<SessionEntry>("sessions", id, () => session);
    return { token, expiresAt };
  }

  /**
   * Begins a session at an issuer; gives a code by which its page gets the token within a minute.
   *
   * @param challenge SHA-256, in base64url, of what the page will prove itself by
   */
  async beginByCode(
    user: string,
    stamp: string,
    { refreshToken, challenge }: { refreshToken: string | undefined; challenge: string },
  ): Promise<string> {
    const id = randomBytes(16).toString("base64url");
    const now = Date.now();
    const { token: code, hash } = tokenFor(id, CODE_PREFIX);
    const issued = sealedFor(code, refreshToken);
    const times = { startedAt: now, expiresAt: now + CODE_MS, currentAt: now };
    const session = { user, stamp, ...times, current: hash, past: [], issued, challenge };
    await this.entries.change<SessionEntry>("sessions", id, () => session);
    return code;
  }

  /**
   * Hands a session over to the page that began it. Throws VALIDATION_FAILED for an unknown code, and for one that was used or is too old. One that comes
   * twice, or from another page, ends its session.
   */
  async redeem(
    code: string,
    verifier: string,
    stampOf: (user: string) => Promise<string | undefined>,
    address: string | undefined,
  ): Promise<NewToken & { user: string }> {
    const [id, hash] = partsOf(code, CODE);
    const found = id === undefined ? undefined : await this.entries.read<SessionEntry>("sessions", id);
    if (id === undefined || found === undefined || standing(found, hash) === "unknown") throw noCode();
    // All sessions of the user ended meanwhile.
    if (!isOf(found, await stampOf(found.user))) throw noCode();
    if (standing(found, hash) !== "current") {
      await this.#endReused(id, found.user, undefined);
      throw noCode();
    }
    const now = Date.now();
    const next = tokenFor(id);
    const expiresAt = now + Math.min(this.times.idle, this.times.longest);
    let isTheirs = true;
    await this.entries.change<SessionEntry>("sessions", id, (session) => {
      if (session === undefined || session.current !== hash || session.expiresAt <= now) throw noCode();
      const { challenge, ...rest } = session;
      isTheirs = challenge === hashOf(verifier);
      if (!isTheirs) return undefined;
      const issued = sealedFor(next.token, openedBy(code, session.issued));
      const past = [hash.slice(0, PAST_CHARACTERS)];
      const used = { usedAt: now, ...(address !== undefined && { address }) };
      return { ...rest, startedAt: now, expiresAt, current: next.hash, currentAt: now, past, issued, ...used };
    });
    if (!isTheirs) throw noCode();
    return { token: next.token, expiresAt, user: found.user };
  }

  /**
   * The session of a token; `undefined` for an unknown token, or one that has ended. A token that was replaced ends its session,
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
    if (stands === "unknown") return undefined;
    this.#use(id, session, address);
    return { ...session, id };
  }

  /** Those of a user that are not over, for people to see; those that were used last first. */
  async ofUser(user: string, stamp: string): Promise<UserSession[]> {
    const sessions = (await this.entries.list<SessionEntry>("sessions")).filter(({ value }) =>
      isLive(value, user, stamp),
    );
    const used = ({ value }: (typeof sessions)[number]) => value.usedAt ?? value.currentAt;
    return sessions
      .sort((one, other) => used(other) - used(one))
      .map((session) => {
        const { startedAt, expiresAt, address } = session.value;
        return {
          id: session.id,
          startedAt: momentOf(startedAt),
          usedAt: momentOf(used(session)),
          expiresAt: momentOf(expiresAt),
          ...(address !== undefined && { address }),
        };
      });
  }

  /** Ends one of a user; `false` where the user has no session with this id. */
  async endOf(user: string, stamp: string, id: string): Promise<boolean> {
    const session = ID.test(id) ? await this.entries.read<SessionEntry>("sessions", id) : undefined;
    if (session === undefined || !isLive(session, user, stamp)) return false;
    await this.entries.delete("sessions", [id], true);
    return true;
  }

  /** Lets a session outlive a change of its user from one stamp to another. Throws VALIDATION_FAILED where it is over already. */
  async outlive(id: string, stamp: string, nextStamp: string): Promise<void> {
    await this.entries.change<SessionEntry>("sessions", id, (session) => {
      if (session === undefined || !isOf(session, stamp) || session.expiresAt <= Date.now()) throw isOver();
      // Changes of other processes that are under way, or were given up with their process.
      const others = session.stamp === stamp ? (session.nextStamps ?? []) : [];
      return { ...session, stamp, nextStamps: [...others, nextStamp].slice(-MOST_NEXT) };
    });
  }

  /** Notes that a session is used. What asks does not wait: it matters to people alone. */
  #use(id: string, { usedAt, currentAt }: SessionEntry, address: string | undefined): void {
    const now = Date.now();
    if (now - (usedAt ?? currentAt) < USED_MS || this.#used.has(id)) return;
    this.#used.add(id);
    const noted = (session: SessionEntry | undefined) =>
      session && { ...session, usedAt: now, ...(address !== undefined && { address }) };
    this.entries
      .change<SessionEntry>("sessions", id, noted)
      .catch(() => {})
      .finally(() => this.#used.delete(id));
  }

  /**
   * Gives a session another token, and time; one that began at an issuer gets time only where the issuer says so. Throws
   * VALIDATION_FAILED where there is no such session any more. A token that was replaced ends its session.
   */
  async refresh(token: string, stampOf: (user: string) => Promise<string | undefined>, renew: Renew) {
    const [id, hash] = partsOf(token);
    const found = id === undefined ? undefined : await this.entries.read<SessionEntry>("sessions", id);
    if (id === undefined || found === undefined || !isOf(found, await stampOf(found.user))) throw isOver();
    if (standing(found, hash) === "past") {
      await this.#endReused(id, found.user, undefined);
      throw isOver();
    }
    const refreshToken = await this.#renewed(id, hash, found.user, openedBy(token, found.issued), renew);
    const now = Date.now();
    const next = tokenFor(id);
    let expiresAt = 0;
    await this.entries.change<SessionEntry>("sessions", id, (session) => {
      if (session === undefined || session.expiresAt <= now) throw isOver();
      demandCurrent(session, hash);
      // An entry that was changed in the store must not go on without its issuer.
      if (session.issued && refreshToken === undefined) throw isOver();
      const { askingUntil: _, ...rest } = session;
      const longest = Math.min(now + this.times.idle, session.startedAt + this.times.longest);
      expiresAt = session.issued === "" ? session.expiresAt : longest;
      const past = [...session.past, hash.slice(0, PAST_CHARACTERS)].slice(-MOST_PAST);
      const issued = session.issued === undefined ? {} : { issued: sealedFor(next.token, refreshToken) };
      return { ...rest, expiresAt, current: next.hash, currentAt: now, past, ...issued };
    });
    return { token: next.token, expiresAt, user: found.user };
  }

  /** Ends the session of a token; one that is over already is no error. Gives the refresh token of its issuer, where there is one. */
  async end(token: string): Promise<string | undefined> {
    const [id, hash] = partsOf(token);
    if (id === undefined) return undefined;
    const session = await this.entries.read<SessionEntry>("sessions", id);
    if (session === undefined || standing(session, hash) === "unknown") return undefined;
    await this.entries.delete("sessions", [id], true);
    return openedBy(token, session.issued);
  }

  /** Deletes sessions that are over. */
  async sweep(stamps: ReadonlyMap<string, string>): Promise<void> {
    const now = Date.now();
    const isOver = (session: SessionEntry) => session.expiresAt <= now || !isOf(session, stamps.get(session.user));
    const sessions = await this.entries.list<SessionEntry>("sessions");
    await this.entries.delete(
      "sessions",
      sessions.filter(({ value }) => isOver(value)).map(({ id }) => id),
    );
  }

  /** Asks the issuer of a session, one process at a time: of one refresh token two answers are the end of it at many issuers. */
  async #renewed(id: string, hash: string, user: string, refreshToken: string | undefined, renew: Renew) {
    if (refreshToken === undefined) return undefined;
    const askingUntil = Date.now() + ASKING_MS;
    await this.entries.change<SessionEntry>("sessions", id, (session) => {
      if (session === undefined || session.expiresAt <= Date.now()) throw isOver();
      demandCurrent(session, hash);
      if ((session.askingUntil ?? 0) > Date.now()) throw isRefreshed("is being refreshed");
      return { ...session, askingUntil };
    });
    let renewed: string | undefined;
    try {
      renewed = await renew(user, refreshToken);
    } catch (error) {
      await this.entries.change<SessionEntry>("sessions", id, (session) => {
        if (session?.askingUntil !== askingUntil) return session;
        const { askingUntil: _, ...rest } = session;
        return rest;
      });
      throw error;
    }
    if (renewed !== undefined) return renewed;
    await this.entries.delete("sessions", [id], true);
    throw isOver();
  }

  async #endReused(id: string, user: string, address: string | undefined): Promise<void> {
    await this.entries.delete("sessions", [id], true);
    this.reused(user, address);
  }
}

function momentOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whether a session is one of a user, has begun and is not over. */
function isLive(session: SessionEntry, user: string, stamp: string): boolean {
  const isBegun = session.challenge === undefined;
  return isBegun && session.user === user && isOf(session, stamp) && session.expiresAt > Date.now();
}

function tokenFor(id: string, prefix = PREFIX): { token: string; hash: string } {
  const token = prefix + id + randomBytes(32).toString("base64url");
  return { token, hash: hashOf(token) };
}

/** The id of the session that a token is of; `undefined` for what has not the form of one. */
export function sessionIdOf(token: string): string | undefined {
  return partsOf(token)[0];
}

/** The id of the session of a token or a code, and the hash of that. */
function partsOf(token: string, form = TOKEN): [id: string | undefined, hash: string] {
  const id = form.exec(token)?.[1];
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

/** Throws VALIDATION_FAILED unless a token is the one of its session. */
function demandCurrent(session: SessionEntry, hash: string): void {
  const stands = standing(session, hash);
  if (stands === "replaced") throw isRefreshed("has been refreshed already");
  if (stands !== "current") throw isOver();
}

/** A refresh token as the entry of its session has it; empty for none. */
function sealedFor(token: string, refreshToken: string | undefined): string {
  return refreshToken === undefined ? "" : encrypted(refreshToken, keyOf(token), hashOf(token));
}

function openedBy(token: string, issued: string | undefined): string | undefined {
  return issued === undefined || issued === "" ? undefined : decrypted(issued, keyOf(token), hashOf(token));
}

/** The hash of a token is in the store; this is not to be had from it. */
function keyOf(token: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", token, "", "conductor refresh token", 32));
}

function isRefreshed(how: string) {
  return coded("VALIDATION_FAILED", `This token ${how}: use the one that comes of it`, undefined);
}

function noCode() {
  return coded("VALIDATION_FAILED", "This code is good for nothing any more: sign in again", undefined);
}

export function isOver() {
  return coded("VALIDATION_FAILED", "The session is over: sign in again", undefined);
}
