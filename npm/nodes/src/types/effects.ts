import type { NodeExecutable } from "../contract/executable.js";
import { nodeTypes } from "./definitions.js";

/** A registry of executables, each with the effects that the definition of its type declares. */
export function withEffects(executables: Iterable<readonly [string, NodeExecutable]>): Map<string, NodeExecutable> {
  return new Map(
    Array.from(executables, ([type, executable]) => {
      const effects = nodeTypes.get(type)?.effects;
      return [type, effects === undefined ? executable : { ...executable, effects }] as const;
    }),
  );
}
