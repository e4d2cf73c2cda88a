/** Which nodes' outputs are reused. The rest is loaded once one is. */
import { messageOf } from "@atomiton/values";

import { cachePolicyOf } from "../../engine/policy.js";
import { effectsOfStep, type OutputReuse, type ReusableStep, type ReusedOutput } from "../../engine/reuse.js";
import type { Reuse } from "./reuse.js";

/** Takes outputs of nodes that ask for it, and of all without effects where the owner says so. */
export class ReuseGate implements OutputReuse {
  private loaded: Promise<Reuse> | undefined;

  /** @param load loads what reuses outputs */
  constructor(
    private readonly takesPure: boolean,
    private readonly load: () => Promise<Reuse>,
  ) {}

  /** What a run needs of it: nothing where no node's output can be reused. */
  forRun(asksForIt: boolean): OutputReuse | undefined {
    return asksForIt || this.takesPure ? this : undefined;
  }

  take(step: ReusableStep): Promise<ReusedOutput> | undefined {
    const cache = step.node.policy?.cache;
    const policy = cachePolicyOf(cache);
    if (policy === undefined) {
      const isPure = this.takesPure && cache !== false && effectsOfStep(step) === "none";
      if (!isPure) return undefined;
    }
    this.loaded ??= this.load();
    return this.loaded.then(
      (reuse) => reuse.output(step, policy),
      async (error) => {
        // What could not be loaded may be the next time.
        this.loaded = undefined;
        return { value: await step.run(), isReused: false, reason: `its cache cannot be loaded: ${messageOf(error)}` };
      },
    );
  }

  /** Settles when all that is to be kept is. */
  async flush(): Promise<void> {
    await (await this.loaded?.catch(() => undefined))?.flush();
  }
}
