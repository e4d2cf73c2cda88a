/**
 * Expressions compiled to closures over a scope.
 *
 * No code is generated and no engine is asked: what an expression can do is what is written here. It reads own properties
 * of data, uses operators, and calls the methods and functions of `methods.ts` by name. It can assign nothing, reach no
 * prototype, and each evaluation is bounded in steps and in the size of what it makes.
 */
import { nameHere } from "@atomiton/values";

import { DOUBTFUL, type Doubt, doubtOf } from "./doubts.js";
import { ExpressionError, suggestion } from "./failure.js";
import { callMethod, FUNCTIONS, isMethod, methodNames } from "./methods.js";
import { LISTED, NAMES, onlyInputHint, type Scope } from "./scope.js";
import { excerpt, type Syntax, syntaxOf } from "./syntax.js";
import { type Budget, OPERATORS, ownProperty, UNARY, ValueError } from "./values.js";

/** One evaluation: what it reads, the parameters of its callbacks, what it has used. */
interface Evaluation extends Budget {
  scope: Scope;
  locals: unknown[];
  /** The first operator that was in doubt. */
  doubt?: Doubt | undefined;
}

type Evaluate = (evaluation: Evaluation) => unknown;

/** An expression, compiled. */
export interface Compiled {
  /** As it stands in the parameter, in one line. */
  readonly source: string;
  /** Ids of nodes whose outputs it reads, with the offset at which each is named. */
  readonly nodes: ReadonlyMap<string, number>;
  /** Names of secrets that it reads. */
  readonly secrets: ReadonlySet<string>;
  /** Whether it reads what only nodes inside a loop have, and where it is named. */
  readonly loopAt: number | undefined;
  /**
   * Throws {@link ExpressionError}.
   *
   * @param told of an operator that hardly gave what was meant
   */
  evaluate(scope: Scope, told?: (doubt: Doubt) => void): unknown;
}

/** Compiles an expression. `at` is its offset in the parameter's text. Throws {@link ExpressionError}. */
export function compile(source: string, at: number): Compiled {
  const compiler = new Compiler(source, at);
  let run: Evaluate;
  try {
    run = compiler.compile(syntaxOf(source, at));
  } catch (error) {
    if (error instanceof RangeError) throw new ExpressionError("The expression is nested too deeply", at);
    throw error;
  }
  const { nodes, secrets, loopAt } = compiler;
  const shown = excerpt(source);
  return {
    source: shown,
    nodes,
    secrets,
    loopAt,
    evaluate(scope, told) {
      const evaluation: Evaluation = { scope, locals: [], steps: 0 };
      try {
        const value = run(evaluation);
        if (evaluation.doubt !== undefined) told?.(evaluation.doubt);
        return value;
      } catch (error) {
        if (error instanceof ValueError) {
          throw new ExpressionError(`\`\${{ ${shown} }}\` ${error.message}${onlyInputHint(shown, scope)}`, at);
        }
        if (error instanceof RangeError) throw new ExpressionError(`\`\${{ ${shown} }}\` makes too much`, at);
        throw error;
      }
    },
  };
}

/** What a chain with `?.` is worth once something in it was missing. */
const MISSING = Symbol("missing");

const LOOP_NAMES: ReadonlySet<string> = new Set(["item", "index", "items", "loop"]);
/** What only the conditions of loops read, which are code. */
const OF_ROUNDS: ReadonlySet<string> = new Set(["iteration", "lastResult"]);

class Compiler {
  readonly nodes = new Map<string, number>();
  readonly secrets = new Set<string>();
  loopAt: number | undefined;
  /** Parameters of the callbacks around what is being compiled: each has a place of its own among the locals. */
  private readonly parameters: { name: string; place: number }[] = [];
  private places = 0;
  /** Of each sum, whether all that it adds is read or is a number; others are meant to join. */
  private readonly sums = new Map<Syntax, boolean>();
  /** How many `||` there are around what is being compiled: they may ask for a number and for its text. */
  private choices = 0;

  constructor(
    private readonly source: string,
    private readonly at: number,
  ) {}

  compile(syntax: Syntax): Evaluate {
    const evaluate = this.chain(syntax);
    if (!hasOptional(syntax)) return evaluate;
    return (evaluation) => {
      const value = evaluate(evaluation);
      return value === MISSING ? undefined : value;
    };
  }

  private chain(syntax: Syntax): Evaluate {
    switch (syntax.type) {
      case "Literal": {
        const { value } = syntax;
        return () => value;
      }
      case "Identifier":
        return this.name(syntax.name as string);
      case "MemberExpression":
        return this.member(syntax);
      case "CallExpression":
        return this.call(syntax);
      case "UnaryExpression":
        return this.unary(syntax);
      case "BinaryExpression":
      case "LogicalExpression":
        return this.binary(syntax);
      case "ConditionalExpression": {
        const test = this.compile(syntax.test as Syntax);
        const [yes, no] = [this.compile(syntax.consequent as Syntax), this.compile(syntax.alternate as Syntax)];
        return (evaluation) => (test(evaluation) ? yes(evaluation) : no(evaluation));
      }
      case "ArrayExpression": {
        const elements = (syntax.elements ?? []).map((element) =>
          this.compile(element ?? this.refuse("a gap in a list")),
        );
        return (evaluation) => elements.map((element) => element(evaluation));
      }
      case "ObjectExpression":
        return this.object(syntax);
      case "ArrowFunctionExpression":
        return this.refuse("a function outside of a call such as `data.map(x => x.id)`");
      case "Compound":
        return this.refuse("several expressions, of which one is wanted");
      case "ThisExpression":
        return this.refuse("`this`");
      default:
        return this.refuse(`what is not part of expressions (${syntax.type})`);
    }
  }

  private name(name: string): Evaluate {
    const parameter = this.parameters.findLast((known) => known.name === name);
    if (parameter !== undefined) {
      const { place } = parameter;
      return ({ locals }) => locals[place];
    }
    if (LOOP_NAMES.has(name)) this.loopAt ??= this.placeOf(name);
    switch (name) {
      case "input":
        return ({ scope }) => scope.input;
      case "data":
        return ({ scope }) => scope.data;
      case "item":
        return ({ scope }) => scope.loop?.item;
      case "index":
        return ({ scope }) => scope.loop?.index;
      case "items":
        return ({ scope }) => lengthAlone(scope.loop?.length);
      case "loop":
        return ({ scope }) => scope.loop;
      case "variables":
        return ({ scope }) => scope.variables;
      case "run":
        return ({ scope }) => scope.run;
      case "now":
        return ({ scope }) => scope.now;
      case "undefined":
        return () => undefined;
    }
    if (LISTED.has(name)) {
      const example = name === "nodes" ? 'nodes.fetch` or `nodes["fetch-users"]' : `${name}.NAME`;
      return this.fail(`\`${name}\` is read by name: \`${example}\``, name);
    }
    if (FUNCTIONS.has(name)) return this.fail(`\`${name}\` is a function: call it, as in \`${name}(data)\``, name);
    const hint = OF_ROUNDS.has(name)
      ? ` The code in \`condition\` and \`breakWhen\` of loops reads \`${name}\`, and is written without \`\${{ }}\`.`
      : this.hasDash(name)
        ? ' An id with a dash is written `nodes["fetch-users"]`.'
        : "";
    const known = [...this.parameters.map((parameter) => parameter.name), ...NAMES];
    const meant = nameHere(name);
    return this.fail(
      `\`${name}\` is not defined.${meant === undefined ? suggestion(name, known) : ` Did you mean \`${meant}\`?`}${hint} Defined are ${known.join(", ")}`,
      name,
    );
  }

  private member(syntax: Syntax): Evaluate {
    const [object, property] = [syntax.object as Syntax, syntax.property as Syntax];
    const root = object.type === "Identifier" ? (object.name as string) : undefined;
    if (root !== undefined && LISTED.has(root) && !this.parameters.some(({ name }) => name === root)) {
      return this.listed(root, syntax, property);
    }
    const optional = syntax.optional === true;
    const of = this.chain(object);
    const shown = pathOf(object) ?? "a value";
    if (syntax.computed !== true || property.type === "Literal") {
      const key = syntax.computed === true ? property.value : property.name;
      if (root === "items" && key !== "length")
        this.fail("`items` has only `length`; the item of this round is `item`", "items");
      return (evaluation) => {
        const value = of(evaluation);
        if (value === undefined || value === null) return lacking(value, optional, shown, key);
        return value === MISSING ? MISSING : ownProperty(value, key);
      };
    }
    const keyOf = this.compile(property);
    return (evaluation) => {
      const value = of(evaluation);
      if (value === undefined || value === null) return lacking(value, optional, shown, "…");
      return value === MISSING ? MISSING : ownProperty(value, keyOf(evaluation));
    };
  }

  /** `nodes.id`, `env.NAME`, `secrets.NAME`. */
  private listed(root: string, { computed }: Syntax, property: Syntax): Evaluate {
    const name = computed === true ? property.value : property.name;
    if (typeof name !== "string" || (computed === true && property.type !== "Literal")) {
      return this.fail(`A name of \`${root}\` is written out, not worked out: \`${root}["name"]\``, root);
    }
    if (root === "nodes") {
      if (!this.nodes.has(name)) this.nodes.set(name, this.placeOf(name));
      return ({ scope }) => scope.node(name);
    }
    if (root === "env") return ({ scope }) => scope.env(name);
    this.secrets.add(name);
    return ({ scope }) => scope.secret(name);
  }

  private call(syntax: Syntax): Evaluate {
    const callee = syntax.callee as Syntax;
    const called = pathOf(callee);
    const given = (syntax.arguments ?? []).map((argument) => this.argument(argument));
    const known = called === undefined ? undefined : FUNCTIONS.get(called);
    if (known !== undefined && !this.parameters.some(({ name }) => name === called?.split(".")[0])) {
      return (evaluation) => known(...given.map((argument) => argument(evaluation)));
    }
    const name = callee.computed === true ? undefined : callee.property?.name;
    if (callee.type !== "MemberExpression" || name === undefined) {
      const names = [...FUNCTIONS.keys()];
      return this.fail(
        `\`${called ?? excerpt(this.source)}\` cannot be called.${suggestion(called ?? "", names)} Functions are ${names.join(", ")}`,
        called ?? "",
      );
    }
    if (!isMethod(name)) {
      const names = methodNames();
      return this.fail(`\`${name}()\` is not known.${suggestion(name, names)} Methods are ${names.join(", ")}`, name);
    }
    const of = this.chain(callee.object as Syntax);
    const optional = callee.optional === true;
    const shown = pathOf(callee.object as Syntax) ?? "a value";
    return (evaluation) => {
      const self = of(evaluation);
      if (self === undefined || self === null) return lacking(self, optional, shown, `${name}()`);
      if (self === MISSING) return MISSING;
      return callMethod(
        self,
        name,
        given.map((argument) => argument(evaluation)),
        evaluation,
      );
    };
  }

  /** What is handed to a method: a value, or a callback. */
  private argument(syntax: Syntax): Evaluate {
    if (syntax.type !== "ArrowFunctionExpression") return this.compile(syntax);
    if (syntax.async === true) return this.refuse("an asynchronous function");
    const before = this.parameters.length;
    const places = (syntax.params ?? []).map((parameter) => {
      if (parameter.type !== "Identifier") return this.refuse("a parameter that is more than a name");
      const place = this.places++;
      this.parameters.push({ name: parameter.name as string, place });
      return place;
    });
    const body = this.compile(syntax.body as Syntax);
    this.parameters.length = before;
    return (evaluation) =>
      (...values: unknown[]) => {
        for (let i = 0; i < places.length; i++) evaluation.locals[places[i] as number] = values[i];
        return body(evaluation);
      };
  }

  private unary({ operator, argument }: Syntax): Evaluate {
    const apply = UNARY.get(operator as string);
    if (apply === undefined) return this.refuse(`the operator \`${operator}\``);
    const of = this.compile(argument as Syntax);
    return (evaluation) => apply(of(evaluation));
  }

  private binary(syntax: Syntax): Evaluate {
    const { operator, left, right } = syntax;
    if (operator === "+" && !this.sums.has(syntax)) this.noteSum(syntax, isOfNames(syntax));
    if (operator === "||") this.choices++;
    const [one, other] = [this.compile(left as Syntax), this.compile(right as Syntax)];
    if (operator === "||") this.choices--;
    if (operator === "&&") return (evaluation) => one(evaluation) && other(evaluation);
    if (operator === "||") return (evaluation) => one(evaluation) || other(evaluation);
    if (operator === "??") return (evaluation) => one(evaluation) ?? other(evaluation);
    const apply = OPERATORS.get(operator as string);
    if (apply === undefined) return this.refuse(`the operator \`${operator}\``);
    const isMeant = operator === "+" ? this.sums.get(syntax) === false : operator === "===" && this.choices > 0;
    if (!DOUBTFUL.has(operator as string) || isMeant) {
      return (evaluation) => apply(one(evaluation), other(evaluation));
    }
    return (evaluation) => {
      const [a, b] = [one(evaluation), other(evaluation)];
      const value = apply(a, b);
      evaluation.doubt ??= doubtOf(operator as string, apply, [a, b, value]);
      return value;
    };
  }

  /** Notes what is known of a sum, and of those within it. */
  private noteSum(syntax: Syntax | undefined, isOfNames: boolean): void {
    if (syntax?.type !== "BinaryExpression" || syntax.operator !== "+") return;
    this.sums.set(syntax, isOfNames);
    this.noteSum(syntax.left, isOfNames);
    this.noteSum(syntax.right, isOfNames);
  }

  private object({ properties }: Syntax): Evaluate {
    const fields = (properties ?? []).map(({ type, key, value, computed, shorthand }): [string, Evaluate] => {
      if (type !== "Property" || key === undefined || computed === true)
        return this.refuse("a computed or spread property");
      const name = String(key.type === "Literal" ? key.value : key.name);
      return [name, this.compile(shorthand === true ? key : (value as Syntax))];
    });
    return (evaluation) => {
      const made: Record<string, unknown> = {};
      for (const [name, value] of fields) {
        const own = { value: value(evaluation), writable: true, enumerable: true, configurable: true };
        Object.defineProperty(made, name, own);
      }
      return made;
    };
  }

  private hasDash(name: string): boolean {
    return /\bnodes\s*\./.test(this.source) && this.source.includes(`-${name}`);
  }

  private placeOf(name: string): number {
    for (let at = this.source.indexOf(name); name !== "" && at !== -1; at = this.source.indexOf(name, at + 1)) {
      const around = (this.source[at - 1] ?? " ") + (this.source[at + name.length] ?? " ");
      if (!/[\p{ID_Continue}$]/u.test(around)) return this.at + at;
    }
    return this.at;
  }

  private fail(message: string, name: string): never {
    const place = this.placeOf(name);
    throw new ExpressionError(`${message} (character ${place - this.at + 1} of \`${excerpt(this.source)}\`)`, place);
  }

  private refuse(what: string): never {
    const message = `\`${excerpt(this.source)}\` has ${what}, which expressions do not know; put such code into a \`transform\` node`;
    throw new ExpressionError(message, this.at);
  }
}

/** What reading something of nothing gives: an error, but after `?.`. */
function lacking(value: undefined | null, optional: boolean, shown: string, key: unknown): symbol {
  if (optional) return MISSING;
  throw new ValueError(
    `reads ${JSON.stringify(key)} of ${shown}, which is ${value}; write \`?.\` where it may be missing`,
  );
}

function lengthAlone(length: number | undefined): unknown {
  if (length === undefined)
    throw new ValueError("asks for the number of items, which this loop does not know beforehand");
  return { length };
}

/** A path as it is written, such as `data.user`. */
function pathOf(syntax: Syntax): string | undefined {
  if (syntax.type === "Identifier") return syntax.name;
  if (syntax.type !== "MemberExpression") return undefined;
  const of = pathOf(syntax.object as Syntax);
  if (of === undefined) return undefined;
  const property = syntax.property as Syntax;
  if (syntax.computed !== true) return `${of}.${property.name}`;
  return property.type === "Literal" ? `${of}[${property.raw}]` : undefined;
}

const ARITHMETIC: ReadonlySet<string | undefined> = new Set(["-", "*", "/", "%", "**"]);

/** Whether a sum is one of values that are read, and of numbers. */
function isOfNames(syntax: Syntax | undefined): boolean {
  switch (syntax?.type) {
    case "BinaryExpression":
      if (syntax.operator === "+") return isOfNames(syntax.left) && isOfNames(syntax.right);
      return ARITHMETIC.has(syntax.operator);
    case "UnaryExpression":
      return syntax.operator === "-" || syntax.operator === "+";
    case "CallExpression": {
      const called = pathOf(syntax.callee as Syntax);
      return called === "Number" || called?.startsWith("Math.") === true;
    }
    case "Literal":
      return typeof syntax.value === "number";
    default:
      return syntax?.type === "Identifier" || syntax?.type === "MemberExpression";
  }
}

function hasOptional(syntax: Syntax | undefined): boolean {
  if (syntax === undefined || (syntax.type !== "MemberExpression" && syntax.type !== "CallExpression")) return false;
  return syntax.optional === true || hasOptional(syntax.type === "CallExpression" ? syntax.callee : syntax.object);
}
