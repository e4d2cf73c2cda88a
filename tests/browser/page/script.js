/** What pages under test find on their window: the entry, and ways to write down flows. */

import * as entry from "@atomiton/conductor/browser";

/** A group whose children run one after the other. */
function chain(id, ...nodes) {
  const edges = nodes
    .slice(1)
    .map((node, index) => ({ id: `${id}-${index}`, source: nodes[index].id, target: node.id }));
  return { id, type: "group", name: id, nodes, edges };
}

/** A `nodeExecutorFactory` that has these functions, by type. */
function executables(bodies) {
  return { getNodeExecutable: (type) => (Object.hasOwn(bodies, type) ? { execute: bodies[type] } : undefined) };
}

/** A promise, with what settles it. */
function gate() {
  let open;
  const passed = new Promise((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

/** What a promise is rejected with, as `{ code, message }`. */
async function rejection(promise) {
  try {
    await promise;
  } catch ({ code, message }) {
    return { code, message };
  }
  throw new Error("It was not rejected");
}

Object.assign(window, { entry, chain, executables, gate, rejection });
