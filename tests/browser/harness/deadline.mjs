/** Waits that end. */

import { PATIENCE } from "../../../scripts/patience.mjs";

export { PATIENCE };

/**
 * Settles as `promise` does, or rejects with what was being waited for after `patience` ms.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what completes "gave up waiting for …"
 * @returns {Promise<T>}
 */
export async function within(promise, what, patience = PATIENCE) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up waiting for ${what} after ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
