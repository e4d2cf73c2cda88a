/** What a node is called with, read so that no parameter of its own stands in the way. */
import type { FileAccess, NetworkAccess, NodeParams } from "@atomiton/nodes";
import type { TraceHeaders } from "../types/tracing.js";

const fileAccess = Symbol.for("@atomiton/file-access");
const networkAccess = Symbol.for("@atomiton/network-access");
const programAccess = Symbol.for("@atomiton/program-access");
const inputRead = Symbol.for("@atomiton/input-read");
const parameterIsMade = Symbol.for("@atomiton/parameter-is-made");
const traceHeaders = Symbol.for("@atomiton/trace-headers");
const ownParameters = Symbol.for("@atomiton/own-parameters");

/** What the conductor gives beside the parameters: those may bear its names. */
export function given(params: NodeParams, name: string): unknown {
  return Reflect.get(Object.getPrototypeOf(params) as object, name, params);
}

/** The parameters and which are made by expressions, what the owner allows, whether these read the input, and what carries a trace on. */
export function contextOfParams(params: NodeParams): {
  own: Record<string, unknown>;
  files: FileAccess | undefined;
  network: NetworkAccess | undefined;
  programs: boolean | undefined;
  inputIsRead: boolean;
  made: string[];
  trace: TraceHeaders | undefined;
} {
  const read = params as unknown as Record<symbol, unknown>;
  const own = (read[ownParameters] ?? {}) as Record<string, unknown>;
  const isMade = read[parameterIsMade] as ((name: string) => boolean) | undefined;
  return {
    own,
    files: read[fileAccess] as FileAccess | undefined,
    network: read[networkAccess] as NetworkAccess | undefined,
    programs: read[programAccess] as boolean | undefined,
    inputIsRead: read[inputRead] === true,
    made: isMade === undefined ? [] : Object.keys(own).filter((name) => isMade(name)),
    trace: read[traceHeaders] as TraceHeaders | undefined,
  };
}
