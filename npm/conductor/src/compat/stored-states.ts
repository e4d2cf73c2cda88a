/** The store of executions that execution states are kept in, beside the executions. */
import type { EntryChange, EntryStorage, ExecutionStore, KeptEntry } from "@atomiton/storage";
import { demandTextId } from "./state-document.js";
import { StateFileError } from "./state-file-error.js";
import type { StateBackend } from "./state-repository.js";

/**
 * States in a store. A state replaces only the one that this manager wrote or read last: of two that change the same execution, the
 * second is refused.
 */
export class StoredStates implements StateBackend {
  readonly subject = "What the store has of an execution";
  readonly compares = true;
  readonly #store: string | ExecutionStore;
  readonly #open: () => Promise<ExecutionStore>;
  #opening: Promise<ExecutionStore> | undefined;
  #name: string;
  /** By id, digests of texts of which one is there, as it is not known whether a change was made; `""` for none. */
  readonly #unsure = new Map<string, readonly string[]>();

  /** @param open opens the store at an address */
  constructor(store: string | ExecutionStore, open: (address: string) => () => Promise<ExecutionStore>) {
    this.#store = store;
    const isAddress = typeof store === "string";
    this.#open = isAddress ? open(store) : async () => store;
    // Of the address of a server only the scheme is said: it may have a password.
    this.#name = isAddress ? store.replace(/:\/\/.*$/s, "://…") : store.name;
  }

  keyOf(executionId: string): string {
    demandTextId(executionId);
    return executionId;
  }

  nameOf(): string {
    return this.#name;
  }

  async keys(): Promise<string[]> {
    return (await (await this.#states()).ids()).sort();
  }

  async read(id: string): Promise<string | undefined> {
    return (await (await this.#states()).get(id))?.content;
  }

  async write(id: string, content: string, hash: string, before = ""): Promise<void> {
    await this.#change(id, { hash, content }, before);
  }

  async remove(id: string, before: { digest: string | undefined } | undefined): Promise<void> {
    await this.#change(id, undefined, before && (before.digest ?? ""));
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    if (typeof this.#store === "string") await (await opening?.catch(() => undefined))?.close();
  }

  /** Makes a change, unless another state is there than the one of this hash. */
  async #change(id: string, state: KeptEntry | undefined, before: string | undefined): Promise<void> {
    const states = await this.#states();
    const ifHash = before === undefined ? undefined : await this.#found(states, id, before);
    const change: EntryChange = { id, ...(state && { entry: state }), ...(ifHash !== undefined && { ifHash }) };
    // Until there is an answer.
    this.#unsure.set(id, [ifHash ?? "", state?.hash ?? ""]);
    const refused = await states.write([change]);
    this.#unsure.delete(id);
    if (refused.length === 0) return;
    const message =
      state === undefined
        ? `The state of ${id} stays in the store, where another process has written it since. A further clearExecutionState deletes it`
        : `The state of ${id} is not written: the store has one that this manager neither wrote nor read, or has it no more, as another process keeps it too. Forget this one with clearExecutionState; then loadExecutionStates takes that of the store, or a further clearExecutionState deletes it`;
    throw new StateFileError("VERSION_CONFLICT", message);
  }

  /** The hash of the state that this manager left there, also where it got no answer to its last change. */
  async #found(states: EntryStorage, id: string, before: string): Promise<string> {
    const unsure = this.#unsure.get(id);
    if (unsure === undefined) return before;
    const { hash = "" } = (await states.get(id)) ?? {};
    return unsure.includes(hash) ? hash : before;
  }

  async #states(): Promise<EntryStorage> {
    this.#opening ??= this.#open();
    const opening = this.#opening;
    try {
      const store = await opening;
      this.#name = store.name;
      return (store.entries as NonNullable<ExecutionStore["entries"]>)("states");
    } catch (error) {
      // What could not be opened may be the next time.
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }
}
