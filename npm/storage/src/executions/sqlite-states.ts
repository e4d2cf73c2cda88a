import type { KeptState, StateStorage } from "./states.js";

/** The methods of the addon that keep states. Answers are JSON. */
export interface StateDatabase {
  readState(id: string): Promise<string | null>;
  stateIds(): Promise<string>;
  changeStates(changes: string): Promise<string>;
}

/** The table of states in a database of SQLite. `ask` tells failures as those of an operation of the store. */
export function sqliteStates(
  database: StateDatabase,
  ask: <T>(operation: string, ask: () => Promise<T>) => Promise<T>,
): StateStorage {
  return {
    ids: async () => JSON.parse(await ask("list states", () => database.stateIds())),
    async get(id) {
      const found = await ask("read a state", () => database.readState(id));
      return found === null ? undefined : (JSON.parse(found) as KeptState);
    },
    write: async (changes) =>
      JSON.parse(await ask("write states", () => database.changeStates(JSON.stringify(changes)))),
  };
}
