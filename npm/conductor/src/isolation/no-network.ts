/** A process without connections, as far as its JavaScript is concerned. */
import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import threads, { type WorkerOptions } from "node:worker_threads";
import { coded, RETRY } from "../engine/failure.js";

/**
 * Refuses all connections from now on, and all questions for names: those tell something to others, too.
 *
 * @param preload path of the CommonJS module that does the same in threads, which have modules of Node of their own
 */
export function closeNetwork(preload: string): void {
  const refuse = () => {
    throw Object.assign(
      coded("EXECUTION_FAILED", "Isolated executions have no network here: its owner can grant it", undefined),
      {
        [RETRY]: false,
      },
    );
  };
  close(net.Socket.prototype, ["connect"], refuse);
  close(net.Server.prototype, ["listen"], refuse);
  close(dgram.Socket.prototype, ["bind", "connect", "send"], refuse);
  const questions = (of: object) => Object.keys(of).filter((name) => /^(?:lookup|resolve|reverse)/.test(name));
  close(dns, questions(dns), refuse);
  close(dns.promises, questions(dns.promises), refuse);
  for (const { prototype } of [dns.Resolver, dns.promises.Resolver]) {
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(prototype)).concat(
      Object.getOwnPropertyNames(prototype),
    );
    close(
      prototype,
      names.filter((name) => /^(?:resolve|reverse)/.test(name)),
      refuse,
    );
  }
  threads.Worker = class Worker extends threads.Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      super(file, { ...options, execArgv: ["--require", preload, ...(options.execArgv ?? [])] });
    }
  };
  syncBuiltinESMExports();
}

function close(object: object, names: readonly string[], refuse: () => never): void {
  for (const name of names)
    Object.defineProperty(object, name, { value: refuse, writable: false, configurable: false });
}
