/** A subject seen from the parent: a process that answers one question at a time. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { peerEnvironment } from "./peers.mjs";

const PROGRAM = fileURLToPath(new URL("subject-process.mjs", import.meta.url));

/** A subject that did not answer in time; its process is gone and the next question starts a new one. */
export class TooSlow extends Error {
  /** @param {number} limitMs how long the answer was waited for */
  constructor(limitMs) {
    super(`stopped after ${limitMs / 1000} s`);
    this.name = "TooSlow";
  }
}

export class Subject {
  #process;
  #nextId = 0;

  /** @param {string} name as in `subjects/index.mjs` */
  constructor(name) {
    this.name = name;
  }

  /**
   * Asks the subject's process, which is started when needed.
   *
   * @param {string} method of `subject-process.mjs`
   * @param {object} params
   * @param {number} limitMs how long to wait
   * @throws {TooSlow | Error} with the stack of what failed over there
   */
  ask(method, params, limitMs) {
    const child = this.#running();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = (finish, value) => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        finish(value);
      };
      const onMessage = (answer) => {
        if (answer.id !== id) return;
        if (answer.error === undefined) settle(resolve, answer.result);
        else settle(reject, new Error(answer.error));
      };
      const onExit = (code, signal) => {
        this.#process = undefined;
        settle(reject, new Error(`${this.name} ended with ${signal ?? `code ${code}`}`));
      };
      const timer = setTimeout(() => {
        this.stop();
        settle(reject, new TooSlow(limitMs));
      }, limitMs);
      child.on("message", onMessage);
      child.on("exit", onExit);
      child.send({ id, method, params });
    });
  }

  /** Ends the process; a later question starts a new one. */
  stop() {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }

  #running() {
    this.#process ??= fork(PROGRAM, [this.name], {
      execArgv: ["--expose-gc"],
      env: { ...process.env, ...peerEnvironment(), NODE_ENV: "production" },
      // Peers write to the console; only what goes wrong is worth seeing.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return this.#process;
  }
}
