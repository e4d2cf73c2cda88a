/** What the tests of executions in IndexedDB find on the window of their pages. */

import { openIndexedDbStore } from "@atomiton/storage/browser";
import { entryBehaviour, kept } from "../../../npm/storage/test/entry-behaviour.ts";
import {
  append,
  begin,
  executionBehaviour,
  finish,
  START,
  update,
} from "../../../npm/storage/test/execution-behaviour.ts";
import { flow, flowBehaviour } from "../../../npm/storage/test/flow-behaviour.ts";
import { cached, testOutputCache } from "../../../npm/storage/test/output-cache-behaviour.ts";
import { expect } from "./expect.js";

const behaviours = new Map();
let databases = 0;

const it = (behaviour, check) => behaviours.set(behaviour, check);
const open = async () => {
  const name = `behaviour-${databases++}`;
  /** Of each store object, the lock that it holds. */
  const locks = new Map();
  const names = async () => (await navigator.locks.query()).held.map((lock) => lock.name);
  let opening = Promise.resolve();
  const another = () => {
    // One after the other, so that each lock is known by its store object.
    opening = opening.then(async () => {
      const before = await names();
      const store = await openIndexedDbStore(name);
      locks.set(
        store,
        (await names()).find((lock) => !before.includes(lock)),
      );
      return store;
    });
    return opening;
  };
  return {
    store: await another(),
    another,
    // The browser takes the lock away, as it does with a tab that crashes.
    crash: (store) => navigator.locks.request(locks.get(store), { steal: true }, () => {}),
  };
};

executionBehaviour({ it, expect, open });
flowBehaviour({ it, expect, open });
entryBehaviour({ it, expect, open });
testOutputCache({ it, expect, open: async () => (await open()).store.cache });

Object.assign(globalThis, { openIndexedDbStore, behaviours, begin, append, update, finish, START, flow, cached, kept });
