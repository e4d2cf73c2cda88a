/** What each figure should reach. An aim is printed beside its figure and never fails a run. */

/**
 * @typedef {object} Ratio
 * @property {string} name what is divided by what
 * @property {number} value
 * @property {{ atMost?: number, atLeast?: number, met: boolean }} [aim]
 */

/** Largest ratio of the engine's cost per node to the floor's, by backend: in small flows and in all others. */
const COST = {
  native: { small: 4, large: 2.5 },
  wasm: { small: 3, large: 2 },
};
const SMALL_FLOW = 10;

/** How many times faster than n8n-core the engine should be on a chain, by its size. */
const FASTER_THAN_N8N = new Map([
  [10, 15],
  [1_000, 300],
]);

/** Smallest ratio of plain JavaScript's time to ours for an analysis, by backend. */
const ANALYSIS = { native: 5, wasm: 3 };

/** Ratio to the floor. @returns {Ratio} */
export function costAim(backend, size, value) {
  const { small, large } = COST[backend];
  return atMost(`conductor ${backend} / floor`, value, size <= SMALL_FLOW ? small : large);
}

/** What an expression takes, in µs. @returns {Ratio} */
export function expressionAim(name, value, most) {
  return atMost(name, value, most);
}

/** Ratio of a peer's time to ours: ours should be less. @returns {Ratio} */
export function fasterAim(name, value) {
  return atLeast(name, value, 1);
}

/** Ratio of n8n-core's cost to ours. @returns {Ratio} */
export function n8nAim(backend, shape, size, value) {
  const name = `n8n-core / conductor ${backend}`;
  const aim = shape === "chain" ? FASTER_THAN_N8N.get(size) : undefined;
  return aim === undefined ? { name, value } : atLeast(name, value, aim);
}

/** Cost per node of the largest flow against that of 1,000 nodes: 1 would be perfectly linear. @returns {Ratio} */
export function growthAim(name, value) {
  return atMost(name, value, 1.5);
}

/** Cost with somebody watching against the cost without. @returns {Ratio} */
export function observationAim(name, value) {
  return atMost(name, value, 1.3);
}

/** Plain JavaScript's time for an analysis against ours. @returns {Ratio} */
export function analysisAim(backend, value) {
  return atLeast(`floor / conductor ${backend}`, value, ANALYSIS[backend]);
}

/** The faster plain JavaScript form of the CSV work against ours. @returns {Ratio} */
export function csvTimeAim(name, value) {
  return atLeast(name, value, 4);
}

/** Peak memory above the baseline against the size of the file. @returns {Ratio} */
export function csvMemoryAim(name, value) {
  return atMost(name, value, 1);
}

/** Our time for a million rows filtered and grouped against DuckDB's. @returns {Ratio} */
export function groupByAim(name, value) {
  return atMost(name, value, 1);
}

/** Our time for a join against DuckDB's. @returns {Ratio} */
export function joinAim(name, value) {
  return atMost(name, value, 1.2);
}

/** Our time for a file larger than memory should be against DuckDB's. @returns {Ratio} */
export function largeFileAim(name, value) {
  return atMost(name, value, 1.5);
}

/** Peak memory of the process that works on such a file, in MB. @returns {Ratio} */
export function largeMemoryAim(name, value) {
  return atMost(name, value, 512);
}

/** Time to the first result in a page, in ms. @returns {Ratio} */
export function firstResultAim(value) {
  return atMost("conductor in ms", value, 30);
}

/** Memory of a page after a thousand runs against before. @returns {Ratio} */
export function pageMemoryAim(value) {
  return atMost("conductor after / before", value, 1.1);
}

/** The time of a job against that of a peer, or of another job. @returns {Ratio} */
export function jobAim(name, value, most) {
  return most === undefined ? { name, value } : atMost(name, value, most);
}

/** A figure of executions that last, which has an aim of its own. @returns {Ratio} */
export function durableAim(name, value, { atMost: most, atLeast: least }) {
  return most === undefined ? atLeast(name, value, least) : atMost(name, value, most);
}

/** How often as much as another server ours answers in the same time. @returns {Ratio} */
export function serverAim(name, value, least) {
  return atLeast(name, value, least);
}

function atMost(name, value, limit) {
  return { name, value, aim: { atMost: limit, met: value <= limit } };
}

function atLeast(name, value, limit) {
  return { name, value, aim: { atLeast: limit, met: value >= limit } };
}
