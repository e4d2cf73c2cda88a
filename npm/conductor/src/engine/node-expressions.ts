/** The expressions of one run: resolved when a node starts. What the run then says holds none of the secrets among it. */
import { ExpressionError } from "../expressions/failure.js";
import { Redaction } from "../expressions/redaction.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { Call } from "./call.js";
import { CallScope, type ExpressionSources, secretsOf } from "./expression-scope.js";
import type { Log } from "./log.js";
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

/** Resolves the expressions of one run when a node starts, and takes secrets out of what the run says afterwards. */
export class NodeExpressions {
  /** What must not be said. */
  private readonly redaction = new Redaction();
  private cleanLog: Log | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly values: Values,
    private readonly sources: ExpressionSources | undefined,
    private readonly times: RunTimes,
    private readonly log: Log,
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
      for (const secret of secrets.values()) this.redaction.add(secret);
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

  /** Whether secrets were read so far. */
  get knowsSecrets(): boolean {
    return !this.redaction.isEmpty;
  }

  /** Text of a node, as it may be seen. */
  text(text: string): string {
    return this.redaction.isEmpty ? text : this.redaction.text(text);
  }

  /** An error of a node, as it may be seen. */
  error(error: ExecutionError): ExecutionError {
    const { redaction } = this;
    if (redaction.isEmpty) return error;
    const { message, stack, cause, context } = error;
    const clean: ExecutionError = { ...error, message: redaction.text(message) };
    if (stack !== undefined) clean.stack = redaction.text(stack);
    if (cause !== undefined) clean.cause = redaction.value(cause);
    if (context !== undefined) clean.context = redaction.value(context) as NonNullable<ExecutionError["context"]>;
    return clean;
  }

  /** Where nodes log to. */
  get nodeLog(): Log {
    if (this.redaction.isEmpty) return this.log;
    this.cleanLog ??= cleaned(this.log, this.redaction);
    return this.cleanLog;
  }
}

function cleaned(log: Log, redaction: Redaction): Log {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, ...details: unknown[]) =>
      log[level](redaction.text(String(message)), ...details.map((detail) => redaction.value(detail)));
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return Object.freeze(
    Object.assign((message: string, ...details: unknown[]) => levels.info(message, ...details), levels),
  );
}
