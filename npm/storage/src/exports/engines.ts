/**
 * What a conductor in a page needs, without the rest of the package: a bundler that splits code keeps with it all that it
 * might need, and so a page which keeps only flows would load what stores of executions share.
 */
export { openIndexedDbStore } from "../executions/open-indexeddb-store.js";
export { createIndexedDBEngine } from "../indexeddb/indexeddb-engine.js";
export { createMemoryEngine } from "../memory/memory-engine.js";
