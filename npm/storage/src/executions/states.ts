/** States that programs keep of executions by hand: their shape, and what all stores of them share. */
import { StorageError } from "../error.js";
import { unwritableText } from "./checks.js";

/** Texts by the ids of executions, which need not be in the store. Each is kept until it is deleted by its id. */
export interface StateStorage {
  /** Ids of all states, in no particular order. */
  ids(): Promise<string[]>;
  get(id: string): Promise<KeptState | undefined>;
  /**
   * Writes changes in one transaction, in their order; settles when they are on disk, with the ids of those that were refused,
   * because another state was there than the one that the change was to replace. What is there already is not refused.
   *
   * @throws StorageError as `ExecutionStore.write` does; SERIALIZATION_ERROR for an id with a NUL character or half of a surrogate
   *   pair, or of more than 2,000 bytes in UTF-8
   */
  write(changes: readonly StateChange[]): Promise<string[]>;
}

/** A state as it is kept. */
export interface KeptState {
  /** SHA-256 of the content in hexadecimal digits. */
  hash: string;
  content: string;
}

/** A change of one state. */
export interface StateChange {
  id: string;
  /** The state from now on; missing to delete it. */
  state?: KeptState;
  /** Hash of the state that must be there, `""` where there must be none. Missing: whatever is there is replaced. */
  ifHash?: string;
}

/** Bytes of an id in UTF-8: what an index of every database takes. */
const ID_BYTES = 2000;

/** The states of a store, by its table, of which each method is one transaction. Only ids that all stores take get there. */
export function stateStorage(table: StateStorage): StateStorage {
  return {
    ids: () => table.ids(),
    get: async (id) => (refusalOf(id) === undefined ? table.get(id) : undefined),
    async write(changes) {
      for (const { id } of changes) {
        const found = refusalOf(id);
        if (found === undefined) continue;
        const message = `The id of the execution ${JSON.stringify(id).slice(0, 100)} ${found}, so that no state is kept of it`;
        throw new StorageError(message, "SERIALIZATION_ERROR", { context: { key: String(id), operation: "write" } });
      }
      return changes.length === 0 ? [] : table.write(changes);
    },
  };
}

/** What becomes of a change, of the hash that is there, `""` for none. */
export function fateOf({ state, ifHash }: StateChange, found: string): "same" | "refused" | "written" {
  // The same change again, whose answer was lost, is not refused.
  if (found === (state?.hash ?? "")) return "same";
  return ifHash !== undefined && ifHash !== found ? "refused" : "written";
}

/** The table of a store in memory. */
export function memoryStates(): StateStorage {
  const states = new Map<string, KeptState>();
  return {
    ids: async () => [...states.keys()],
    get: async (id) => {
      const found = states.get(id);
      return found && { ...found };
    },
    async write(changes) {
      const refused: string[] = [];
      for (const change of changes) {
        const { id, state } = change;
        const fate = fateOf(change, states.get(id)?.hash ?? "");
        if (fate === "refused") refused.push(id);
        else if (fate === "written" && state !== undefined) states.set(id, { ...state });
        else if (fate === "written") states.delete(id);
      }
      return refused;
    },
  };
}

function refusalOf(id: unknown): string | undefined {
  if (typeof id !== "string") return `is no text but of type ${typeof id}`;
  const found = unwritableText(id);
  if (found !== undefined) return `contains ${found}`;
  const isLong = id.length > ID_BYTES || new TextEncoder().encode(id).length > ID_BYTES;
  return isLong ? `has more than ${ID_BYTES} bytes` : undefined;
}
