/** What structured clone refuses, and the memory that it could hand over. */
import { type Kind, kindOf, tagOf } from "./kind.js";
import { FOUND, LEFT, OVER, Walk } from "./walk.js";

/** Deeper than this a value is not cloned either. */
const DEEPEST = 1000;

const CAUSE: readonly string[] = ["cause"];
const NOTHING: readonly string[] = [];

/** The way that a value goes: what differs between runtimes. */
export interface Cloning {
  /** Whether the way takes an object; asked only of those that no rule of the algorithm tells. By default a trial. */
  takes?(value: object): boolean;
  /** Tells Proxies, where something can. */
  isProxy?(value: object): boolean;
  /**
   * Whether each object is tried as well: finds the Proxies where nothing tells them, in time of the square of the depth. For
   * values of which it is known that they cannot be cloned.
   */
  triesAll?: boolean;
}

/** How a value can be cloned. */
export interface Cloned {
  /** What keeps it from being cloned, with its place: `data.rows.0.parse is a function`. */
  problem?: string;
  /** Whether parts of it are computed when they are read, and may be different the next time. */
  hasGetters: boolean;
}

/**
 * Looks for the first part of a value that structured clone refuses. Each getter runs once at the most.
 *
 * @param name what the problem calls the value
 */
export function cloneability(value: unknown, name: string, cloning: Cloning = {}): Cloned {
  const walk = new Walk(value, "once", true);
  for (;;) {
    let reason: string | undefined;
    try {
      const step = walk.next();
      if (step === OVER) return { hasGetters: walk.foundGetter };
      if (step === FOUND) reason = refusal(walk, cloning);
      else if (cloning.triesAll && !isCloneable(walk.value)) reason = `is of type ${tagOf(walk.value as object)}`;
    } catch {
      reason = "threw when it was read";
    }
    if (reason === undefined) continue;
    return { problem: `${[name, ...walk.path()].join(".")} ${reason}`, hasGetters: walk.foundGetter };
  }
}

/** Whether a value can be cloned, found out by cloning it. */
export function isCloneable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** The memory in a value of at least so many bytes, each once. */
export function memoryIn(value: unknown, leastBytes: number): ArrayBuffer[] {
  const found: ArrayBuffer[] = [];
  const walk = new Walk(value, "once");
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    const { value } = walk;
    if (step === LEFT || typeof value !== "object" || value === null) continue;
    const kind = kindOf(value);
    if (!walk.enter(value, kind, kind === "view" ? ["buffer"] : undefined)) continue;
    if (kind === "memory" && (value as ArrayBuffer).byteLength >= leastBytes) found.push(value as ArrayBuffer);
  }
  return found;
}

/** Why the value at hand cannot be cloned, if so; makes its parts the next values. */
function refusal(walk: Walk, cloning: Cloning): string | undefined {
  const { value } = walk;
  if (typeof value === "function") return "is a function";
  if (typeof value === "symbol") return "is a symbol";
  if (typeof value !== "object" || value === null) return undefined;
  if (cloning.isProxy?.(value)) return "is a Proxy";
  const kind = kindOf(value);
  if (!walk.enter(value, kind, clonedKeys(value, kind))) return undefined;
  return walk.depth > DEEPEST ? "is nested too deeply" : refusalOf(value, kind, cloning);
}

/** What is cloned of an object; nothing for those whose entries or members are. */
function clonedKeys(value: object, kind: Kind): readonly string[] | undefined {
  switch (kind) {
    case "map":
    case "set":
      return undefined;
    case "list":
    case "record":
    case "instance":
      // Those of lists, too: holes stay holes, and lists have fields.
      return Object.keys(value);
    case "error":
      return CAUSE;
    default:
      return NOTHING;
  }
}

function refusalOf(value: object, kind: Kind, { takes = isCloneable }: Cloning): string | undefined {
  switch (kind) {
    case "view":
      return memoryRefusal((value as ArrayBufferView).buffer, takes) ?? viewRefusal(value as ArrayBufferView);
    case "memory":
    case "shared memory":
      return memoryRefusal(value as ArrayBufferLike, takes);
    case "boxed":
      return tagOf(value) === "Symbol" ? "is a symbol" : undefined;
    case "record":
      return Symbol.toStringTag in value || tagOf(value) !== "Arguments" ? undefined : "is of type Arguments";
    case "instance":
      return instanceRefusal(value, takes);
    default:
      return undefined;
  }
}

function memoryRefusal(memory: ArrayBufferLike, takes: (value: object) => boolean): string | undefined {
  if (kindOf(memory) === "shared memory") return takes(memory) ? undefined : "shares its memory";
  return memory.byteLength > 0 || isCloneable(memory) ? undefined : "was handed over to another thread";
}

/** Memory that shrank may leave a view of it without any place. */
function viewRefusal(view: ArrayBufferView): string | undefined {
  return view.byteLength > 0 || isCloneable(view) ? undefined : "lies outside of its memory";
}

function instanceRefusal(value: object, takes: (value: object) => boolean): string | undefined {
  const tag = tagOf(value);
  // What names itself can be anything: only the algorithm knows. The others are instances of classes.
  if (tag === "Object" || takes(value)) return undefined;
  return tag === "Promise" ? "is a promise" : `is of type ${tag}`;
}
