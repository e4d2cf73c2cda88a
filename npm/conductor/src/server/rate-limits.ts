/** How often callers, addresses and strangers may call, and how often they may try to sign in. */
import { isObject } from "@atomiton/values";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import type { Caller, Limited } from "./access.js";
import { networkOf } from "./addresses.js";
import { RecentMap } from "./recent-map.js";
import { sha256 } from "./sha256.js";
import { type Attempt, SignInAttempts } from "./sign-in-attempts.js";
import { TokenBuckets } from "./token-buckets.js";

/** A bucket of `burst` calls, which fills again by `perSecond`. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Limits of a server; `false` for none. Each counts in this process alone. */
export interface RateLimits {
  /** Calls of each caller, and from each address. Default: 2,000 a second, 10,000 at once. */
  calls?: Rate | false;
  /** Calls from each address that need a sign-in and come without a good one. Default: 1 a second, 200 at once. */
  strangers?: Rate | false;
  /**
   * Changes of their own account by each session: another password, ends of sessions; five times as many by all sessions of a user
   * together. Default: one every two seconds, 30 at once.
   */
  accounts?: Rate | false;
  /**
   * Sign-ins by password that may fail at once, for each name and from each address; after that each further one has to wait longer,
   * from 2 s to `longest` ms. One is forgiven each minute. Default: 5, 20 and 300,000.
   */
  signIns?: { perName?: number; perAddress?: number; longest?: number } | false;
}

/** No limits at all. */
export const UNLIMITED: RateLimits = { calls: false, strangers: false, accounts: false, signIns: false };

/** What decides whether a call is one too many. */
export interface RateGuard {
  /** Counts a call from an address. */
  ofAddress(address: string | undefined): Limited | undefined;
  /** Counts a call of a caller. */
  ofCaller(caller: Caller | undefined, address: string | undefined): Limited | undefined;
  /** Counts a call of a stranger that needs a sign-in. */
  ofStranger(address: string | undefined): Limited | undefined;
  /** Whether an address whose strangers were too many brings what was not known before; that is not even looked up. */
  ofUnknown(request: Request, address: string | undefined): Limited | undefined;
  /** Notes that what a request brings is good. */
  isKnown(request: Request): void;
  /** Counts a change of a caller's own account by a session, so that one that was stolen leaves the others enough to end it. */
  ofAccount(caller: Caller | undefined, session: string, address: string | undefined): Limited | undefined;
  /** Counts an attempt to sign in. */
  ofSignIn(name: string | undefined, address: string | undefined): Attempt | Limited;
}

const LIMITS = ["calls", "strangers", "accounts", "signIns"] as const satisfies readonly (keyof RateLimits)[];
const CALLS: Rate = { perSecond: 2000, burst: 10_000 };
const STRANGERS: Rate = { perSecond: 1, burst: 200 };
const ACCOUNTS: Rate = { perSecond: 0.5, burst: 30 };
/** Sessions of a user that may change the account as often as one may, at the same time. */
const SESSIONS_AT_ONCE = 5;
const SIGN_INS = { perName: 5, perAddress: 20, longest: 300_000 };

/** How often it is told of each one that calls too often, a second. */
const TOLD: Rate = { perSecond: 1 / 60, burst: 1 };

/** Credentials that are remembered as good. */
const MOST_KNOWN = 10_000;

/** @param told of what was refused, at most once a minute for each caller or address */
export function createRateGuard(
  limits: RateLimits,
  told: (limited: { caller?: Caller | undefined; address?: string | undefined; what: string }) => void,
): RateGuard {
  if (!isObject(limits as unknown)) {
    throw refused(`\`rateLimits\` must be an object; for no limits at all, each of ${LIMITS.join(", ")} is false`);
  }
  demandNames("rateLimits", limits, LIMITS);
  const calls = bucketsOf("calls", limits.calls, CALLS);
  const strangers = bucketsOf("strangers", limits.strangers, STRANGERS);
  const accounts = bucketsOf("accounts", limits.accounts, ACCOUNTS);
  const users = bucketsOf("accounts", limits.accounts, ACCOUNTS, SESSIONS_AT_ONCE);
  const signIns = limits.signIns === false ? undefined : new SignInAttempts(signInsOf(limits.signIns));
  const tellings = new TokenBuckets(TOLD);
  const known = new RecentMap<true>(MOST_KNOWN);

  const limited = (
    wait: number,
    what: string,
    { caller, address }: { caller?: Caller | undefined; address?: string | undefined },
  ): Limited | undefined => {
    if (wait === 0) return undefined;
    const key = `${what} ${caller === undefined ? networkOf(address ?? "") : JSON.stringify(caller.name)}`;
    if (tellings.take(key) === 0) told({ what, caller, address });
    return limitedFor(wait, what);
  };

  return {
    ofAddress(address) {
      if (calls === undefined || address === undefined) return undefined;
      return limited(calls.take(`address ${networkOf(address)}`), "calls", { address });
    },
    ofCaller(caller, address) {
      if (calls === undefined || caller === undefined) return undefined;
      return limited(calls.take(`caller ${caller.name}`), "calls", { caller, address });
    },
    ofAccount(caller, session, address) {
      if (accounts === undefined || users === undefined || caller === undefined) return undefined;
      // What its own bucket refuses is not taken from the others.
      const wait = accounts.take(session) || users.take(caller.name);
      return limited(wait, "changes of an account", { caller, address });
    },
    ofStranger(address) {
      if (strangers === undefined) return undefined;
      return limited(strangers.take(strangersOf(address)), "calls without a sign-in", { address });
    },
    ofUnknown(request, address) {
      if (strangers === undefined) return undefined;
      const wait = strangers.waitFor(strangersOf(address));
      const credentials = wait === 0 ? undefined : credentialsOf(request);
      if (credentials === undefined || known.get(credentials)) return undefined;
      return limited(wait, "calls without a sign-in", { address });
    },
    isKnown(request) {
      const credentials = strangers === undefined ? undefined : credentialsOf(request);
      if (credentials !== undefined) known.set(credentials, true);
    },
    ofSignIn(name, address) {
      if (signIns === undefined) return FREE;
      const keys = {
        name: name === undefined ? undefined : name.normalize("NFKC").toLowerCase().slice(0, LONGEST_NAME),
        address: address === undefined ? undefined : networkOf(address),
      };
      const attempt = signIns.begin(keys);
      return typeof attempt === "number" ? (limited(attempt, "sign-ins", { address }) as Limited) : attempt;
    },
  };
}

/** Longer names are no user's, and are counted together. */
const LONGEST_NAME = 101;

const FREE: Attempt = { succeeded() {}, withdrawn() {} };

/** Those whose address is not known are counted together. */
function strangersOf(address: string | undefined): string {
  return address === undefined ? "" : networkOf(address);
}

function limitedFor(wait: number, what: string): Limited {
  const retryAfter = Math.ceil(wait / 1000);
  return {
    status: 429,
    error: `Too many ${what}: try again in ${retryAfter} s`,
    code: "RATE_LIMIT_EXCEEDED",
    retryAfter,
  };
}

/** What tells who sends a request, as a hash; `undefined` for one that brings nothing. */
function credentialsOf({ headers }: Request): string | undefined {
  const found = ["authorization", "cookie"].map((name) => headers.get(name));
  return found.every((value) => value === null) ? undefined : sha256(JSON.stringify(found), "base64url");
}

/** @param times how often a bucket has what is given */
function bucketsOf(name: string, given: Rate | false | undefined, usual: Rate, times = 1): TokenBuckets | undefined {
  if (given === false) return undefined;
  const rate = given ?? usual;
  demandNames(`rateLimits.${name}`, rate, ["perSecond", "burst"]);
  demand(`rateLimits.${name}`, { perSecond: rate.perSecond, burst: rate.burst });
  if (rate.burst < 1) throw refused(`\`rateLimits.${name}.burst\` must be 1 at least`);
  return new TokenBuckets({ perSecond: times * rate.perSecond, burst: times * rate.burst });
}

function signInsOf(given: Exclude<RateLimits["signIns"], false>): Required<typeof SIGN_INS> {
  demandNames("rateLimits.signIns", given ?? {}, Object.keys(SIGN_INS));
  const limits = { ...SIGN_INS, ...given };
  demand("rateLimits.signIns", limits);
  return limits;
}

function demand(name: string, numbers: Record<string, number>): void {
  for (const [key, value] of Object.entries(numbers)) {
    if (!(Number.isFinite(value) && value > 0)) throw refused(`\`${name}.${key}\` must be a number above 0`);
  }
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
