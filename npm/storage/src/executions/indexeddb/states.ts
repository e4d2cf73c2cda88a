/** States that programs keep of executions by hand, in IndexedDB. */
import { fateOf, type StateStorage } from "../states.js";
import type { Transactions } from "./flows.js";

export function indexedDbStates({ read, change }: Transactions): StateStorage {
  return {
    ids: () => read("list states", ["states"], (transaction) => transaction.objectStore("states").getAllKeys()),
    get: (id) => read("read a state", ["states"], (transaction) => transaction.objectStore("states").get(id)),
    write: (changes) =>
      change("write states", ["states"], async (transaction) => {
        const states = transaction.objectStore("states");
        const refused: string[] = [];
        for (const each of changes) {
          const { id, state } = each;
          const fate = fateOf(each, (await states.get(id))?.hash ?? "");
          if (fate === "refused") refused.push(id);
          else if (fate === "written" && state !== undefined) {
            await states.put({ hash: state.hash, content: state.content }, id);
          } else if (fate === "written") await states.delete(id);
        }
        return refused;
      }),
  };
}
