/** What a test started ends with it, the last first: pages before the servers that they would miss. */

const endings = new WeakMap();

/**
 * Does `work` when the test is over. All is done whatever fails; the test then fails with what failed first.
 *
 * @param {import("node:test").TestContext} t
 * @param {() => unknown} work
 */
export function atEnd(t, work) {
  if (!endings.has(t)) {
    endings.set(t, []);
    t.after(() => endAll(endings.get(t)));
  }
  endings.get(t).push(work);
}

async function endAll(works) {
  const failures = [];
  for (const work of works.splice(0).reverse()) {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
