/** The expressions of one run: resolved when a node starts, when its secrets become known as well. */
import { ExpressionError } from "../expressions/failure.js";
import { type Redaction, SHORTEST_IN_VALUES } from "../expressions/redaction.js";
import type { NodeDefinition } from "../types/definition.js";
import type { Call } from "./call.js";
import { CallScope, type ExpressionSources, secretsOf } from "./expression-scope.js";
import type { Plan } from "./plan.js";
import type { Values } from "./values.js";

type Parameters = Record<string, unknown>;

/** The time, as the driver has it. */
export interface RunTimes {
  /** Start of the run, in ms since the epoch. */
  readonly startTime: number;
  /** ms since the epoch. */
  now(): number;
}

const NO_SECRETS: ReadonlyMap<string, unknown> = new Map();

/** Resolves the expressions of one run when a node starts. */
export class NodeExpressions {
  /**
   * @param redaction told of secrets, which the run must not say
   * @param isKept whether the run is kept in a store
   */
  constructor(
    private readonly plan: Plan,
    private readonly values: Values,
    private readonly sources: ExpressionSources | undefined,
    private readonly times: RunTimes,
    private readonly redaction: Redaction,
    private readonly isKept: boolean,
  ) {}

  /** Whether a node has expressions. */
  has(node: number): boolean {
    return this.plan.outline.expressions?.byNode.has(node) === true;
  }

  /** The parameters of a node that starts; a promise of them where secrets are asked for. Throws what a node fails with. */
  resolve(call: Call, node: number, parameters: Parameters): Parameters | Promise<Parameters> {
    const expressions = this.plan.outline.expressions?.byNode.get(node);
    if (expressions === undefined) return parameters;
    const { plan, values, sources, times } = this;
    const now = times.now();
    call.isMade = (parameter) => expressions.isIn(parameter);
    const resolve = (secrets: ReadonlyMap<string, unknown>) => {
      const scopeAt = (time: number) => new CallScope(call, plan, values, sources, times.startTime, time, secrets);
      if (expressions.hasCode) {
        call.names = () => {
          const problem = plan.outline.expressions?.problemOfCode(node);
          if (problem !== undefined) throw new ExpressionError(problem.message, 0);
          // The condition of a loop reads them before each round.
          return expressions.namesForCode(scopeAt(times.now()));
        };
      }
      const warn = (rule: string, message: string) => call.owner.warn(call, rule, message);
      if (expressions.hasCacheKey) call.cacheKey = () => expressions.cacheKey(scopeAt(now), warn);
      return expressions.resolve(parameters, scopeAt(now), warn);
    };
    if (expressions.secrets.size === 0) return resolve(NO_SECRETS);
    return secretsOf(expressions.secrets, sources).then((secrets) => {
      for (const [name, secret] of secrets) {
        this.redaction.add(secret, name);
        if (this.isKept && secret.length < SHORTEST_IN_VALUES) call.owner.warn(call, "short-secret", tooShort(name));
      }
      return resolve(secrets);
    });
  }

  /** Refuses to loop over what an expression did not give: without it, a loop would count to its default. */
  checkItems(node: number, { parameters: written }: NodeDefinition, resolved: Parameters): void {
    const expressions = this.plan.outline.expressions?.byNode.get(node);
    for (const name of ["array", "items", "count"]) {
      if (expressions?.isIn(name) !== true || (resolved[name] !== undefined && resolved[name] !== null)) continue;
      throw new ExpressionError(`Parameter \`${name}\`: \`${String(written?.[name])}\` gave nothing to loop over`, 0);
    }
  }

  /** Whether the parameters of a node, as they are once resolved, are made of secrets. */
  readsSecrets(node: number): boolean {
    return (this.plan.outline.expressions?.byNode.get(node)?.secrets.size ?? 0) > 0;
  }
}

function tooShort(name: string): string {
  return (
    `The secret \`${name}\` has fewer than ${SHORTEST_IN_VALUES} characters, too few to be found in values: where a node returns it, ` +
    "it is kept in the store as it is. Use a longer one"
  );
}
