/** What the branches of groups, and the sections of a `try`, gave so far, and the output that comes of it. */
import type { ExecutionError } from "../types/errors.js";
import type { BranchMode } from "./outline.js";
import { Sparse } from "./sparse.js";

/** How a branch ended. */
interface Ended {
  /** The node that gives its output. */
  node: number;
  id: string;
  value?: unknown;
  error?: ExecutionError;
}

/** Ended branches by the task of their group, in the order in which they ended. */
export class BranchTable {
  private readonly ended = new Sparse<Ended[]>();

  /** A group begins, maybe once more. */
  begin(group: number): void {
    this.ended.set(group, []);
  }

  /** A branch is over, with a value or an error. */
  end(group: number, ended: Ended): void {
    this.ended.get(group)?.push(ended);
  }

  /** Puts a value in the place of another. */
  replace(old: unknown, value: unknown): void {
    for (const all of this.ended.values()) for (const ended of all) if (ended.value === old) ended.value = value;
  }

  /** The output of a group that is over. */
  gather(group: number, mode: BranchMode): unknown {
    const inTurn = this.ended.get(group) ?? [];
    this.ended.delete(group);
    const declared = [...inTurn].sort((one, other) => one.node - other.node);
    const succeeded = ({ error }: Ended) => error === undefined;
    switch (mode) {
      case "all":
        return { result: byId(declared, outputOf), results: declared.map(outputOf) };
      case "race": {
        const [first] = inTurn;
        return { result: first?.value, winner: first?.id };
      }
      case "allSettled":
        return {
          result: byId(declared, settled),
          results: declared.map((ended) => ({ branch: ended.id, ...settled(ended) })),
          completed: declared.filter(succeeded).length,
          failed: declared.filter((ended) => !succeeded(ended)).length,
          success: declared.every(succeeded),
        };
      case "first": {
        const winners = inTurn.filter(succeeded);
        return {
          result: byId(winners, outputOf),
          results: winners.map(outputOf),
          winners: winners.map(({ id }) => id),
        };
      }
      // The body, or after its failure the catch.
      case "try":
        return inTurn.find(succeeded)?.value;
    }
  }
}

function byId(ended: readonly Ended[], what: (ended: Ended) => unknown): Record<string, unknown> {
  return Object.fromEntries(ended.map((one) => [one.id, what(one)]));
}

function outputOf({ value }: Ended): unknown {
  return value;
}

function settled({ value, error }: Ended): Record<string, unknown> {
  if (error === undefined) return { status: "fulfilled", value };
  const { nodeId, code, message } = error;
  return { status: "rejected", reason: { nodeId, code, message } };
}
