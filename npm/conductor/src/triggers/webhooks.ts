/** The addresses of webhooks: which trigger answers at which path. */
import { secretProblem } from "./secret-text.js";
import { type ArmedTrigger, nameOf, type TriggerSource } from "./types.js";

/** Paths of webhooks. */
export class WebhookPaths {
  private readonly byPath = new Map<string, ArmedTrigger>();

  /** The trigger that answers at a path. */
  get(path: string): ArmedTrigger | undefined {
    return this.byPath.get(path);
  }

  /** Answers at the path of the trigger. Throws where another one does. */
  readonly watch: TriggerSource = (trigger) => {
    const { secret = [] } = (trigger.parameters.signature ?? {}) as { secret?: string | string[] };
    for (const text of [secret].flat()) {
      const problem = secretProblem(text);
      if (problem !== undefined) throw new Error(problem);
    }
    const path = pathOf(trigger);
    const other = this.byPath.get(path);
    if (other !== undefined) {
      throw new Error(`The path ${path} is that of ${nameOf(other)}; give the webhook another \`path\``);
    }
    this.byPath.set(path, trigger);
    return {
      close: () => {
        if (this.byPath.get(path) === trigger) this.byPath.delete(path);
      },
    };
  };
}

/** What comes after `/hooks/`. */
export function pathOf(trigger: ArmedTrigger): string {
  const { path } = trigger.parameters;
  if (typeof path === "string" && path !== "") return path;
  // As addresses have it, whatever the ids are.
  return `${encodeURIComponent(trigger.flowId)}/${encodeURIComponent(trigger.nodeId)}`;
}
