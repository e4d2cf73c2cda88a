/** The world outside of all processes, and the node types that look at it and change it. */

/** Something done to the world. @typedef {{ key: string, input: string }} Deed */

/** Characters of a text that are compared, beside its length. */
const LONG = 1_000;

const NEVER = new Promise(() => {});

/**
 * The node types of the flow.
 *
 * @param {{ do(deed: Deed): void }} world remembers what is done to it
 * @param {() => boolean} isDead whether the process that would do it has ended
 */
export function nodeTypes(world, isDead = () => false) {
  const type = (effects, perform) => ({
    effects,
    async execute(given) {
      if (isDead()) return NEVER;
      if (effects === "writes") world.do({ key: given.idempotencyKey, input: JSON.stringify(given.input ?? null) });
      const output = await perform(given);
      return isDead() ? NEVER : output;
    },
  });
  return {
    pure: type("none", ({ nodeId, input }) => ({ node: nodeId, of: input ?? null })),
    read: type("reads", () => ({ seen: Math.random() })),
    counts: type("none", ({ variables }) => {
      variables.count = Number(variables.count ?? 0) + 1;
      return { counted: variables.count };
    }),
    large: type("none", () => ({ text: "x".repeat(70_000) })),
    pay: type("writes", async ({ idempotencyKey }) => {
      await undefined;
      return { paid: idempotencyKey };
    }),
    flaky: type("writes", ({ idempotencyKey, attempt, times }) => {
      if (attempt <= times) throw new Error("not this time");
      return { paid: idempotencyKey };
    }),
    /** Fails in the first round of its group. */
    firstRoundFails: type("writes", ({ idempotencyKey }) => {
      if (!/~\d/.test(idempotencyKey)) throw new Error("not in this round");
      return { paid: idempotencyKey };
    }),
  };
}

/** A result without what is another each time: what was seen, and how long it took. */
export function comparable({ data, outputs, error, trace, context }) {
  return plain({
    data,
    outputs,
    error: error && { code: error.code, message: error.message },
    variables: context.variables,
    states: trace?.nodes.map(({ nodeId, state }) => `${nodeId} ${state}`),
  });
}

/** As JSON has it; errors inside by what does not differ. */
function plain(value) {
  return JSON.parse(
    JSON.stringify(value, (name, part) => {
      if (name === "seen") return "seen";
      if (typeof part === "string" && part.length > LONG) return `${part.slice(0, LONG)}… ${part.length} characters`;
      return name === "stack" || name === "timestamp" ? undefined : part;
    }),
  );
}

/** How often each key was done, and the keys that were done with different inputs. @param {readonly Deed[]} deeds */
export function tally(deeds) {
  const inputs = new Map();
  for (const { key, input } of deeds) inputs.set(key, [...(inputs.get(key) ?? []), input]);
  const twoInputs = [...inputs].filter(([, all]) => new Set(all).size > 1).map(([key]) => key);
  return { times: new Map([...inputs].map(([key, all]) => [key, all.length])), twoInputs };
}
