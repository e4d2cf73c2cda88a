/** The context of a scope, as the engine keeps it and as executables see it. */
import type { ConductorExecutionContext } from "../types/execution.js";

/**
 * Executables may do with their `parentContext` as they like. They are handed a copy, the same one for all children of
 * the scope, so that ids, inputs and variables of other nodes are not derived from what one of them left there.
 */
export class ScopeContext {
  private copy: ConductorExecutionContext | undefined;

  /** @param own what ids and inputs are derived from; never handed out */
  constructor(readonly own: ConductorExecutionContext) {}

  /** The context that executables see. */
  get shown(): ConductorExecutionContext {
    this.copy ??= { ...this.own };
    return this.copy;
  }
}
