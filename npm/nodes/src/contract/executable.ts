/**
 * What an executable is called with: one flat object of the run's context keys (`nodeId`, `executionId`, `variables`,
 * `input`, `parentContext`, `slowMo`, `debug`) with the node's parameters over them. The rest are getters of its
 * prototype, present when a conductor calls and absent when a test calls by hand.
 */
export interface NodeParams {
  readonly [key: string]: unknown;
  readonly input?: unknown;
  readonly signal?: AbortSignal;
  readonly attempt?: number;
  /** The same for every attempt at this step, also after a restart. */
  readonly idempotencyKey?: string;
  /** Tells how far the node is: 0–100. */
  readonly progress?: (percent: number, message?: string) => void;
  /** Whether the flow does something about the node's failure: it asks for retries, takes its error, or goes on after it. */
  readonly errorsHandled?: boolean;
  /** How long the attempt may take in ms, if the flow says. */
  readonly timeLimit?: number;
  /** The names of expressions that the user code among the parameters reads, with their values. */
  readonly names?: Readonly<Record<string, unknown>>;
  /** Puts something that the flow's author should know of into the result's `warnings`; `rule` is in kebab case. */
  readonly warn?: (rule: string, message: string) => void;
}

/**
 * A node type's behaviour: the one type of it in all packages. A factory takes executables that return their output at once
 * as well, which are `NodeExecutable<any, unknown>`.
 */
// biome-ignore lint/suspicious/noExplicitAny: each type has parameters of its own
export interface NodeExecutable<Params = any, Output = Promise<unknown>> {
  /** Gets the context's keys and the node's parameters in one flat object; returns the output, or a promise of it. */
  execute(params: Params): Output;
  /**
   * For a node that runs its children once per item: the items, or `{ items, more }` when more may follow; then it is
   * asked again, with the number already known.
   */
  items?(params: Params, known: number): unknown;
}
