// Node types that leave behind what should not outlive their execution.
import { spawn } from "node:child_process";
import { Worker } from "node:worker_threads";
import { z } from "zod";

import { type } from "./type.mjs";

/** Ends, while a program that it started goes on. */
export const leaves = type("leaves", () => {
  const started = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  started.unref();
  return started.pid;
});

/** Connects in a thread of its own. */
export const thread = type(
  "thread",
  ({ parameters: { port } }) =>
    new Promise((resolve, reject) => {
      const code = `const { connect } = require("node:net"); const { parentPort } = require("node:worker_threads");
        try { connect(${port}, "127.0.0.1", () => parentPort.postMessage("connected")).on("error", (e) => parentPort.postMessage(String(e))); }
        catch (e) { parentPort.postMessage(e.message); }`;
      const worker = new Worker(code, { eval: true });
      worker.once("message", (said) => {
        void worker.terminate();
        resolve(said);
      });
      worker.once("error", reject);
    }),
  z.object({ port: z.number() }),
);
