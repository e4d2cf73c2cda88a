/** Flows in a storage engine: as documents under their ids, with when they were saved. */
import type { StorageApi, Unsubscribe } from "../types/api.js";
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import { describe, type ErrorCode } from "../types/errors.js";
import type {
  FlowDeletedEvent,
  FlowList,
  FlowReceipt,
  FlowSummary,
  FlowToSave,
  ListFlowsOptions,
  SavedFlow,
  SaveFlowOptions,
} from "../types/flow.js";
import type { FlowSavedEvent } from "../types/progress-event.js";
import type { Isolate } from "./isolate.js";

/** What is needed of an engine of `@atomiton/storage`; whoever has less than this has flows that cannot be listed. */
export interface FlowEngine {
  load(key: string): unknown;
  save(key: string, data: unknown, options?: { overwrite?: boolean }): unknown;
  delete?(key: string): unknown;
  list?(prefix?: string): unknown;
  /** What could not be listed, and why. */
  problems?(): Promise<{ key: string; message: string }[]>;
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
interface Listed {
  key: string;
  updated?: unknown;
  size?: unknown;
}

/** See the module's description. */
export class FlowStore implements StorageApi {
  private readonly saved = new Set<(event: FlowSavedEvent) => void>();
  private readonly deleted = new Set<(event: FlowDeletedEvent) => void>();
  /** Summaries of flows that were listed, with what tells whether they changed since. */
  private readonly known = new Map<string, { stamp: string; summary: FlowSummary | undefined }>();
  private engine: FlowEngine | PromiseLike<FlowEngine>;

  /**
   * @param engine or a promise of one
   * @param newId gives ids to flows that have none
   */
  constructor(
    engine: FlowEngine | PromiseLike<FlowEngine>,
    private readonly newId: () => string,
    private readonly isolate: Isolate,
  ) {
    this.engine = engine;
  }

  /** Goes on with another engine. */
  use(engine: FlowEngine | PromiseLike<FlowEngine>): void {
    this.engine = engine;
    this.known.clear();
  }

  readonly saveFlow = async (flow: FlowToSave, options?: SaveFlowOptions): Promise<FlowReceipt> => {
    const { nodes } = flow ?? {};
    if (!Array.isArray(nodes)) throw new FlowStorageError("INVALID_NODE", "Flow must have a list of nodes");
    const engine = await this.engine;
    const id = flow.id || this.newId();
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
    await engine.save(id, document, ...(options?.overwrite === true ? [{ overwrite: true }] : []));
    this.known.delete(id);
    const { name } = document;
    this.tell(this.saved, { id, name, savedAt, flowId: id, timestamp: Date.parse(savedAt) });
    return { id, savedAt, version };
  };

  readonly loadFlow = async (id: string): Promise<SavedFlow> => {
    const found = await this.find(await this.engine, id);
    if (found === undefined) throw missing(id);
    return found;
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
    if (found === undefined) throw missing(id);
    await engine.delete(id);
    this.known.delete(id);
    this.tell(this.deleted, { id, name: found.name, deletedAt: new Date().toISOString() });
  };

  readonly onFlowSaved = (callback: (event: FlowSavedEvent) => void): Unsubscribe => subscribe(this.saved, callback);

  /** Calls back for each flow that was deleted. */
  readonly onFlowDeleted = (callback: (event: FlowDeletedEvent) => void): Unsubscribe =>
    subscribe(this.deleted, callback);

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
    if (typeof id !== "string" || id === "") return undefined;
    let document: unknown;
    try {
      document = await engine.load(id);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    return flowOf(document, id);
  }

  private async summaries(engine: FlowEngine): Promise<FlowSummary[]> {
    if (engine.list === undefined) throw lacks("list");
    const listed = ((await engine.list()) ?? []) as (Listed | string)[];
    const keys = new Set<string>();
    const found: FlowSummary[] = [];
    for (const item of listed) {
      const { key, updated, size } = typeof item === "string" ? ({ key: item } as Listed) : item;
      keys.add(key);
      const stamp = updated === undefined ? "" : `${updated}/${size}`;
      const before = this.known.get(key);
      let summary = before?.summary;
      if (before === undefined || stamp === "" || before.stamp !== stamp) {
        summary = await this.summaryOf(engine, key);
        this.known.set(key, { stamp, summary });
      }
      if (summary !== undefined) found.push({ ...summary });
    }
    for (const key of this.known.keys()) if (!keys.has(key)) this.known.delete(key);
    return found;
  }

  /** Nothing for what is no flow, or cannot be read: the others are still listed. */
  private async summaryOf(engine: FlowEngine, key: string): Promise<FlowSummary | undefined> {
    const flow = await this.find(engine, key).catch(() => undefined);
    if (flow === undefined || flow.deleted) return undefined;
    const tags = flow.tags ?? flow.metadata?.tags;
    return {
      id: flow.id,
      name: flow.name,
      ...(typeof flow.description === "string" && { description: flow.description }),
      ...(Array.isArray(tags) && { tags: tags as string[] }),
      nodeCount: flow.nodes.length,
      savedAt: flow.savedAt,
      updatedAt: flow.updatedAt,
      version: flow.version,
    };
  }

  private tell<T>(callbacks: Set<(event: T) => void>, event: T): void {
    for (const callback of [...callbacks]) this.isolate(callback, () => callback(event));
  }
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

function subscribe<T>(callbacks: Set<(event: T) => void>, callback: (event: T) => void): Unsubscribe {
  // One of its own for each subscription, so that ending one does not end another.
  const own = (event: T) => callback(event);
  callbacks.add(own);
  return () => {
    callbacks.delete(own);
  };
}

function isNotFound(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return (
    code === "NOT_FOUND" ||
    code === "ENOENT" ||
    /^(Data|Flow|Composite|Blueprint) not found/.test(describe(error).replace(/^\w*Error: /, ""))
  );
}

function missing(id: unknown): FlowStorageError {
  return new FlowStorageError("NODE_NOT_FOUND", `Flow with id ${describe(id)} not found`);
}

function lacks(method: string): FlowStorageError {
  return new FlowStorageError("IMPLEMENTATION_NOT_FOUND", `The storage of this conductor has no \`${method}\``);
}
