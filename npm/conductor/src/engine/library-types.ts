/** What a node library says of its types, as checks of flows need it. */
import type { Effects, EffectsOf } from "@atomiton/nodes";
import type { Parsers } from "@atomiton/nodes/definitions";
import { type DescribedType, declarationOf, type FlowNodeTypes, type ParameterProblem, partsOf } from "./flows.js";

/** A type of a library, as far as it is of interest here. */
export interface LibraryType extends DescribedType {
  parameterSchema: unknown;
  effects?: Effects | EffectsOf;
  /** It is there for the nodes inside it; without any it is nothing that a flow should have. */
  isContainer?: true;
  /** It stands at the start of a saved flow. */
  isTrigger?: true;
  handles?(parameters: Record<string, unknown>): readonly string[] | undefined;
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
  // Containers may have parameters of any kind, unless its type says that it reads its own alone.
  const checked = new Map([...types].filter(([, type]) => !(type.isContainer && type.hasOpenParameters)));
  const schemas = Object.fromEntries(Array.from(checked, ([type, { parameterSchema }]) => [type, parameterSchema]));
  if (!closed) return { schemas };
  const declared = Object.fromEntries(
    Array.from(checked, ([type, of]) => [type, { ...declarationOf(of), ...(of.isContainer && { container: true }) }]),
  );
  return {
    schemas,
    declared,
    closed,
    effects: (type) => types.get(type)?.effects,
    check: (type, parameters) => types.get(type)?.problems?.(parameters, parsers) ?? [],
    isTrigger: (type) => types.get(type)?.isTrigger === true,
    parts: (type) => {
      const known = types.get(type);
      return known && partsOf(known);
    },
    handles: (type, parameters) => checked.get(type)?.handles?.(parameters),
  };
}

/** The types that are meant: those of a library, unless others are given instead of them. */
export function typesOver(library: FlowNodeTypes, given: FlowNodeTypes = {}): FlowNodeTypes {
  return given.schemas === undefined ? { ...library, ...given } : given;
}
