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
  /** Tells how far the node is: 0–100. */
  readonly progress?: (percent: number, message?: string) => void;
  /** Puts something that the flow's author should know of into the result's `warnings`; `rule` is in kebab case. */
  readonly warn?: (rule: string, message: string) => void;
}

/** A node type's behaviour. */
export interface NodeExecutable {
  execute(params: NodeParams): Promise<unknown>;
}
