/** Executions that this process leaves to others, as they ask for labels that it does not offer. */
import type { ExecutionStore } from "@atomiton/storage";

import { coded } from "../../engine/failure.js";
import type { NodeDefinition } from "../../types/definition.js";
import { labelsAskedIn, labelsLacking } from "../labels.js";
import { valueIn } from "./entries.js";
import type { Head } from "./kept-run.js";

/** Executions of which it is remembered. */
const MOST_KNOWN = 10_000;

/** Tells which executions of a store these are. */
export class LeftToOthers {
  /** Reasons by id: neither what an execution asks for changes, nor what is offered. */
  readonly #known = new Map<string, string>();
  readonly #store: () => Promise<ExecutionStore>;
  readonly #offered: ReadonlySet<string>;

  constructor(store: () => Promise<ExecutionStore>, offered: ReadonlySet<string>) {
    this.#store = store;
    this.#offered = offered;
  }

  /** Why an execution is left to others; `undefined` where it is not. */
  async reason(id: string): Promise<string | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const begun = await (await this.#store()).begun(id);
    if (begun === undefined) return undefined;
    let asked: readonly string[];
    try {
      asked = labelsOf(JSON.parse(begun.document) as NodeDefinition, valueIn(begun.head) as Head);
    } catch {
      // To go on with it blocks it, with the reason.
      return undefined;
    }
    const reason = labelsLacking(id, asked, this.#offered);
    if (reason !== undefined && this.#known.size < MOST_KNOWN) this.#known.set(id, reason);
    return reason;
  }

  /** @throws Error IMPLEMENTATION_NOT_FOUND for an execution that is left to others */
  async refuse(id: string): Promise<void> {
    const reason = await this.reason(id);
    if (reason !== undefined) throw coded("IMPLEMENTATION_NOT_FOUND", reason, undefined);
  }
}

/** Labels that an execution asks for: those that were noted when it began, and what its flow asks for by itself. */
export function labelsOf(node: NodeDefinition, { labels = [] }: Pick<Head, "labels">): string[] {
  return [...new Set([...labels, ...labelsAskedIn(node).map(({ label }) => label)])];
}
