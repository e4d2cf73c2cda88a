/** Processes that are attacked: what they take, and that they are well afterwards. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { ROOT } from "../../../scripts/command.mjs";
import { fill } from "../filled.mjs";
import { startServer } from "../started.mjs";

const MEMORY = ["--expose-gc", "--import", join(ROOT, "tests/server/fuzz/memory.mjs")];

/** How long an answer may take on a machine that is busy: an hour of a hang is no longer than this. In ms. */
const HANGS = 120_000;

/** Rejects where this has not settled after a time that only what hangs takes, or where the process has ended. */
export function answered(what, promise, ended) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} was not answered within ${HANGS / 1000} s`)), HANGS);
  });
  const over = ended.then((code) =>
    Promise.reject(new Error(`The process ended with ${code} before ${what} was answered`)),
  );
  return Promise.race([promise, late, over]).finally(() => clearTimeout(timer));
}

/** A server with all that it can serve, and flows and executions. */
export async function attackedServer() {
  const server = await startServer({ nodeArgs: MEMORY });
  await fill(server);
  return { ...server, memory: memoryOf(server.child, server.ended) };
}

/** The main process of a desktop application. */
export async function attackedBridge() {
  const child = fork(join(ROOT, "tests/server/fuzz/bridge-process.mjs"), [], {
    execArgv: MEMORY,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  await new Promise((resolve) => child.once("message", resolve));
  const waiting = new Map();
  child.on("message", ({ type, id, answer }) => {
    if (type === "answer") waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let count = 0;
  const invoke = (...call) =>
    new Promise((resolve, reject) => {
      const id = count++;
      waiting.set(id, resolve);
      child.send({ type: "call", id, call }, (error) => error && reject(error));
    });
  const end = () => {
    // One that is over already hears nothing.
    if (child.connected) child.send({ type: "end" }, () => {});
    return ended;
  };
  return { invoke, ended, end, said: () => said, memory: memoryOf(child, ended) };
}

/** Bytes that a process has in use after it threw away what it could: its heap, and what is held beside it. */
function memoryOf(child, ended) {
  return async () => {
    const told = new Promise((resolve) => {
      const hear = (message) => {
        if (message.type !== "memory") return;
        child.off("message", hear);
        resolve(message.memory);
      };
      child.on("message", hear);
    });
    child.send({ type: "memory" });
    const { heapUsed, external } = await answered("the question about memory", told, ended);
    return heapUsed + external;
  };
}
