/** The limits of callers: of their executions, and of what they send, as an owner sets them. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import type { Role } from "../services/declaration.js";
import { ROLES } from "./access.js";
import type { ConcurrencyLimit } from "./fair-limiter.js";

/** What each caller of a role may have. */
export interface ExecutionLimit {
  /** Executions at once. Default: 50. */
  concurrent?: number;
  /** Executions that wait for a permit. Default: 1,000. */
  queued?: number;
  /** How long one may take, in ms, from its beginning; then it is cancelled. Default: as long as it likes. */
  durationMs?: number;
}

/** What each caller of a role may send. */
export interface BodyLimit {
  /** What the body of a request, or a message of a WebSocket, may be at most, in bytes. Default, and most: 24 MiB. */
  bodyBytes?: number;
}

/** Limits of executions and of what callers send; `false` for none but the most that a body may be. They count in this process alone. */
export interface ExecutionLimits {
  /** Viewers begin no executions. */
  viewer?: BodyLimit | false;
  runner?: (ExecutionLimit & BodyLimit) | false;
  editor?: (ExecutionLimit & BodyLimit) | false;
  admin?: (ExecutionLimit & BodyLimit) | false;
  /** Of each webhook, from all senders together. Default: 100 at once, and 1,000 that wait. */
  webhooks?: ExecutionLimit | false;
  /** Of all callers and webhooks together. Default: 200 at once, and 5,000 that wait. */
  all?: { concurrent?: number; queued?: number } | false;
}

const PER_CALLER: ConcurrencyLimit = { concurrent: 50, queued: 1000 };
const PER_WEBHOOK: ConcurrencyLimit = { concurrent: 100, queued: 1000 };
const IN_ALL: ConcurrencyLimit = { concurrent: 200, queued: 5000 };
const UNLIMITED: ConcurrencyLimit = { concurrent: Number.POSITIVE_INFINITY, queued: Number.POSITIVE_INFINITY };

/** What a body or a message may be at most as text, in bytes; what it holds is limited to 16 MiB by the channels. */
export const MOST_BODY_BYTES = 24 * 1024 * 1024;

/** A limit with what was not said. */
export interface Limit {
  concurrency: ConcurrencyLimit;
  durationMs: number | undefined;
}

/** All of them. */
export interface Limits {
  /** Of each caller of a role. */
  of(role: Role): Limit;
  /** What a caller of a role may send in one body or message, in bytes. */
  bodyBytes(role: Role): number;
  /** Of each webhook. */
  webhooks: Limit;
  all: ConcurrencyLimit;
}

const LIMITED = [
  "viewer",
  "runner",
  "editor",
  "admin",
  "webhooks",
  "all",
] as const satisfies readonly (keyof ExecutionLimits)[];

/** The limits with what is not said. Throws INVALID_PARAMETERS for what is no limit. */
export function checkedLimits(limits: ExecutionLimits): Limits {
  demandNames("limits", limits, LIMITED);
  const concurrencyOf = (
    name: string,
    given: { concurrent?: number; queued?: number },
    usual: ConcurrencyLimit,
  ): ConcurrencyLimit => {
    const { concurrent = usual.concurrent, queued = usual.queued } = given;
    demandNumber(`limits.${name}.concurrent`, concurrent, 1);
    demandNumber(`limits.${name}.queued`, queued, 0);
    return { concurrent, queued };
  };
  const limitOf = (name: "runner" | "editor" | "admin" | "webhooks", usual: ConcurrencyLimit): Limit => {
    const given = limits[name] === undefined ? {} : limits[name];
    if (given === false) return { concurrency: UNLIMITED, durationMs: undefined };
    const sends = name === "webhooks" ? [] : ["bodyBytes"];
    demandNames(`limits.${name}`, given, ["concurrent", "queued", "durationMs", ...sends]);
    const { durationMs } = given;
    if (durationMs !== undefined) demandNumber(`limits.${name}.durationMs`, durationMs, 1, LONGEST_TIMER_MS);
    return { concurrency: concurrencyOf(name, given, usual), durationMs };
  };
  const [runner, editor, admin] = (["runner", "editor", "admin"] as const).map((role) => limitOf(role, PER_CALLER));
  const roles: Partial<Record<Role, Limit | undefined>> = { runner, editor, admin };
  if (limits.viewer !== undefined && limits.viewer !== false)
    demandNames("limits.viewer", limits.viewer, ["bodyBytes"]);
  const bodyBytes = Object.fromEntries(
    ROLES.map((role) => {
      const { bodyBytes: most = MOST_BODY_BYTES } = limits[role] || {};
      demandNumber(`limits.${role}.bodyBytes`, most, 1, MOST_BODY_BYTES);
      return [role, most];
    }),
  );
  const all = limits.all === undefined ? {} : limits.all;
  if (all !== false) demandNames("limits.all", all, ["concurrent", "queued"]);
  return {
    of: (role) => roles[role] ?? { concurrency: PER_CALLER, durationMs: undefined },
    bodyBytes: (role) => bodyBytes[role] ?? MOST_BODY_BYTES,
    webhooks: limitOf("webhooks", PER_WEBHOOK),
    all: all === false ? UNLIMITED : concurrencyOf("all", all, IN_ALL),
  };
}

function demandNumber(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw refusedSetting(`\`${name}\` must be a whole number from ${least} to ${most}`);
}

function refusedSetting(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
