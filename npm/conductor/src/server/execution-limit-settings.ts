/** The limits of executions, as an owner sets them. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import type { Role } from "../services/declaration.js";
import type { PlaceLimit } from "./execution-places.js";

/** What each caller of a role may have. */
export interface ExecutionLimit {
  /** Executions at once. Default: 50. */
  concurrent?: number;
  /** Executions that wait for a place. Default: 1,000. */
  queued?: number;
  /** How long one may take, in ms, from its beginning; then it is cancelled. Default: as long as it likes. */
  durationMs?: number;
}

/** Limits of executions; `false` for none. They count in this process alone. */
export interface ExecutionLimits {
  runner?: ExecutionLimit | false;
  editor?: ExecutionLimit | false;
  admin?: ExecutionLimit | false;
  /** Of each webhook, from all senders together. Default: 100 at once, and 1,000 that wait. */
  webhooks?: ExecutionLimit | false;
  /** Of all callers and webhooks together. Default: 200 at once, and 5,000 that wait. */
  all?: { concurrent?: number; queued?: number } | false;
}

const PER_CALLER: PlaceLimit = { concurrent: 50, queued: 1000 };
const PER_WEBHOOK: PlaceLimit = { concurrent: 100, queued: 1000 };
const IN_ALL: PlaceLimit = { concurrent: 200, queued: 5000 };
const UNLIMITED: PlaceLimit = { concurrent: Number.POSITIVE_INFINITY, queued: Number.POSITIVE_INFINITY };

/** A limit with what was not said. */
export interface Limit {
  places: PlaceLimit;
  durationMs: number | undefined;
}

/** All of them. */
export interface Limits {
  /** Of each caller of a role. */
  of(role: Role): Limit;
  /** Of each webhook. */
  webhooks: Limit;
  all: PlaceLimit;
}

const LIMITED = ["runner", "editor", "admin", "webhooks", "all"] as const satisfies readonly (keyof ExecutionLimits)[];

/** The limits with what is not said. Throws INVALID_PARAMETERS for what is no limit. */
export function checkedLimits(limits: ExecutionLimits): Limits {
  demandNames("limits", limits, LIMITED);
  const placesOf = (name: string, given: { concurrent?: number; queued?: number }, usual: PlaceLimit): PlaceLimit => {
    const { concurrent = usual.concurrent, queued = usual.queued } = given;
    demandNumber(`limits.${name}.concurrent`, concurrent, 1);
    demandNumber(`limits.${name}.queued`, queued, 0);
    return { concurrent, queued };
  };
  const limitOf = (name: "runner" | "editor" | "admin" | "webhooks", usual: PlaceLimit): Limit => {
    const given = limits[name] === undefined ? {} : limits[name];
    if (given === false) return { places: UNLIMITED, durationMs: undefined };
    demandNames(`limits.${name}`, given, ["concurrent", "queued", "durationMs"]);
    const { durationMs } = given;
    if (durationMs !== undefined) demandNumber(`limits.${name}.durationMs`, durationMs, 1, LONGEST_TIMER_MS);
    return { places: placesOf(name, given, usual), durationMs };
  };
  const [runner, editor, admin] = (["runner", "editor", "admin"] as const).map((role) => limitOf(role, PER_CALLER));
  const roles: Partial<Record<Role, Limit | undefined>> = { runner, editor, admin };
  const all = limits.all === undefined ? {} : limits.all;
  if (all !== false) demandNames("limits.all", all, ["concurrent", "queued"]);
  return {
    of: (role) => roles[role] ?? { places: PER_CALLER, durationMs: undefined },
    webhooks: limitOf("webhooks", PER_WEBHOOK),
    all: all === false ? UNLIMITED : placesOf("all", all, IN_ALL),
  };
}

function demandNumber(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw refusedSetting(`\`${name}\` must be a whole number from ${least} to ${most}`);
}

function refusedSetting(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
