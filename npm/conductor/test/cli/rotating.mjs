/** Rotates the secrets of a store, and is killed at one of its steps: `node rotating.mjs STORE KEY_FILE STEP`. */
import { openSecrets } from "@atomiton/conductor/server";
import { openSqliteStore } from "@atomiton/storage/desktop";

const [path, file, step] = process.argv.slice(2);
const store = await openSqliteStore(path);
let steps = 0;

function killedAt() {
  steps++;
  // Nothing of this process runs after it.
  if (steps === Number(step)) process.kill(process.pid, "SIGKILL");
}

/** Is killed before and after each use of the store. */
function around(use) {
  return async (...args) => {
    killedAt();
    const answer = await use(...args);
    killedAt();
    return answer;
  };
}

const entries = store.entries("secrets");
const watched = Object.fromEntries(Object.entries(entries).map(([name, use]) => [name, around(use)]));
const secrets = openSecrets({ store: { name: store.name, entries: () => watched }, key: { file } });
await secrets.rotate();
process.stdout.write(`${steps}\n`);
await store.close();
