/** Outputs that are made once for all who ask, and kept for those who ask later. */
import type { CachedOutput, NewCachedOutput, OutputCache } from "@atomiton/storage";
import { loadedOnce, messageOf } from "@atomiton/values";

import { routedHandles } from "../../engine/executables.js";
import type { Log } from "../../engine/log.js";
import type { CachePolicy } from "../../engine/policy.js";
import { effectsOfStep, type ReusableStep, type ReusedOutput } from "../../engine/reuse.js";
import type { RowsBehind } from "../../executions/rows-text.js";
import { NotReusable } from "./content.js";
import { entryBytes, entryText, takenFrom } from "./entry.js";
import { type KeyMaker, keyOf } from "./key.js";

/** What it is made of. */
export interface ReuseParts extends KeyMaker {
  /** Opens the cache. */
  open(): Promise<OutputCache>;
  rowsBehind?: RowsBehind | undefined;
  log: Log;
}

/** An output that is being made, or looked for. */
interface Flight {
  executionId: string;
  /** The entry that came of it; `failed` where none did, `gone` where the attempt was stopped. Never rejects. */
  settled: Promise<CachedOutput | "failed" | "gone">;
  settle(end: CachedOutput | "failed" | "gone"): void;
}

const NO_TTL = "it looks at the world, which may change: give its `cache` a `ttl`, such as `1h`, or a `key`";

/** Reuses the outputs of one conductor's runs. */
export class Reuse {
  private readonly flights = new Map<string, Flight>();
  /** Entries that are not kept yet. */
  private readonly pending = new Map<string, NewCachedOutput>();
  private writing: Promise<void> | undefined;
  private readonly cache = loadedOnce((): Promise<OutputCache> => this.parts.open());
  /** What went wrong last, so that it is said once. */
  private readonly problems = { finding: "", reading: "", keeping: "" };

  constructor(private readonly parts: ReuseParts) {}

  /**
   * The output of a leaf: one that was made from the same, or one that is made now.
   *
   * @param policy missing for a node without effects that did not ask for it
   */
  async output(step: ReusableStep, policy: CachePolicy | undefined): Promise<ReusedOutput> {
    const { ttl, key: ownKey } = policy ?? {};
    let key: string;
    try {
      if (ttl === undefined && ownKey === undefined && effectsOfStep(step) === "reads") throw new NotReusable(NO_TTL);
      key = await keyOf(step, ownKey, this.parts);
    } catch (error) {
      if (!(error instanceof NotReusable)) throw error;
      if (step.call.over) return NOTHING;
      return { value: await step.run(), isReused: false, reason: error.message };
    }
    const { call } = step;
    if (call.over) return NOTHING;
    // What is waited for by an attempt around this one cannot be waited for here.
    const mayWait = !this.isInsideFlight(call.executionId);
    for (let flight = this.flights.get(key); mayWait && flight !== undefined; flight = this.flights.get(key)) {
      const end = await flight.settled;
      if (call.over) return NOTHING;
      const taken = typeof end === "object" && this.isFresh(end, ttl) ? this.taken(end) : undefined;
      if (taken !== undefined) return taken;
      if (end !== "gone") return (await this.make(step, key, ttl)).output;
    }
    return this.lead(step, key, ttl, mayWait);
  }

  /** Settles when all that is to be kept is kept, or cannot be. */
  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  /** Looks for an output or makes it, for all who ask meanwhile. */
  private async lead(
    step: ReusableStep,
    key: string,
    ttl: number | undefined,
    isLeading: boolean,
  ): Promise<ReusedOutput> {
    const { call } = step;
    const flight = flightOf(call.executionId);
    const leave = () => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    const stopped = () => {
      leave();
      flight.settle("gone");
    };
    if (isLeading) this.flights.set(key, flight);
    call.signal.addEventListener("abort", stopped, { once: true });
    try {
      const found = await this.find(key, ttl);
      const taken = found && this.taken(found);
      if (taken !== undefined) {
        flight.settle(found as CachedOutput);
        return taken;
      }
      if (call.over) return NOTHING;
      const { output, entry } = await this.make(step, key, ttl);
      flight.settle(entry ?? "failed");
      return output;
    } finally {
      leave();
      flight.settle("failed");
      call.signal.removeEventListener("abort", stopped);
    }
  }

  /** Asks the executable, and keeps what it gives. */
  private async make(
    step: ReusableStep,
    key: string,
    ttl: number | undefined,
  ): Promise<{ output: ReusedOutput; entry?: NewCachedOutput }> {
    const { call, node } = step;
    call.told = [];
    const value = await step.run();
    if (call.over) return { output: NOTHING };
    let text: string;
    try {
      if (routedHandles(value)?.includes("error")) throw new NotReusable("its output is an error");
      if (step.hides(value)) throw new NotReusable("parts of its output are redacted");
      text = entryText({ value, warnings: call.told }, this.parts.rowsBehind);
      if (step.isSecret(text)) throw new NotReusable("its output holds a secret, or something redacted");
      if (step.knowsSecrets() && BYTES.test(text)) {
        throw new NotReusable("its output has bytes, in which a secret of the run, or something redacted, may be");
      }
    } catch (error) {
      return { output: { value, isReused: false, reason: messageOf(error) } };
    }
    const storedAt = Date.now();
    const entry: NewCachedOutput = {
      key,
      nodeType: node.type,
      output: entryBytes(text),
      executionId: call.run.executionId,
      nodeId: String(call.nodeId),
      storedAt,
      ...(ttl !== undefined && { expiresAt: storedAt + ttl }),
    };
    this.keep(entry);
    return { output: { value, isReused: false }, entry };
  }

  /** An entry as an output; `undefined` where it cannot be read, which is said. */
  private taken({ output }: CachedOutput): ReusedOutput | undefined {
    try {
      return { ...takenFrom(output), isReused: true };
    } catch (error) {
      this.tell("reading", `An output of the cache cannot be read and is made again: ${messageOf(error)}`);
      return undefined;
    }
  }

  private async find(key: string, ttl: number | undefined): Promise<CachedOutput | undefined> {
    const pending = this.pending.get(key);
    if (pending !== undefined && this.isFresh(pending, ttl)) return pending;
    try {
      const found = await (await this.cache()).find(key, Date.now());
      this.problems.finding = "";
      return found !== undefined && this.isFresh(found, ttl) ? found : undefined;
    } catch (error) {
      this.tell("finding", `The cache of outputs cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Whether an entry has not expired, neither by what it was kept with nor by what this node says. */
  private isFresh(
    { storedAt, expiresAt = Number.POSITIVE_INFINITY }: NewCachedOutput,
    ttl: number | undefined,
  ): boolean {
    const now = Date.now();
    return now < expiresAt && (ttl === undefined || now < storedAt + ttl);
  }

  /** Keeps an entry, with all others that come in meanwhile. No node waits for that. */
  private keep(entry: NewCachedOutput): void {
    this.pending.set(entry.key, entry);
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  private async write(): Promise<void> {
    while (this.pending.size > 0) {
      const entries = [...this.pending.values()];
      try {
        await (await this.cache()).keep(entries);
        this.problems.keeping = "";
      } catch (error) {
        this.tell("keeping", `Outputs cannot be kept: ${messageOf(error)}`);
      }
      for (const entry of entries) if (this.pending.get(entry.key) === entry) this.pending.delete(entry.key);
    }
  }

  private isInsideFlight(executionId: string): boolean {
    for (const flight of this.flights.values()) if (executionId.startsWith(`${flight.executionId}/`)) return true;
    return false;
  }

  private tell(kind: keyof Reuse["problems"], problem: string): void {
    if (problem !== this.problems[kind]) this.parts.log.warn(`[CONDUCTOR] ${problem}`);
    this.problems[kind] = problem;
  }
}

/** What tagged JSON has of bytes. */
const BYTES = /"\$type":"(?:Buffer|ArrayBuffer|DataView|\w+Array)"/;

/** For an attempt that is over, whose answer comes too late. */
const NOTHING: ReusedOutput = Object.freeze({ value: undefined, isReused: false });

function flightOf(executionId: string): Flight {
  let settle!: Flight["settle"];
  const settled: Flight["settled"] = new Promise((resolve) => {
    settle = resolve;
  });
  return { executionId, settled, settle };
}
