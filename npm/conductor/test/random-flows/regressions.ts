/** Seeds of flows that went wrong once. */
export const SEEDS: number[] = [];
