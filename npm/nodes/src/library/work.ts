import { adviceOf, codeOf, messageOf, NodeError, retryOf } from "../contract/error.js";
import type { LibraryExecutable, NodeParams } from "../contract/executable.js";
import { handleValue, isPlainObject, unwrap } from "../data/input.js";
import type { NodeType } from "../definition/node-type.js";
import { parseParameters } from "./parameters.js";

/** One execution of a node, with its parameters checked and completed. */
export interface NodeWork<P> {
  parameters: P;
  /** What the node's edges brought, untouched. */
  input: unknown;
  variables: unknown;
  readonly signal: AbortSignal | undefined;
  /** The node's time limit in ms, if somebody set one; the default of the definition does not count. */
  explicitTimeout: number | undefined;
  /** Whether the flow does something about the node's failure: it asks for retries, or an edge takes its error. */
  errorsHandled: boolean;
  /** Tells the flow's author something that does not keep the node from going on; `rule` names its kind in kebab case. */
  warn(rule: string, message: string): void;
  /** A value under an input handle if it is there, else the parameter of that name. */
  given<K extends keyof P & string>(name: K): unknown;
}

/**
 * An executable of this library: checks the parameters, runs, and puts the type's name in front of what fails.
 * Errors keep their code. A parameter named in `fromPorts` that is not set may come as text over an edge instead.
 */
export function executable<P>(
  nodeType: NodeType,
  run: (work: NodeWork<P>) => Promise<unknown>,
  options: { fromPorts?: readonly string[] } = {},
): LibraryExecutable {
  return {
    async execute(params) {
      const input = Object.hasOwn(params, "input") ? params["input"] : undefined;
      const brought = parametersFromPorts(input, options.fromPorts ?? []);
      const parameters = (await parseParameters(nodeType, { ...brought, ...ownDefined(params) })) as P;
      try {
        return await run({
          parameters,
          input,
          variables: params["variables"],
          // Asked for only when it is needed, since the conductor makes it then.
          get signal() {
            return signalOf(params);
          },
          warn(rule, message) {
            if (typeof params.warn === "function") params.warn(rule, message);
          },
          explicitTimeout: timeLimitOf(params, parameters as { timeout?: number }),
          errorsHandled: !Object.hasOwn(params, "errorsHandled") && params.errorsHandled === true,
          given: (name) => {
            const value = isPlainObject(input) && Object.hasOwn(input, name) ? input[name] : undefined;
            return value === undefined ? parameters[name] : value;
          },
        });
      } catch (error) {
        throw new NodeError(codeOf(error), `[${nodeType.type}] ${messageOf(error)}`, {
          cause: error,
          advice: adviceOf(error),
          retry: retryOf(error),
        });
      }
    },
  };
}

function parametersFromPorts(input: unknown, names: readonly string[]): Record<string, string> {
  const brought: Record<string, string> = {};
  for (const name of names) {
    const value = unwrap(handleValue(input, name));
    if (typeof value === "string") brought[name] = value;
  }
  return brought;
}

function ownDefined(params: NodeParams): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

/** What a policy says goes before the parameter. A parameter of another meaning may bear the name. */
function timeLimitOf(params: NodeParams, { timeout }: { timeout?: number }): number | undefined {
  const asked = Object.hasOwn(params, "timeLimit") ? undefined : params.timeLimit;
  return typeof asked === "number" ? asked : Object.hasOwn(params, "timeout") ? timeout : undefined;
}

function signalOf(params: NodeParams): AbortSignal | undefined {
  const { signal } = params;
  return signal instanceof AbortSignal ? signal : undefined;
}
