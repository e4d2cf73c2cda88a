/** Settings of an isolation. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isObject } from "@atomiton/values";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import type { Role } from "../services/declaration.js";

/** Roles that may run. */
const RUNNING = ["runner", "editor", "admin"] as const satisfies readonly Role[];

/** A role that may run. */
export type RunningRole = (typeof RUNNING)[number];

/** How executions are kept apart from the server. */
export interface IsolationOptions {
  /**
   * Whose executions are isolated. Default: `["runner", "editor"]`. What no caller begins is isolated always: what triggers begin,
   * what goes on after a restart, and what the application itself runs.
   */
  roles?: readonly RunningRole[];
  /**
   * What the process of an execution may take, in MiB, the 100 or so of an idle one included; by the role of the caller or for all.
   * Default: 512. An execution that no caller begins has the least of what roles have.
   */
  maxMemory?: number | Partial<Record<RunningRole, number>>;
  /** The processor time that the process of an execution may take, in ms. Default: no limit. */
  cpuMs?: number;
  /** Whether nodes may connect, to where `network` of the conductor lets them. Default: false. */
  network?: boolean;
  /** Modules, as paths or `file:` addresses, whose exports are node types of `defineNode` that are carried out isolated. */
  nodes?: readonly string[];
  /** Node types of the owner that are carried out in the process of the server all the same. */
  inServer?: readonly string[];
  /**
   * A command, with its arguments, that starts the processes: it gets theirs as further arguments and must become that process, as
   * `["unshare", "--net"]` does. Default: none.
   */
  launcher?: readonly string[];
  /** Processes that are started before they are needed. Default: 1. */
  spare?: number;
  /** Processes at once. Default: 100. */
  most?: number;
}

/** The same, complete. */
export interface IsolationSettings {
  roles: ReadonlySet<string>;
  /** Bytes for an execution of a role; of none, for one that no caller began. */
  memoryFor(role: string | undefined): number;
  /** The most of them. */
  mostMemory: number;
  cpuMs: number | undefined;
  network: boolean;
  /** `file:` addresses. */
  nodes: readonly string[];
  inServer: ReadonlySet<string>;
  launcher: readonly string[];
  spare: number;
  most: number;
}

const MIB = 1024 * 1024;
const MEMORY_MIB = 512;

/** Below this a process hardly starts. */
const LEAST_MIB = 128;

const NAMES: readonly string[] = [
  "roles",
  "maxMemory",
  "cpuMs",
  "network",
  "nodes",
  "inServer",
  "launcher",
  "spare",
  "most",
] satisfies (keyof IsolationOptions)[];

/** @throws Error INVALID_PARAMETERS for a setting that does not exist or cannot be kept: it must not look kept */
export function isolationSettings(options: IsolationOptions): IsolationSettings {
  demandNames("isolation", options, NAMES);
  const { roles = ["runner", "editor"], cpuMs, network = false, spare = 1, most = 100 } = options;
  const { nodes = [], inServer = [], launcher = [] } = options;
  if (!isTexts(roles) || !roles.every((role) => isRunning(role))) {
    throw refused(`must have \`roles\` as a list of ${RUNNING.join(", ")}`);
  }
  if (typeof network !== "boolean") throw refused("must have `network` as true or false");
  for (const [name, value] of Object.entries({ nodes, inServer, launcher })) {
    if (!isTexts(value)) throw refused(`must have \`${name}\` as a list of texts`);
  }
  if (cpuMs !== undefined) demandWhole("cpuMs", cpuMs, 1);
  demandWhole("spare", spare, 0);
  demandWhole("most", most, 1);
  const memory = memoryByRole(options.maxMemory ?? MEMORY_MIB);
  const least = Math.min(...memory.values());
  return {
    roles: new Set(roles),
    memoryFor: (role) => (role === undefined ? least : (memory.get(role) ?? least)),
    mostMemory: Math.max(...memory.values()),
    cpuMs,
    network,
    nodes: nodes.map((name) => (name.startsWith("file:") ? name : pathToFileURL(resolve(name)).href)),
    inServer: new Set(inServer),
    launcher,
    spare,
    most,
  };
}

/** Bytes by role. */
function memoryByRole(given: unknown): ReadonlyMap<string, number> {
  if (isObject(given)) {
    const strange = Object.keys(given).filter((role) => !isRunning(role));
    if (strange.length > 0) {
      throw refused(`has no \`maxMemory\` for ${strange.join(", ")}. Roles: ${RUNNING.join(", ")}`);
    }
  }
  const byRole = (isObject(given) ? given : {}) as Partial<Record<RunningRole, number>>;
  return new Map(
    RUNNING.map((role) => {
      const mib = isObject(given) ? (byRole[role] ?? MEMORY_MIB) : given;
      demandWhole(isObject(given) ? `maxMemory.${role}` : "maxMemory", mib, LEAST_MIB);
      return [role, (mib as number) * MIB];
    }),
  );
}

/** Bytes of what a request wants as `config.maxMemory`, in MiB, as many as a process needs at the least; `undefined` where it wants nothing, or what is no limit. */
export function wantedMemory(maxMemory: unknown): number | undefined {
  return typeof maxMemory === "number" && maxMemory > 0 ? Math.max(maxMemory, LEAST_MIB) * MIB : undefined;
}

function isRunning(role: string): boolean {
  return (RUNNING as readonly string[]).includes(role);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function demandWhole(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw refused(`must have \`${name}\` as a whole number, ${least} or more`);
}

function refused(rule: string): Error {
  return coded("INVALID_PARAMETERS", `An isolation ${rule}`, undefined);
}
