/**
 * In the worker: the WebAssembly modules that its page gives it, so that its script brings none. They come to the worker
 * itself, not over a port: a page on disk, whose origin is opaque, can send a module to its worker only.
 */
import { type DemandedModule, GIVEN, MODULE, type ModuleMessage, type ModuleName } from "./messages.js";
import { fromThrown } from "./thrown.js";

/** A module that is there, or awaited. */
interface Expected {
  readonly module: Promise<WebAssembly.Module>;
  resolve(module: WebAssembly.Module): void;
  reject(thrown: unknown): void;
}

/** The modules of one worker. */
export class GivenModules {
  readonly #expected = new Map<ModuleName, Expected>();

  /** The engine, which comes unasked. */
  get engine(): Promise<WebAssembly.Module> {
    return this.#expect("engine").module;
  }

  /** What user code needs. `ask` has it sent, if it is not there or awaited. */
  demanded(name: DemandedModule, ask: () => void): Promise<WebAssembly.Module> {
    if (!this.#expected.has(name)) ask();
    return this.#expect(name).module;
  }

  /** Takes what the page says; anything else is left alone. */
  take(message: unknown): void {
    const given = (message ?? {}) as ModuleMessage;
    if (given.type === MODULE) this.#expect(given.name).resolve(given.module);
    if (given.type !== GIVEN) return;
    const { name, thrown } = given;
    // Nothing happens when the module has come before.
    this.#expect(name).reject(thrown === undefined ? new Error(`${WORDS[name]} ${UNSENT}`) : fromThrown(thrown));
  }

  #expect(name: ModuleName): Expected {
    let expected = this.#expected.get(name);
    if (expected === undefined) {
      expected = awaited();
      this.#expected.set(name, expected);
      // The next call after a failure may succeed.
      expected.module.catch(() => this.#expected.delete(name));
    }
    return expected;
  }
}

/** Those of this worker. */
export const givenModules = new GivenModules();

const WORDS: Readonly<Record<ModuleName, string>> = {
  engine: "the engine",
  quickjs: "QuickJS",
  typescript: "what reads TypeScript",
};
const UNSENT = "cannot be sent from its page to this worker";

/** What is used of the global object of a worker. A page has messages too, but from anybody. */
const scope = globalThis as {
  readonly document?: unknown;
  addEventListener?(type: "message", listener: (event: { data: unknown }) => void): void;
};
if (scope.document === undefined) scope.addEventListener?.("message", ({ data }) => givenModules.take(data));

function awaited(): Expected {
  let settle!: Pick<Expected, "resolve" | "reject">;
  const module = new Promise<WebAssembly.Module>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { module, ...settle };
}
