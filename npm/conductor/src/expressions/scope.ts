/** The names that an expression may use. */
import { isLayer, isRecord, withoutLayers } from "@atomiton/values";

/** Round of a loop, as its expressions see it. */
export interface LoopScope {
  item: unknown;
  /** From 0. */
  index: number;
  /** How many items there are, as far as that is known. */
  length: number | undefined;
  /** The loop around this one. */
  outer: LoopScope | undefined;
}

/** What expressions read, worked out when it is read. Members are data of the flow, but for the methods. */
export interface Scope {
  /** What the edges brought, by handle, as executables see it. */
  readonly input: unknown;
  /** The main value of it: see `mainValue`. */
  readonly data: unknown;
  /** The innermost loop around the node, if there is one. */
  readonly loop: LoopScope | undefined;
  readonly variables: unknown;
  readonly run: { id: string; startedAt: string; attempt: number; flowId: string };
  /** ISO 8601. */
  readonly now: string;
  /** The output of a node that stands before this one. */
  node(id: string): unknown;
  /** Throws for a name that is not allowed. */
  env(name: string): unknown;
  /** Throws for a name of which there is no secret. */
  secret(name: string): unknown;
}

/** All names, in the order in which they are listed for people. */
export const NAMES = [
  "input",
  "data",
  "item",
  "index",
  "items",
  "loop",
  "variables",
  "env",
  "secrets",
  "run",
  "now",
  "nodes",
] as const;

/** Names whose members are looked up one by one, and so have to be written out. */
export const LISTED: ReadonlySet<string> = new Set(["nodes", "env", "secrets"]);

/**
 * The main value of an input: what came on the handle `default`, or on the only handle there is; in the first nodes of a
 * loop, which get its item and index, the item. What nodes of the library put around their data is taken off (`{ result }`, `{ records }`, the `value` of
 * a routed output), as `transform` and `condition` do, so that flows need not say `result.result`.
 */
export function mainValue(input: unknown, isInLoop: boolean): unknown {
  if (!isRecord(input)) return input;
  if (Object.hasOwn(input, "default")) return withoutLayers(input["default"]);
  const keys = Object.keys(input);
  if (isInLoop && keys.length === 2 && Object.hasOwn(input, "item") && Object.hasOwn(input, "index")) {
    return withoutLayers(input["item"]);
  }
  if (isLayer(input)) return withoutLayers(input);
  return keys.length === 1 ? withoutLayers(input[keys[0] as string]) : input;
}

/** What to write in the place of `data.x` where `x` is the only input, which is then `data` itself; empty elsewhere. */
export function onlyInputHint(source: string, { input, data }: Pick<Scope, "input" | "data">): string {
  const member = /\bdata\.([A-Za-z_$][\w$]*)/.exec(source)?.[1];
  if (member === undefined || !isRecord(input) || (isRecord(data) && Object.hasOwn(data, member))) return "";
  const [only, ...others] = Object.keys(input);
  if (only !== member || others.length > 0) return "";
  return `: \`${only}\` is the only input, and so it is \`data\` itself. Write \`data\`, or \`input.${only}\``;
}
