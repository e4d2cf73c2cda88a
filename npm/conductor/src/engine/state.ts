/** States of tasks, as the engine numbers them. */

/** In a change: the states that the driver tells apart. */
export const State = { pending: 0, executing: 1, completed: 2, error: 3 } as const;
