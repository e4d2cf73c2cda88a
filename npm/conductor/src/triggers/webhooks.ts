/** The addresses of webhooks: which trigger answers at which path. */
import { secretProblem } from "./secret-text.js";
import { type ArmedTrigger, nameOf, type TriggerSource, type TriggerTools, type Watched } from "./types.js";

/** A trigger that would answer at a path. */
interface Claim {
  trigger: ArmedTrigger;
  /** Since when it has the path, in ms since the epoch. */
  since: number;
  /** It answers nothing, and keeps its path from others. */
  isOff: boolean;
}

/**
 * Paths of webhooks. Of several triggers with one path that answers which had it first, also after a restart. One that is switched off
 * keeps its path: what is sent to it is not for another flow.
 */
export class WebhookPaths {
  private readonly byPath = new Map<string, readonly Claim[]>();

  constructor(private readonly log: (message: string) => void) {}

  /** The trigger that answers at a path. */
  get(path: string): ArmedTrigger | undefined {
    const first = this.byPath.get(path)?.[0];
    return first?.isOff ? undefined : first?.trigger;
  }

  /** Answers at the path of the trigger, and keeps since when it has that. Throws for an invalid secret. */
  readonly watch: TriggerSource = async (trigger, { state, clock }) => {
    demandSecrets(trigger);
    const path = pathOf(trigger);
    const kept = await state.change((found) =>
      sinceIn(found, path) === undefined ? { ...found, path, since: clock.now() } : undefined,
    );
    return this.claim({ trigger, since: sinceIn(kept, path) ?? clock.now(), isOff: false }, this.log);
  };

  /** The same where nothing is to answer: tells only which one would. */
  async inspect(trigger: ArmedTrigger, state: TriggerTools["state"], isOff = false): Promise<Watched> {
    if (!isOff) demandSecrets(trigger);
    const since = sinceIn(await state.get(), pathOf(trigger)) ?? Number.POSITIVE_INFINITY;
    return this.claim({ trigger, since, isOff }, isOff ? this.log : () => {});
  }

  private claim(claim: Claim, log: (message: string) => void): Watched {
    const path = pathOf(claim.trigger);
    const refusal = () => {
      const [first = claim] = this.byPath.get(path) ?? [];
      if (first === claim || claim.isOff) return undefined;
      const other = `${nameOf(first.trigger)}${first.isOff ? ", which is off" : ""}`;
      return `The path ${path} is that of ${other}; give the webhook another \`path\``;
    };
    const name = nameOf(claim.trigger);
    // Of a trigger that is armed anew the one before is closed afterwards, so that nothing else has its path in between.
    this.change(path, (claims) => [...claims.filter(({ trigger }) => nameOf(trigger) !== name), claim].sort(byAge));
    const [first, second] = this.byPath.get(path) ?? [];
    // The other one was watched before, though this one has had the path for longer.
    if (first === claim && second !== undefined && !second.isOff) {
      log(`${nameOf(second.trigger)} does not fire any more: the path ${path} is that of ${name}`);
    }
    return {
      refusal,
      close: () => {
        const wasFirst = this.byPath.get(path)?.[0] === claim;
        this.change(path, (claims) => claims.filter((other) => other !== claim));
        const next = this.get(path);
        if (wasFirst && next !== undefined) log(`${nameOf(next)} has the path ${path} from now on`);
      },
    };
  }

  private change(path: string, change: (claims: readonly Claim[]) => readonly Claim[]): void {
    const claims = change(this.byPath.get(path) ?? []);
    if (claims.length === 0) this.byPath.delete(path);
    else this.byPath.set(path, claims);
  }
}

/** What comes after `/hooks/`. */
export function pathOf(trigger: ArmedTrigger): string {
  const { path } = trigger.parameters;
  return typeof path === "string" && path !== "" ? path : `${trigger.flowId}/${trigger.nodeId}`;
}

function demandSecrets({ parameters }: ArmedTrigger): void {
  const { secret = [] } = (parameters.signature ?? {}) as { secret?: string | string[] };
  for (const text of [secret].flat()) {
    const problem = secretProblem(text);
    if (problem !== undefined) throw new Error(problem);
  }
}

function sinceIn({ path, since }: Readonly<Record<string, unknown>>, own: string): number | undefined {
  return path === own && typeof since === "number" ? since : undefined;
}

function byAge(one: Claim, other: Claim): number {
  if (one.since !== other.since) return one.since < other.since ? -1 : 1;
  return nameOf(one.trigger) < nameOf(other.trigger) ? -1 : 1;
}
