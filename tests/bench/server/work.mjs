/** The flow that all servers run: a request goes through functions, one after the other, and what they made is the answer. */

/** Functions between a request and its answer. */
export const FUNCTIONS = 8;

/** What callers sign in with, where there is a sign-in. */
export const KEY = "key-of-the-benchmark";

/** What a caller sends. */
export const BODY = { count: 0 };

/** What each function does. */
export const step = ({ count }) => ({ count: count + 1 });
