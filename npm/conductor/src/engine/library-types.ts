/** What a node library says of its types, as checks of flows need it. */
import type { Parsers } from "@atomiton/nodes/definitions";
import type { DeclaredType, FlowNodeTypes, ParameterProblem } from "./flows.js";

/** A type of a library, as far as it is of interest here. */
export interface LibraryType {
  parameterSchema: unknown;
  inputPorts: readonly { id: string }[];
  outputPorts: readonly { id: string }[];
  otherInputs: readonly { id: string }[];
  hasOpenInputs: boolean;
  otherOutputs: readonly { id: string }[];
  routed?: boolean;
  problems?(parameters: Record<string, unknown>, parsers: Parsers): ParameterProblem[];
}

/**
 * The types of a library. Where they are not all that there are (`closed`), others may stand behind their names, so that only
 * their schemas are known.
 */
export function libraryTypes(
  types: ReadonlyMap<string, LibraryType>,
  closed: boolean,
  parsers: Parsers = {},
): FlowNodeTypes {
  const schemas = Object.fromEntries(Array.from(types, ([type, { parameterSchema }]) => [type, parameterSchema]));
  if (!closed) return { schemas };
  const declared = Object.fromEntries(Array.from(types, ([type, of]) => [type, declarationOf(of)]));
  return {
    schemas,
    declared,
    closed,
    check: (type, parameters) => types.get(type)?.problems?.(parameters, parsers) ?? [],
  };
}

/** The types that are meant: those of a library, unless others are given instead of them. */
export function typesOver(library: FlowNodeTypes, given: FlowNodeTypes = {}): FlowNodeTypes {
  return given.schemas === undefined ? { ...library, ...given } : given;
}

function declarationOf(type: LibraryType): DeclaredType {
  const { inputPorts, outputPorts, otherInputs, hasOpenInputs, otherOutputs, routed = false } = type;
  const ids = (ports: readonly { id: string }[]) => ports.map(({ id }) => id);
  return {
    ...(!hasOpenInputs && { inputs: [...ids(inputPorts), ...ids(otherInputs)] }),
    // Where the output says by which handles it goes, keys of it are no handles.
    outputs: routed ? ids(outputPorts) : [...ids(outputPorts), ...ids(otherOutputs)],
    routed,
    complete: true,
  };
}
