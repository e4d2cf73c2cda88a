import type { OutputTable } from "./kept-outputs.js";
import type { CachedOutput } from "./output-cache.js";

/** The methods of the addon that keep outputs; entries without their outputs, and rules, are JSON. */
export interface OutputDatabase {
  findOutput(key: string, now: number): Promise<{ entry: string; output: Uint8Array } | null>;
  keepOutputs(entries: string, outputs: Uint8Array): Promise<void>;
  cacheSize(): Promise<{ entries: number; bytes: number }>;
  clearOutputs(rule: string): Promise<number>;
}

/** The cache of outputs in a database of SQLite. `ask` tells failures as those of an operation of the store. */
export function sqliteOutputs(
  database: OutputDatabase,
  ask: <T>(operation: string, ask: () => Promise<T>) => Promise<T>,
): OutputTable {
  return {
    async find(key, now) {
      const found = await ask("find cached outputs", () => database.findOutput(key, now));
      if (found === null) return undefined;
      const { length: _, ...entry } = JSON.parse(found.entry) as Omit<CachedOutput, "output"> & { length: number };
      const { buffer, byteOffset, length } = found.output;
      return { ...entry, output: new Uint8Array(buffer, byteOffset, length) };
    },
    keep(entries, used, limit) {
      const given = entries.map(({ output, ...entry }) => ({ ...entry, length: output.length }));
      const outputs =
        entries.length === 1 ? (entries[0]?.output as Uint8Array) : Buffer.concat(entries.map(({ output }) => output));
      return ask("keep outputs", () => database.keepOutputs(JSON.stringify({ entries: given, used, limit }), outputs));
    },
    size: () => ask("count cached outputs", () => database.cacheSize()),
    clear: (which, limit) => ask("clear its cache", () => database.clearOutputs(JSON.stringify({ ...which, limit }))),
  };
}
