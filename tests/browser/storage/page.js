/** What the storage tests find on the window of their pages. */

import { createIndexedDBEngine, createMemoryEngine, createStorage, StorageError } from "@atomiton/storage/browser";

import { FlowStore } from "../../../npm/conductor/src/api/flow-store.ts";
import { engineBehaviour } from "../../../npm/storage/test/engine-behaviour.ts";
import { expect } from "./expect.js";

const behaviours = new Map();
let databases = 0;

engineBehaviour({
  it: (behaviour, check) => behaviours.set(behaviour, check),
  expect,
  StorageError,
  create: async () => createIndexedDBEngine({ name: `behaviour-${databases++}` }),
});

Object.assign(globalThis, {
  createIndexedDBEngine,
  createMemoryEngine,
  createStorage,
  behaviours,

  /** The flows of an engine, and what they told. */
  flowsIn(engine) {
    const store = new FlowStore(engine, (_, call) => call());
    const heard = [];
    const listen = () => {
      const leave = [
        store.onFlowSaved((event) => heard.push({ saved: event })),
        store.onFlowDeleted((event) => heard.push({ deleted: event })),
      ];
      return () => {
        for (const each of leave) each();
      };
    };
    return { store, heard, listen };
  },

  /** What a promise is rejected with, as plain data. */
  async failureOf(promise) {
    try {
      await promise;
    } catch ({ name, code, message, context }) {
      return { name, code, message, context };
    }
    throw new Error("expected a failure");
  },

  /** A connection of the page's own. `upgrade` makes the stores. */
  openRaw(name, version, upgrade = () => {}) {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name, version);
      request.onupgradeneeded = () => upgrade(request.result);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  },

  /** Deletes a database; resolves when it is gone. `asked` is called when that has to wait for others. */
  deleteRaw(name, asked = () => {}) {
    return new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onblocked = asked;
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
    });
  },

  /** How many databases and channels are open of those that are opened from now on, and how many there were. */
  countHeld() {
    const held = { databases: 0, channels: 0, opened: 0 };
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...given) {
      held.databases++;
      held.opened++;
      return open.apply(this, given);
    };
    for (const [kind, { prototype }] of [
      ["databases", IDBDatabase],
      ["channels", BroadcastChannel],
    ]) {
      const { close } = prototype;
      const closed = new WeakSet();
      prototype.close = function () {
        if (!closed.has(this)) held[kind]--;
        closed.add(this);
        close.call(this);
      };
    }
    globalThis.BroadcastChannel = class extends BroadcastChannel {
      constructor(name) {
        super(name);
        held.channels++;
        held.opened++;
      }
    };
    return held;
  },

  /** How often values were read from a store, from now on. */
  readsOf(store) {
    const reads = { count: 0 };
    for (const method of ["get", "getAll", "openCursor"]) {
      const original = IDBObjectStore.prototype[method];
      IDBObjectStore.prototype[method] = function (...given) {
        if (this.name === store) reads.count++;
        return original.apply(this, given);
      };
    }
    return reads;
  },
});
