/** In the process of an isolated execution: its end where that of the server ends, however busy it is. */
import { Worker } from "node:worker_threads";

/** A thread of its own, for a node that never gives way lets nothing else happen in its own. */
const CODE = `
  const { Socket } = require("node:net");
  const end = () => {
    // With what its nodes started, where it has a group of its own.
    try { process.kill(-process.pid, "SIGKILL"); } catch {}
    process.kill(process.pid, "SIGKILL");
  };
  const { fd } = require("node:worker_threads").workerData;
  new Socket({ fd, readable: true, writable: false }).on("error", () => {}).on("close", end).resume();
`;

/** Ends this process as soon as the pipe of that descriptor is closed at its other end. */
export function endWith(fd: number): void {
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
  new Worker(CODE, { eval: true, workerData: { fd }, resourceLimits }).unref();
}
