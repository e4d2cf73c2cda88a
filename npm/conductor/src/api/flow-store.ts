/** Flows in a storage engine: as documents under their ids, with when they were saved. */
import type { FlowHistory, FlowHistoryOptions } from "@atomiton/storage";
import { describe } from "@atomiton/values";
import type { Isolate } from "../events/isolate.js";
import type { StorageApi } from "../services/storage.js";
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { ErrorCode } from "../types/errors.js";
import type {
  FlowDeletedEvent,
  FlowList,
  FlowReceipt,
  FlowSummary,
  FlowToSave,
  ListFlowsOptions,
  LoadFlowOptions,
  SavedFlow,
  SaveFlowOptions,
} from "../types/flow.js";
import type { FlowSavedEvent } from "../types/progress-event.js";
import { uuid } from "../types/uuid.js";
import { Callbacks } from "./callbacks.js";
import { FlowChangeFeed } from "./flow-change-feed.js";

/** What is needed of an engine of `@atomiton/storage`; flows of an engine with less than this cannot be listed. */
export interface FlowEngine {
  load(key: string): unknown;
  save(key: string, data: unknown, options?: { overwrite?: boolean; ifVersion?: number }): unknown;
  delete?(key: string): unknown;
  list?(prefix?: string): unknown;
  /** The current version of a value, or another one, where versions are kept. */
  find?(key: string, version?: number): PromiseLike<{ version: number; value: unknown } | undefined>;
  /** The versions of a value, where they are kept. */
  history?(key: string, options?: FlowHistoryOptions): PromiseLike<FlowHistory>;
  /** What could not be listed, and why. */
  problems?(): Promise<{ key: string; message: string }[]>;
  /** Tells of what others change in the same storage, until what is returned is called; not of what is done through this one. */
  onChange?(listener: (change: FlowChange) => void): () => void;
  /** Gives back what it holds; it can still be used afterwards. */
  close?(): unknown;
}

/** An engine, a promise of one, or the way to the one of a store, which is opened when it is needed. */
export type FlowSource = FlowEngine | PromiseLike<FlowEngine> | (() => PromiseLike<FlowEngine>);

/** Something that others saved or deleted. */
export interface FlowChange {
  key: string;
  kind: "saved" | "deleted";
  /** When, as ISO time. */
  at?: string;
  /** What a list shows of it, or did. */
  item?: Listed;
}

/** A flow that is not there, or that cannot be kept. */
export class FlowStorageError extends Error {
  override readonly name = "FlowStorageError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause: unknown },
  ) {
    super(message, options);
  }
}

/** The version of the format of saved flows. */
const VERSION = "1.0.0";

/** An earlier one that reads the same. */
const SAME_VERSION = "0.9.0";

/** See `FlowEngine.list`. */
export interface Listed {
  key: string;
  updated?: unknown;
  size?: unknown;
  metadata?: Record<string, unknown>;
  /** The fields of a flow but for its nodes and edges, where the engine knows them without reading it. */
  outline?: { nodeCount: number };
}

/** Saves, loads, lists and deletes flows in a storage engine. */
export class FlowStore implements StorageApi {
  private readonly saved: Callbacks<FlowSavedEvent>;
  private readonly deleted: Callbacks<FlowDeletedEvent>;
  readonly onFlowSaved: StorageApi["onFlowSaved"];
  /** Calls back for each flow that was deleted. */
  readonly onFlowDeleted: StorageApi["onFlowDeleted"];
  /** Summaries of flows that were listed, with what tells whether they changed since. */
  private readonly known = new Map<string, { stamp: string; summary: FlowSummary | undefined }>();
  private source: FlowSource;
  private readonly changeFeed: FlowChangeFeed;

  constructor(source: FlowSource, isolate: Isolate) {
    this.source = source;
    const follow = () => this.follow();
    this.saved = new Callbacks(isolate, follow);
    this.deleted = new Callbacks(isolate, follow);
    this.onFlowSaved = this.saved.add;
    this.onFlowDeleted = this.deleted.add;
    this.changeFeed = new FlowChangeFeed({
      summaryOf: (source, item) => this.summaryOf(source, item),
      forget: (key) => {
        const before = this.known.get(key)?.summary;
        this.known.delete(key);
        return before;
      },
      emitSaved: (flow) => this.saved.tell(() => savedEvent(flow)),
      emitDeleted: (event) => this.deleted.tell(() => event),
    });
  }

  /** Goes on with another engine. */
  use(source: FlowSource): void {
    this.source = source;
    this.known.clear();
    this.follow();
  }

  readonly saveFlow = async (given: FlowToSave | NodeDefinition, options?: SaveFlowOptions): Promise<FlowReceipt> => {
    const { nodes } = given ?? {};
    if (!Array.isArray(nodes)) throw new FlowStorageError("INVALID_NODE", "Flow must have a list of nodes");
    const engine = await this.engine;
    const { overwrite = false, ifVersion } = options ?? {};
    if (ifVersion !== undefined && engine.history === undefined) throw lacksVersions("`ifVersion`");
    const { storedVersion: _, ...content } = given;
    // Where there are no versions, the name is the flow's own to use.
    const flow = engine.history === undefined ? given : content;
    const id = flow.id || uuid();
    const edges = flow.edges ?? [];
    const before = flow.id ? await this.before(engine, id, options) : undefined;
    const savedAt = new Date().toISOString();
    const version = currentVersion(flow.version);
    const metadata = { ...flow.metadata, nodeCount: nodes.length, edgeCount: edges.length };
    const document: SavedFlow = {
      ...(flow as Partial<NodeDefinition>),
      id,
      type: typeof flow.type === "string" && flow.type !== "" ? flow.type : "group",
      name: flow.name ?? id,
      version,
      metadata,
      nodes,
      edges,
      savedAt,
      updatedAt: savedAt,
    };
    if (before !== undefined && isSameContent(before, document)) document.updatedAt = before.updatedAt;
    const how = { ...(overwrite && { overwrite }), ...(ifVersion !== undefined && { ifVersion }) };
    let saved: unknown;
    try {
      saved = await engine.save(id, document, ...(Object.keys(how).length > 0 ? [how] : []));
    } catch (error) {
      throw isConflict(error) ? new FlowStorageError("INVALID_PARAMETERS", error.message, { cause: error }) : error;
    }
    this.known.delete(id);
    this.saved.tell(() => savedEvent(document));
    const storedVersion = engine.history && (saved as { version: number }).version;
    return { id, savedAt, version, ...(storedVersion !== undefined && { storedVersion }) };
  };

  readonly loadFlow = async (id: string, options?: LoadFlowOptions): Promise<SavedFlow> => {
    const engine = await this.engine;
    const version = options?.version;
    if (engine.find === undefined) {
      if (version !== undefined) throw lacksVersions("a `version`");
      return (await this.find(engine, id)) ?? missing(id);
    }
    const found = isKey(id) ? await engine.find(id, version) : undefined;
    const flow = found && flowOf(found.value, id);
    return flow === undefined ? missing(id, version) : { ...flow, storedVersion: found?.version as number };
  };

  readonly flowHistory = async (id: string, options?: FlowHistoryOptions): Promise<FlowHistory> => {
    const engine = await this.engine;
    if (engine.history === undefined) throw lacksVersions("a history");
    if (!isKey(id)) return missing(id);
    try {
      return await engine.history(id, options);
    } catch (error) {
      return isNotFound(error) ? missing(id) : Promise.reject(error);
    }
  };

  readonly restoreFlow = async (
    id: string,
    version: number,
    options?: Pick<SaveFlowOptions, "ifVersion">,
  ): Promise<FlowReceipt> => {
    const { ifVersion } = options ?? {};
    const flow = await this.loadFlow(id, { version });
    return this.saveFlow({ ...flow, id }, ifVersion === undefined ? {} : { ifVersion });
  };

  readonly listFlows = async (options: ListFlowsOptions = {}): Promise<FlowList> => {
    const engine = await this.engine;
    const flows = await this.summaries(engine);
    const problems = ((await engine.problems?.()) ?? []).map(({ key, message }) => ({ id: key, message }));
    const { sortBy = "savedAt", sortOrder = "desc" } = options ?? {};
    const way = sortOrder === "asc" ? 1 : -1;
    // Where the times are the same, the order of names and ids stays.
    flows.sort(
      (one, other) =>
        way * byText(one[sortBy], other[sortBy]) || byText(one.name, other.name) || byText(one.id, other.id),
    );
    const offset = place(options?.offset, 0);
    const page = flows.slice(offset, offset + place(options?.limit, 50));
    return { flows: page, total: flows.length, ...(problems.length > 0 && { problems }) };
  };

  readonly deleteFlow = async (id: string): Promise<void> => {
    const engine = await this.engine;
    if (engine.delete === undefined) throw lacks("delete");
    // What cannot be read can still be deleted.
    const found = await this.find(engine, id).catch(() => ({ name: id }));
    if (found === undefined) return missing(id);
    await engine.delete(id);
    this.known.delete(id);
    this.deleted.tell(() => ({ id, name: found.name, deletedAt: new Date().toISOString() }));
  };

  private get engine(): FlowEngine | PromiseLike<FlowEngine> {
    return typeof this.source === "function" ? this.source() : this.source;
  }

  /** A saved flow, if there is one of this id. */
  async get(id: string): Promise<SavedFlow | undefined> {
    return this.find(await this.engine, id);
  }

  /** What is saved under an id so far. What cannot be read counts as nothing where it is to be overwritten anyway. */
  private async before(engine: FlowEngine, id: string, options: SaveFlowOptions | undefined) {
    if (options?.overwrite !== true) return this.find(engine, id);
    return this.find(engine, id).catch(() => undefined);
  }

  private async find(engine: FlowEngine, id: string): Promise<SavedFlow | undefined> {
    if (!isKey(id)) return undefined;
    let document: unknown;
    try {
      document = await engine.load(id);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    return flowOf(document, id);
  }

  /** Hears of others as long as there are listeners, from the engine in use. */
  private follow(): void {
    // A store tells of no others.
    if ((this.saved.isEmpty && this.deleted.isEmpty) || typeof this.source === "function") this.changeFeed.unfollow();
    else this.changeFeed.follow(this.source);
  }

  private async summaries(engine: FlowEngine): Promise<FlowSummary[]> {
    if (engine.list === undefined) throw lacks("list");
    const listed = ((await engine.list()) ?? []) as (Listed | string)[];
    const keys = new Set<string>();
    const found: FlowSummary[] = [];
    for (const item of listed) {
      const shown: Listed = typeof item === "string" ? { key: item } : item;
      const { key, updated, size } = shown;
      keys.add(key);
      const stamp = updated === undefined ? "" : `${updated}/${size}`;
      const before = this.known.get(key);
      let summary = before?.summary;
      if (before === undefined || stamp === "" || before.stamp !== stamp) {
        summary = await this.summaryOf(engine, shown);
        this.known.set(key, { stamp, summary });
      }
      if (summary !== undefined) found.push({ ...summary });
    }
    for (const key of this.known.keys()) if (!keys.has(key)) this.known.delete(key);
    return found;
  }

  /** Nothing for what is no flow, or cannot be read: the others are still listed. */
  private async summaryOf(engine: FlowEngine, item: Listed): Promise<FlowSummary | undefined> {
    if (item.outline !== undefined) return summaryIn(item);
    const flow = await this.find(engine, item.key).catch(() => undefined);
    return flow && summary(flow, flow.nodes.length);
  }
}

/** A flow as lists show it, from what the engine's list shows. */
function summaryIn({ key, metadata = {}, outline }: Listed): FlowSummary | undefined {
  const flow = outline && flowOf({ ...outline, metadata, nodes: [] }, key);
  return flow && summary(flow, outline.nodeCount);
}

function summary(flow: SavedFlow, nodeCount: number): FlowSummary | undefined {
  if (flow.deleted) return undefined;
  const tags = flow.tags ?? flow.metadata?.tags;
  return {
    id: flow.id,
    name: flow.name,
    ...(typeof flow.description === "string" && { description: flow.description }),
    ...(Array.isArray(tags) && { tags: tags as string[] }),
    nodeCount,
    savedAt: flow.savedAt,
    updatedAt: flow.updatedAt,
    version: flow.version,
  };
}

function savedEvent({ id, name, savedAt }: Pick<FlowSummary, "id" | "name" | "savedAt">): FlowSavedEvent {
  return { id, name, savedAt, flowId: id, timestamp: Date.parse(savedAt) };
}

/** A document as flow: the node itself, or the node as `data` of a file's envelope; nothing for anything else. */
function flowOf(document: unknown, key: string): SavedFlow | undefined {
  if (typeof document !== "object" || document === null) return undefined;
  const envelope = document as { data?: unknown; metadata?: Record<string, unknown>; version?: unknown };
  const node = isNodeLike(document) ? document : isNodeLike(envelope.data) ? envelope.data : undefined;
  if (node === undefined) return undefined;
  const stamps = (node === document ? node.metadata : envelope.metadata) ?? {};
  const savedAt = time(node.savedAt) ?? time(stamps.updatedAt) ?? time(stamps.updated) ?? new Date(0).toISOString();
  const id = typeof node.id === "string" && node.id !== "" ? node.id : key;
  return {
    ...node,
    id,
    type: typeof node.type === "string" && node.type !== "" ? node.type : "group",
    name: typeof node.name === "string" ? node.name : id,
    version: currentVersion(node.version),
    edges: node.edges ?? [],
    savedAt,
    updatedAt: time(node.updatedAt) ?? savedAt,
  };
}

interface NodeLike extends Partial<NodeDefinition> {
  nodes: NodeDefinition[];
  edges?: NodeEdge[];
  metadata?: Record<string, unknown>;
}

function isNodeLike(value: unknown): value is NodeLike {
  return typeof value === "object" && value !== null && Array.isArray((value as { nodes?: unknown }).nodes);
}

function currentVersion(version: unknown): string {
  return typeof version === "string" && version !== "" && version !== SAME_VERSION ? version : VERSION;
}

/** Whether nothing differs but when something was saved. */
function isSameContent(one: SavedFlow, other: SavedFlow): boolean {
  return contentText(one) === contentText(other);
}

function contentText(flow: SavedFlow): string {
  const { savedAt, updatedAt, metadata, ...rest } = flow;
  const { created, updated, ...facts } = metadata ?? {};
  return JSON.stringify({ ...rest, metadata: facts }, (_key, value: unknown) => sorted(value)) ?? "";
}

/** An object with its keys in order, so that only content counts. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return typeof value === "bigint" ? `${value}` : value;
  }
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => byText(one, other)));
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function time(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  const date = typeof value === "number" ? new Date(value) : value;
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

function place(value: unknown, otherwise: number): number {
  return typeof value === "number" && value >= 0 ? Math.floor(value) : otherwise;
}

/** How engines say that there is nothing under a key, of generations that had no codes. */
const OLDER_NOT_FOUND = /^(?:\w*Error: )?(?:Data|Flow|Composite|Blueprint) not found/;

/** Whether an engine says that there is nothing under a key: by its code, and only without one in words. */
function isNotFound(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === undefined ? OLDER_NOT_FOUND.test(describe(error)) : code === "NOT_FOUND" || code === "ENOENT";
}

function missing(id: unknown, version?: number): never {
  const what = version === undefined ? "Flow" : `Version ${version} of the flow`;
  throw new FlowStorageError("NODE_NOT_FOUND", `${what} with id ${describe(id)} not found`);
}

function isKey(id: unknown): id is string {
  return typeof id === "string" && id !== "";
}

function isConflict(error: unknown): error is Error {
  return (error as { code?: unknown } | undefined)?.code === "VERSION_CONFLICT";
}

function lacksVersions(asked: string): FlowStorageError {
  return new FlowStorageError(
    "IMPLEMENTATION_NOT_FOUND",
    `The storage of this conductor keeps no versions of flows, so it has no use for ${asked}; those that are kept in a \`store\` (SQLite, PostgreSQL, IndexedDB, memory) have versions: give the conductor a \`store\` and no \`storage\``,
  );
}

function lacks(method: string): FlowStorageError {
  return new FlowStorageError("IMPLEMENTATION_NOT_FOUND", `The storage of this conductor has no \`${method}\``);
}
