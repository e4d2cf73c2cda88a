import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN_PROCESS = fileURLToPath(new URL("main-process.mjs", import.meta.url));

const NODES = 10;
/** Largest ratio of a round trip's p99 to that of the raw ping-pong. */
const RATIO_AIM = 1.5;
/** Largest p99 of a round trip, in ms. */
const MILLISECONDS_AIM = 10;

/**
 * A page runs a flow of 10 nodes in the main process and waits for its result, over a real process boundary with events
 * on; against the bare exchange of the same request and answer over the same link, by turns.
 *
 * @param {import("../measure.mjs").Bench} _bench
 * @param {{ quick: boolean }} options quick: fewer round trips
 */
export async function* ipc(_bench, { quick }) {
  const { raw, conductor, bytes } = await measure({
    nodes: NODES,
    warmUp: quick ? 500 : 2_000,
    rounds: quick ? 2_000 : 10_000,
  });
  for (const [name, share] of [
    ["median", 0.5],
    ["p90", 0.9],
    ["p99", 0.99],
  ]) {
    const figures = { "raw ping-pong": figureOf(raw, share), conductor: figureOf(conductor, share) };
    const { "raw ping-pong": floor, conductor: own } = figures;
    const ratio = { name: "conductor / raw ping-pong", value: own.median / floor.median };
    const absolute = { name: "conductor in ms", value: own.median / 1_000 };
    yield {
      row: "IPC round trip over a process boundary",
      work: `${name}, flow of ${NODES} nodes, ${(bytes.request / 1e3).toFixed(1)} kB there, ${(bytes.answer / 1e3).toFixed(1)} kB back`,
      unit: "µs",
      figures,
      ratios: name === "p99" ? [withAim(ratio, RATIO_AIM), withAim(absolute, MILLISECONDS_AIM)] : [ratio],
    };
  }
}

/** Lets a main process and its page measure. @returns round trips in ms, and the sizes of what crossed in bytes */
function measure(work) {
  const main = fork(MAIN_PROCESS, [], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  return new Promise((resolve, reject) => {
    main.once("message", ({ samples, error }) => {
      main.disconnect();
      if (error === undefined) resolve(samples);
      else reject(new Error(error));
    });
    main.once("exit", (code) => reject(new Error(`The main process ended with code ${code}`)));
    main.send(work);
  });
}

/** The figure at a share of all samples, in µs. `median` is what the report prints. */
function figureOf(samples, share) {
  const sorted = [...samples].sort((left, right) => left - right);
  const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return {
    median: at * 1_000,
    fastest: sorted[0] * 1_000,
    slowest: sorted.at(-1) * 1_000,
    samples: sorted.length,
    batch: 1,
  };
}

function withAim(ratio, limit) {
  return { ...ratio, aim: { atMost: limit, met: ratio.value <= limit } };
}
