/** What the tests of executions that last find on the windows of their pages, beside what `script.js` puts there. */

import { createMemoryExecutions } from "@atomiton/storage/browser";

import "./script.js";

const { entry, chain } = window;

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `paid(key, input)` is what the world does: a function of the test, or one of the page. */
const bodies = {
  price: { effects: "reads", execute: () => ({ price: Math.random() }) },
  pay: {
    effects: "writes",
    async execute({ input, idempotencyKey }) {
      await window.paid(idempotencyKey, JSON.stringify(input));
      await after(10);
      return { paid: idempotencyKey };
    },
  },
  held: { effects: "reads", execute: () => new Promise(() => {}) },
  large: { effects: "none", execute: () => ({ text: "x".repeat(200_000), at: new Date(0), bytes: new Uint8Array(3) }) },
  flawed: { effects: "none", execute: () => ({ call: () => {} }) },
};

/** A conductor that keeps executions in the database of this name. */
function keeping(name, { without = [], ...config } = {}) {
  const nodeExecutorFactory = {
    getNodeExecutable: (type) => (Object.hasOwn(bodies, type) && !without.includes(type) ? bodies[type] : undefined),
  };
  return entry.createConductor({ store: `indexeddb:${name}`, nodeExecutorFactory, ...config });
}

/** A flow that pays so many times, three at once, each time something else. */
function shop(rounds) {
  const each = {
    id: "each",
    type: "loop",
    parameters: { loopType: "times", count: rounds, concurrency: 3 },
    ...chain("each", { id: "price", type: "price" }, { id: "pay", type: "pay" }),
  };
  return chain("shop", { id: "first", type: "pay" }, { ...each, id: "each", type: "loop" });
}

/** Goes on with what was left; how each execution ended. */
async function goOn(conductor) {
  const { resumed, blocked } = await conductor.recover();
  const ends = resumed.map(async ({ executionId, result }) => {
    const { success, error } = await result;
    return { executionId, success, message: error?.message };
  });
  return { ends: await Promise.all(ends), blocked };
}

Object.assign(window, { keeping, shop, goOn, createMemoryExecutions });
