/** What the expressions of a node that starts can read. */
import { ExpressionError, suggestion } from "../expressions/failure.js";
import { type LoopScope, mainValue, type Scope } from "../expressions/scope.js";
import type { Call } from "./call.js";
import type { Plan } from "./plan.js";
import type { Values } from "./values.js";

/** Where names come from that a conductor has to allow. */
export interface ExpressionSources {
  /** Environment variables by name; only these can be read. */
  env: Readonly<Record<string, string | undefined>>;
  /** Gives a secret. */
  secrets: ((name: string) => unknown) | undefined;
}

/** The names that expressions of one node can read. Members are worked out when they are read. */
export class CallScope implements Scope {
  /**
   * @param startedAt of the run, in ms since the epoch
   * @param time of the start of the node, in ms since the epoch
   */
  constructor(
    private readonly call: Call,
    private readonly plan: Plan,
    private readonly values: Values,
    private readonly sources: ExpressionSources | undefined,
    private readonly startedAt: number,
    private readonly time: number,
    private readonly secrets: ReadonlyMap<string, unknown>,
  ) {}

  get input(): unknown {
    this.call.readsInput = true;
    return this.call.input;
  }

  get data(): unknown {
    this.call.readsInput = true;
    return mainValue(this.call.input, this.loop !== undefined);
  }

  get loop(): LoopScope | undefined {
    return this.values.loopOf(this.call.task);
  }

  get variables(): unknown {
    return this.call.run.variables;
  }

  get run(): Scope["run"] {
    return {
      id: this.call.run.executionId,
      startedAt: isoText(this.startedAt),
      attempt: this.call.attemptNumber,
      flowId: this.plan.id(0),
    };
  }

  get now(): string {
    return isoText(this.time);
  }

  node(id: string): unknown {
    this.call.readsInput = true;
    const { call, plan, values } = this;
    const read = plan.outline.expressions?.read(values.nodeOf(call.task), id);
    return read === undefined ? undefined : values.outputSeenBy(call.task, read);
  }

  env(name: string): unknown {
    const env = this.sources?.env ?? {};
    if (Object.hasOwn(env, name)) return env[name];
    const names = Object.keys(env);
    const allowed = names.length === 0 ? "none is allowed" : `allowed are ${names.join(", ")}`;
    throw new ExpressionError(
      `\`env.${name}\` may not be read: ${allowed}.${suggestion(name, names)} Allow it with \`expressions: { env: ["${name}"] }\` in the conductor's settings`,
      0,
    );
  }

  secret(name: string): unknown {
    return this.secrets.get(name);
  }
}

/**
 * Asks for secrets. Throws, or rejects, where one cannot be had; the text of secrets is in no message.
 *
 * @param lacking what to say of one where nothing gives any
 */
export async function secretsOf(
  names: Iterable<string>,
  sources: ExpressionSources | undefined,
  lacking: (name: string) => string = lackingInConductor,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await Promise.all(
    Array.from(names, async (name) => {
      const resolve = sources?.secrets;
      if (resolve === undefined) {
        throw new ExpressionError(`\`secrets.${name}\` cannot be read: ${lacking(name)}`, 0);
      }
      const secret = await resolve(name);
      if (typeof secret !== "string") {
        const kind = secret === null || secret === undefined ? "no secret has this name" : "it is not text";
        throw new ExpressionError(`\`secrets.${name}\` cannot be read: ${kind}`, 0);
      }
      found.set(name, secret);
    }),
  );
  return found;
}

function lackingInConductor(name: string): string {
  return (
    "the conductor has no secrets. Give it `secrets: (name) => …`, a setting of createConductor and of conductor.config; " +
    `the command line also takes what \`conductor secrets set ${name}\` keeps in its store`
  );
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
