/** What comes after a value that may be there at once: at once as well, so that what does not wait costs no promise. */
export function after<Value, Next>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Next | PromiseLike<Next>,
): Next | Promise<Next> {
  // What `next` gives at once is a value, or a promise of its own making.
  return isThenable(value) ? Promise.resolve(value).then(next) : (next(value) as Next | Promise<Next>);
}

function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
