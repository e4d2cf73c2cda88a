/** Seeds of flows that went wrong once. */
export const SEEDS: number[] = [
  // A later node overtook a group that waited to begin again.
  247,
  // A group was listed as run in which nothing had begun when the one around it failed.
  752,
  // A failed group had an output, or an error stood in place of its last leaf's.
  1133, 2302,
];
