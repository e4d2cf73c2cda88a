/** What nodes ask of the engine in case of failure and of delay: their `policy`, and the parameters that say the same. */
import type { NodeDefinition } from "../types/definition.js";
import { backend } from "./backend.js";
import { constants } from "./constants.js";

type Fields = Record<string, unknown>;

const NO_FIELDS: Fields = Object.freeze({});

/** What the words of an outline say of a node. */
export interface PolicyWords {
  /** Plus one; 0 where nothing is asked. */
  retries: number;
  /** First backoff in ms, plus one; 0 where nothing is asked. */
  retryDelay: number;
  /** Whether backoffs are spread; `undefined` where nothing is asked. */
  retryJitter: boolean | undefined;
  /** In ms; 0 where nothing is asked. */
  timeout: number;
  continueOnError: boolean;
  /** Starts, and the ms within which there may be so many. */
  rateLimit: readonly [limit: number, per: number] | undefined;
  /** What the nodes have in common that share the rate. */
  rateKey: string | undefined;
  /** Attempts under way at once; 0 where nothing is asked. */
  concurrency: number;
  /** The text that stands for what the node gets, where its outputs are reused by that. */
  cacheKey: string | undefined;
}

/** Reads policies of nodes into the same words, one after the other. */
export class PolicyReader implements PolicyWords {
  retries = 0;
  retryDelay = 0;
  retryJitter: boolean | undefined;
  timeout = 0;
  continueOnError = false;
  rateLimit: PolicyWords["rateLimit"];
  rateKey: string | undefined;
  concurrency = 0;
  /** A loop is around the nodes that are read. */
  isInLoop = false;
  cacheKey: string | undefined;
  /** One of the policies asks for something that nothing carries out. */
  ignoresSome = false;
  /** One of the policies asks for its node's outputs to be reused. */
  cachesSome = false;
  /** One of the policies names parts that are not shown. */
  redactsSome = false;
  /** One of the policies asks for a process with a label. */
  asksForLabels = false;
  private readonly table = constants().policy;

  /**
   * Each key of `policy` counts. Under `parameters`, what equals the default of the node's type was not asked for.
   *
   * @returns false for a policy that validation refuses
   */
  read(node: NodeDefinition | undefined, parameters: Fields): boolean {
    const { policy } = node ?? {};
    if (policy !== undefined && policy !== null) return this.readPolicy(policy, node, parameters);
    const { retries, timeout } = parameters;
    this.retries = retries === undefined || isUnaskedRetries(node?.type, retries) ? 0 : countPlusOne(retries);
    this.retryDelay = countPlusOne(msOf(parameters.retryDelay));
    this.retryJitter = undefined;
    this.timeout = timeout === undefined || isUnaskedTimeout(node?.type, timeout) ? 0 : deadline(msOf(timeout));
    this.continueOnError = false;
    this.rateLimit = undefined;
    this.rateKey = undefined;
    this.concurrency = 0;
    this.cacheKey = undefined;
    return true;
  }

  private readPolicy(policy: unknown, node: NodeDefinition | undefined, parameters: Fields): boolean {
    if (typeof policy !== "object" || Array.isArray(policy)) return false;
    const { retries, retryDelay, retryJitter, timeout, continueOnError } = policy as Fields;
    const { rateLimit, concurrency, redact, cache, runsOn } = policy as Fields;
    this.redactsSome ||= isGiven(redact);
    this.asksForLabels ||= isGiven(runsOn);
    const caches = cachePolicyOf(cache);
    if (caches !== undefined) {
      if ((node?.nodes?.length ?? 0) > 0) this.ignoresSome = true;
      else this.cachesSome = true;
    }
    // What is missing in the policy may be among the parameters.
    this.read({ type: node?.type } as NodeDefinition, parameters);
    if (isGiven(retries)) this.retries = countPlusOne(retries);
    if (isGiven(retryDelay)) this.retryDelay = countPlusOne(msOf(retryDelay));
    if (typeof retryJitter === "boolean") this.retryJitter = retryJitter;
    if (isGiven(timeout)) this.timeout = deadline(msOf(timeout));
    this.continueOnError = continueOnError === true;
    if (isGiven(rateLimit)) {
      this.rateLimit = rateOf(rateLimit);
      const { key } = rateLimit as Fields;
      if (typeof key === "string") this.rateKey = key;
    }
    if (isGiven(concurrency)) {
      this.concurrency = amountOf(concurrency);
      if (!this.isInLoop) this.ignoresSome = true;
    }
    this.cacheKey = caches?.key;
    return (
      Object.keys(policy as Fields).every((key) => this.table.keys.includes(key)) &&
      (!isGiven(retries) || (this.retries > 0 && Number.isInteger(retries))) &&
      (!isGiven(retryDelay) || this.retryDelay > 0) &&
      (!isGiven(retryJitter) || this.retryJitter !== undefined) &&
      (!isGiven(timeout) || this.timeout > 0) &&
      (!isGiven(continueOnError) || typeof continueOnError === "boolean") &&
      (!isGiven(rateLimit) || this.rateLimit !== undefined) &&
      (!isGiven(concurrency) || (this.concurrency > 0 && this.rateKey === undefined)) &&
      (!isGiven(redact) || isRedact(redact)) &&
      (!isGiven(runsOn) || isLabel(runsOn)) &&
      (!isGiven(cache) || cache === false || caches !== undefined)
    );
  }
}

/** How a node's outputs are to be reused. */
export interface CachePolicy {
  /** For so many ms; missing for as long as they are kept. */
  ttl?: number;
  /** Text, mostly with expressions, that stands for what the node gets. */
  key?: string;
}

/** The `cache` of a policy; `undefined` where it asks for none, and for a value that makes no sense. */
export function cachePolicyOf(cache: unknown): CachePolicy | undefined {
  if (cache === true) return {};
  if (typeof cache === "object" && cache !== null && !Array.isArray(cache)) {
    const { ttl, key, ...others } = cache as Fields;
    if (Object.keys(others).length > 0 || (isGiven(key) && typeof key !== "string")) return undefined;
    const policy: CachePolicy = typeof key === "string" ? { key } : {};
    if (!isGiven(ttl)) return policy;
    const ms = positiveMs(ttl);
    return ms === undefined ? undefined : { ...policy, ttl: ms };
  }
  const ttl = positiveMs(cache);
  return ttl === undefined ? undefined : { ttl };
}

function positiveMs(value: unknown): number | undefined {
  const ms = msOf(value);
  return typeof ms === "number" && ms > 0 ? ms : undefined;
}

/** How many nodes have `retries` or `timeout` among their parameters as editors write them everywhere, without effect. */
export function countUnasked(flow: NodeDefinition): number {
  let count = 0;
  for (const node of nodesOf(flow)) {
    const { retries, timeout } = node.parameters ?? NO_FIELDS;
    const policy = (node.policy ?? NO_FIELDS) as Fields;
    // No retries are what a node has without asking.
    const hasRetries = retries !== 0 && isUnaskedRetries(node.type, retries) && !isGiven(policy.retries);
    if (hasRetries || (isUnaskedTimeout(node.type, timeout) && !isGiven(policy.timeout))) count++;
  }
  return count;
}

function isUnaskedRetries(type: unknown, retries: unknown): boolean {
  const { unaskedRetries, unaskedNoRetries } = constants().policy;
  return retries === (unaskedNoRetries.includes(type as string) ? 0 : unaskedRetries);
}

function isUnaskedTimeout(type: unknown, timeout: unknown): boolean {
  const { unaskedTimeout, keepsTimeout } = constants().policy;
  return timeout === unaskedTimeout && !keepsTimeout.includes(type as string);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A number of ms, or a duration as text such as `10s`; NaN for any other text. */
export function msOf(value: unknown): unknown {
  return typeof value === "string" ? backend().durationMs(value) : value;
}

/** A rate, such as `10/s`, or its `limit` and `per`; `undefined` for what is neither. */
function rateOf(value: unknown): PolicyWords["rateLimit"] {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // What cannot be written as JSON is no rate.
  }
  return (JSON.parse(backend().rateLimit(json ?? "null")) as [limit: number, per: number] | null) ?? undefined;
}

/** How many attempts may be under way at once; 0 for what is no such number. */
function amountOf(value: unknown): number {
  const isAmount = typeof value === "number" && Number.isInteger(value) && value >= 1;
  return isAmount && value <= constants().policy.mostAtOnce ? value : 0;
}

function countPlusOne(value: unknown): number {
  return typeof value === "number" && value >= 0 ? Math.min(Math.floor(value), 0xffff_fffe) + 1 : 0;
}

function deadline(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.min(Math.ceil(value), 0xffff_ffff) : 0;
}

/** The nodes of a flow that was found valid. */
function* nodesOf(flow: NodeDefinition): Generator<NodeDefinition> {
  yield flow;
  if (Array.isArray(flow.nodes)) for (const node of flow.nodes) yield* nodesOf(node);
}

/** Whether processes can declare this, and nodes ask for it by `runsOn`: text that is known before the flow runs. */
export function isLabel(label: unknown): label is string {
  return typeof label === "string" && label !== "" && !/\p{White_Space}/u.test(label) && !label.includes("\u0024{{");
}

/** A path of `redact`. */
const REDACT_PATH = /^(?:\*\*?|[^.[\]*"]+|\[(?:\*|\d+|"[^"]*")\])(?:\.(?:\*\*?|[^.[\]*"]+)|\[(?:\*|\d+|"[^"]*")\])*$/;

/** Whether `redact` is a list of paths, as validation wants it. */
export function isRedact(paths: unknown): paths is readonly string[] {
  return Array.isArray(paths) && paths.every((path) => typeof path === "string" && REDACT_PATH.test(path));
}
