/**
 * A store that breaks at a point: at a call of `write` or `claim`, before or after that took effect.
 *
 * @param {import("@atomiton/storage").ExecutionStore} store
 * @param {{ point: number, before: boolean }} at the number of the call, from 0
 * @param {() => Promise<never>} end ends the process
 */
export function breakingStore(store, { point, before }, end) {
  let calls = 0;
  let isOver = false;
  const breaking = (call) => async (given) => {
    if (isOver) return new Promise(() => {});
    if (calls++ !== point) return call(given);
    isOver = true;
    if (!before) await call(given);
    return end();
  };
  const write = breaking((changes) => store.write(changes));
  const claim = breaking((id) => store.claim(id));
  return new Proxy(store, {
    get(_, name) {
      if (name === "write") return write;
      if (name === "claim") return claim;
      const found = store[name];
      return typeof found === "function" ? found.bind(store) : found;
    },
  });
}
