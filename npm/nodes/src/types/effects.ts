import type { NodeExecutable } from "../contract/executable.js";
import { version } from "../version.js";
import { nodeTypes } from "./definitions.js";

/** A registry of executables, each with the effects that the definition of its type declares, and the version of the library. */
export function withEffects(executables: Iterable<readonly [string, NodeExecutable]>): Map<string, NodeExecutable> {
  return new Map(
    Array.from(executables, ([type, executable]) => {
      const effects = nodeTypes.get(type)?.effects;
      return [type, { ...executable, version, ...(effects !== undefined && { effects }) }] as const;
    }),
  );
}
