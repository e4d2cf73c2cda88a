/** What belongs to a flow beside its file: node types of its project, and the settings of `conductor.config`. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import type { DefinedNode } from "@atomiton/nodes";
import { closeNames, namesText, nodeTypes } from "@atomiton/nodes/definitions";
import { isObject } from "@atomiton/values";
import { cacheSettings } from "../api/cache/settings.js";
import { type ConductorConfig, fileSettings, networkSettings } from "../api/settings.js";
import { isDefinedNode, ownNodes } from "../engine/own-nodes.js";
import { isLabel, msOf } from "../engine/policy.js";
import { STANDARD_INPUT } from "../exports/environment/bounded-read.js";
import type { IsolationOptions } from "../isolation/settings.js";
import type { ExecutionLimits } from "../server/execution-limit-settings.js";
import { UsageError } from "./exit.js";
import { loadModule } from "./load-module.js";

/** What `conductor.config.ts`, `.js`, `.mjs` or `.json` holds; of a module, its default export. */
export interface ProjectConfig extends Pick<ConductorConfig, (typeof PASSED_ON)[number]> {
  /** Node types of `defineNode`, or files that export them, from the folder of the configuration. */
  nodes?: readonly (DefinedNode | string)[];
  /** Of `conductor serve`: what its callers may have at once. */
  limits?: ExecutionLimits;
  /** Of `conductor serve`: how executions of its callers are kept apart from it. */
  isolation?: IsolationOptions;
}

/** What of the command line concerns the project. */
export interface ProjectOptions {
  /** Files that export node types. */
  nodes?: string[];
  /** What this process offers to nodes that ask for it, beside the labels of the configuration. */
  label?: string[];
  /** A file to read instead of the one that is found; `false` for none. */
  config?: string | boolean;
}

/** A project as commands use it. */
export interface Project {
  nodes: readonly DefinedNode[];
  /** Settings of conductors. */
  settings: ConductorConfig;
  /** Of executions of callers, where flows are served. */
  limits?: ExecutionLimits;
  isolation?: IsolationOptions;
  /** The files that node types come from. */
  nodeFiles: readonly string[];
  /** The files of which one is its configuration, or would be if it were there. */
  configFiles: readonly string[];
}

const FILES = ["ts", "js", "mjs", "json"].map((extension) => `conductor.config.${extension}`);

/** Settings that go to the conductor as they are. */
const PASSED_ON = [
  ...(["concurrency", "timeout", "maxRetries", "retryDelay", "keepOutputs", "logLevel", "storage"] as const),
  ...(["expressions", "secrets", "files", "network", "programs", "labels", "store", "durability", "cache"] as const),
] as const;

type Rule = [allowed: string, fits: (value: unknown) => boolean];
const whole = (least: number): Rule => [
  `a whole number, ${least} or more`,
  (value) => Number.isInteger(value) && (value as number) >= least,
];
const oneOf = (...words: string[]): Rule => [
  `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`,
  (value) => words.includes(value as string),
];
const time = (least: number): Rule => [
  `${least} ms or more, or a duration such as "10s"`,
  (value) => (typeof value === "number" || typeof value === "string") && (msOf(value) as number) >= least,
];
const RULES: Record<keyof ProjectConfig, Rule> = {
  nodes: ["a list of node types of `defineNode`, or of files that export them", Array.isArray],
  concurrency: whole(1),
  timeout: time(1),
  maxRetries: whole(0),
  retryDelay: time(0),
  keepOutputs: oneOf("all", "last"),
  logLevel: oneOf("debug", "info", "warn", "error"),
  storage: ["an engine of `@atomiton/storage`", isObject],
  expressions: ['`{ env: ["NAME"] }` or `{ env: { NAME: "text" } }`, and no other keys', areSourcesOfExpressions],
  secrets: ["a function that gives the secret of a name", (value) => typeof value === "function"],
  files: ['`{ roots: ["folder"] }`, and no other keys', isFileAccess],
  network: [
    '`{ privateAddresses: false }` or a list of addresses and networks there, `{ hosts: ["name"] }`, and no other keys',
    isNetwork,
  ],
  programs: ["true or false", (value) => typeof value === "boolean"],
  labels: ['a list of labels, each text without white space, such as `["gpu"]`', areLabels],
  store: [
    'the address of a store, such as "sqlite:./conductor.db", or a store of `@atomiton/storage`',
    (value) => typeof value === "string" || isObject(value),
  ],
  isolation: ["how executions are isolated, such as `{ maxMemory: 256 }`", isObject],
  limits: ["limits of executions by role, such as `{ runner: { concurrent: 10 } }`", isObject],
  durability: oneOf("off", "relaxed", "strict"),
  cache: [
    'true, false, `{ nodes: "asking" or "pure", maxBytes, in }`, or a cache of `@atomiton/storage`',
    isCacheSetting,
  ],
};

/**
 * Finds and loads what belongs to a flow file; without one, to the current folder.
 *
 * @throws UsageError for a file that cannot be loaded, an unknown or wrong setting, or a type name that is not free
 */
export async function openProject(flow: string | undefined, options: ProjectOptions): Promise<Project> {
  const { file, files: configFiles } = configOf(flow, options.config);
  const config = file === undefined ? {} : await readConfig(file);
  const found: DefinedNode[] = [];
  const nodeFiles: string[] = [];
  const take = async (path: string) => {
    nodeFiles.push(path);
    found.push(...(await nodesIn(path)));
  };
  for (const entry of config.nodes ?? []) {
    if (typeof entry === "string") await take(resolve(dirname(file as string), entry));
    else found.push(entry);
  }
  for (const path of options.nodes ?? []) await take(resolve(path));
  // The same file may be named twice, by the configuration and by an option.
  const nodes = [...new Set(found)];
  try {
    ownNodes(nodes, nodeTypes.keys());
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { nodes: _, files, limits, isolation, labels, ...settings } = config;
  const offered = options.label === undefined ? labels : [...(labels ?? []), ...options.label];
  // Like the files of node types, from the folder of the configuration.
  const roots = files?.roots.map((root) => resolve(dirname(file as string), root));
  return {
    nodes,
    settings: {
      ...settings,
      ...(roots && { files: { roots } }),
      ...(offered && { labels: offered }),
      ...(nodes.length > 0 && { nodes }),
    },
    ...(limits && { limits }),
    ...(isolation && { isolation: withPathsFrom(dirname(file as string), isolation) }),
    nodeFiles,
    configFiles,
  };
}

/** Modules are named from the folder of the configuration, too. What is no list is refused where it is taken. */
function withPathsFrom(folder: string, isolation: IsolationOptions): IsolationOptions {
  const { nodes } = isolation;
  if (!Array.isArray(nodes)) return isolation;
  const isPath = (name: unknown): name is string => typeof name === "string" && !name.startsWith("file:");
  return { ...isolation, nodes: nodes.map((name) => (isPath(name) ? resolve(folder, name) : name)) };
}

function areSourcesOfExpressions(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { env, ...others } = value as { env?: unknown };
  if (Object.keys(others).length > 0) return false;
  const texts = Array.isArray(env) ? env : isObject(env) ? Object.values(env) : undefined;
  return env === undefined || texts?.every((text) => typeof text === "string") === true;
}

function areLabels(value: unknown): boolean {
  return Array.isArray(value) && value.every(isLabel);
}

function isFileAccess(value: unknown): boolean {
  try {
    return fileSettings(value) !== undefined;
  } catch {
    return false;
  }
}

function isCacheSetting(value: unknown): boolean {
  try {
    cacheSettings(value);
    return true;
  } catch {
    return false;
  }
}

function isNetwork(value: unknown): boolean {
  try {
    return networkSettings(value) !== undefined;
  } catch {
    return false;
  }
}

/** The configuration of a flow: the nearest, from its folder upwards; and all that were looked for. */
function configOf(flow: string | undefined, named: string | boolean | undefined): { file?: string; files: string[] } {
  if (named === false) return { files: [] };
  if (typeof named === "string") return { file: resolve(named), files: [resolve(named)] };
  let folder = flow === undefined || flow === STANDARD_INPUT ? process.cwd() : dirname(resolve(flow));
  const files: string[] = [];
  while (true) {
    const here = FILES.map((name) => join(folder, name));
    files.push(...here);
    const [file, ...others] = here.filter((path) => existsSync(path));
    if (others.length > 0)
      throw new UsageError(`There are several configurations, name one with --config: ${[file, ...others].join(", ")}`);
    if (file !== undefined) return { file, files };
    const above = dirname(folder);
    if (above === folder) return { files };
    folder = above;
  }
}

async function readConfig(file: string): Promise<ProjectConfig> {
  const config = extname(file) === ".json" ? readJson(file) : await defaultOf(file);
  if (!isObject(config)) {
    throw new UsageError(`${file} must hold an object of settings`);
  }
  for (const [key, value] of Object.entries(config)) {
    if (!Object.hasOwn(RULES, key)) {
      const close = closeNames(key, Object.keys(RULES));
      const hint = close.length > 0 ? ` Did you mean ${namesText(close)}?` : "";
      throw new UsageError(
        `${file} has an unknown setting \`${key}\`; known are ${Object.keys(RULES).join(", ")}.${hint}`,
      );
    }
    const [allowed, fits] = RULES[key as keyof ProjectConfig];
    if (value !== undefined && !fits(value)) throw new UsageError(`\`${key}\` in ${file} must be ${allowed}`);
  }
  return config as ProjectConfig;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

async function defaultOf(file: string): Promise<unknown> {
  const loaded = await loadModule(file);
  if (!("default" in loaded)) throw new UsageError(`${file} must export its settings as default`);
  return loaded.default;
}

/** The node types that a module exports, by themselves or in lists. */
async function nodesIn(file: string): Promise<DefinedNode[]> {
  const loaded = await loadModule(file);
  const nodes = [...new Set(Object.values(loaded).flat().filter(isDefinedNode))];
  if (nodes.length > 0) return nodes;
  const names = Object.keys(loaded).map((name) => `\`${name}\``);
  const found = names.length === 0 ? "nothing" : names.join(", ");
  throw new UsageError(`${file} exports no node type made by \`defineNode\`; it exports ${found}`);
}
