import type { FlowTable, FoundHistory, FoundVersion, SaveOutcome } from "./flow-table.js";

/** The methods of the addon that keep flows; questions, changes and answers are JSON. */
export interface FlowDatabase {
  readFlows(question: string): Promise<string>;
  changeFlows(change: string): Promise<string>;
}

/** The tables of flows in a database of SQLite. `ask` tells failures as those of an operation of the store. */
export function sqliteFlows(
  database: FlowDatabase,
  ask: <T>(operation: string, ask: () => Promise<T>) => Promise<T>,
): FlowTable {
  const read = async <T>(operation: string, question: object): Promise<T> =>
    JSON.parse(await ask(operation, () => database.readFlows(JSON.stringify(question))));
  const change = async <T>(operation: string, given: object): Promise<T> =>
    JSON.parse(await ask(operation, () => database.changeFlows(JSON.stringify(given))));
  return {
    save: (version) => change<SaveOutcome>("save", { type: "save", ...version }),
    find: async (id, version) => (await read<FoundVersion | null>("load", { type: "find", id, version })) ?? undefined,
    list: (prefix) => read<unknown[]>("list", { type: "list", prefix }),
    remove: async (id, at) => (await change<string | null>("delete", { type: "remove", id, at })) ?? undefined,
    history: async (id, limit, before) =>
      (await read<FoundHistory | null>("history", { type: "history", id, limit, before })) ?? undefined,
    prune: (rule, limit) => change<number>("prune", { type: "prune", ...rule, limit }),
  };
}
