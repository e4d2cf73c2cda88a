/**
 * Work that people automate, as steps that every engine runs in the same order: `nodes` with what each does to the values
 * that its edges bring, and `edges`. A list of records is a value; where an engine has items, each record is one.
 *
 * @typedef {object} Job
 * @property {{ id: string, perform(inputs: any[]): any }[]} nodes
 * @property {{ source: string, target: string }[]} edges
 */

const ITEMS = 100_000;
const STEP_MS = 5;

/** @type {Record<string, (params: object) => Job>} */
export const JOBS = {
  /** 100,000 records through three steps that each make a new list of them. */
  items() {
    const records = Array.from({ length: ITEMS }, (_, id) => ({ id, price: (id % 997) / 10, amount: id % 13 }));
    return chain([
      () => records,
      ([list]) => list.map((record) => ({ ...record, total: record.price * record.amount })),
      ([list]) => list.filter(({ total }) => total > 100),
      ([list]) => [{ count: list.length, sum: list.reduce((sum, { total }) => sum + total, 0) }],
    ]);
  },

  /** Eight steps of 5 ms: a start, two branches of three, and an end. The longest way takes five of them. */
  steps() {
    const perform = async () => {
      await pause(STEP_MS);
      return [{ done: true }];
    };
    const ids = ["start", "a1", "a2", "a3", "b1", "b2", "b3", "end"];
    const ways = ["start a1 a2 a3 end", "start b1 b2 b3 end"].map((way) => way.split(" "));
    return {
      nodes: ids.map((id) => ({ id, perform })),
      edges: ways.flatMap((way) => way.slice(1).map((target, at) => ({ source: way[at], target }))),
    };
  },

  /** Ten steps, each of which succeeds. */
  ten: () => chain(Array.from({ length: 10 }, () => async () => [{ done: true }])),

  /** The same ten, of which the sixth throws. */
  failing: () =>
    chain(
      Array.from({ length: 10 }, (_, at) => async () => {
        if (at === 5) throw new Error("the sixth step fails");
        return [{ done: true }];
      }),
    ),

  /** A request, answered with a list, whose rows go into a table. */
  fetch: ({ url, insert }) =>
    chain([async () => (await fetch(url)).json(), ([rows]) => insert(rows), () => [{ done: true }]]),
};

function chain(steps) {
  const nodes = steps.map((perform, at) => ({ id: `step-${at + 1}`, perform }));
  return { nodes, edges: nodes.slice(1).map(({ id }, at) => ({ source: nodes[at].id, target: id })) };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
