/** The variables of an execution, of which the page and its worker have one object each. */
import { isCloneable } from "@atomiton/values";
import type { Variables } from "./messages.js";

/**
 * Keeps both objects alike: each side tells the other, with the next message about a node, which variables were set. A
 * change inside of a variable's value is not seen, and what cannot be cloned stays where it was set.
 */
export class SharedVariables {
  readonly #variables: Variables;
  readonly #known: Map<string, unknown>;

  /** @param known those of them that the other side has. Default: all */
  constructor(variables: Variables, known: Variables = variables) {
    this.#variables = variables;
    this.#known = new Map(Object.entries(known));
  }

  /** What was set here since it was asked last. */
  take(): Variables | undefined {
    let set: Variables | undefined;
    for (const [name, value] of Object.entries(this.#variables)) {
      if (this.#known.get(name) === value && this.#known.has(name)) continue;
      this.#known.set(name, value);
      if (!isCloneable(value)) continue;
      set ??= {};
      define(set, name, value);
    }
    return set;
  }

  /** Sets what was set on the other side. */
  give(set: Variables | undefined): void {
    for (const [name, value] of Object.entries(set ?? {})) {
      this.#known.set(name, value);
      define(this.#variables, name, value);
    }
  }
}

function define(variables: Variables, name: string, value: unknown): void {
  // Assigned, `__proto__` would be no variable.
  if (name === "__proto__") {
    Object.defineProperty(variables, name, { value, writable: true, enumerable: true, configurable: true });
  } else variables[name] = value;
}
