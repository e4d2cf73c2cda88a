/** The expressions in the parameters of a node: found once, compiled once per text, resolved when the node starts. */
import { isRecord } from "@atomiton/values";
import { type CodeName, type CodeNames, codeNamesOf } from "./code-names.js";
import { type Compiled, compile } from "./compile.js";
import { ExpressionError } from "./failure.js";
import { onlyInputHint, type Scope } from "./scope.js";
import { OPENING, partsOf } from "./text.js";
import { toText, ValueError } from "./values.js";

/** Told of what a run does not end with. */
export type Warn = (rule: string, message: string) => void;

/** A text with expressions. */
interface Template {
  parts: readonly (string | Compiled)[];
}

/** Where an expression, or what is wrong with one, stands: keys and positions below the parameters. */
export type ParameterPath = readonly (string | number)[];

/** Where the expressions of a cache's key stand: not below the parameters, but below the node. */
export const CACHE_KEY_PATH: ParameterPath = Object.freeze(["policy", "cache", "key"]);

/** Something wrong with an expression of a node. */
export interface ExpressionProblem {
  path: ParameterPath;
  message: string;
}

/** Texts that were compiled lately. What is kept is bounded by their number and length. */
const templates = new Map<string, Template>();
const MOST_TEMPLATES = 2048;
const LONGEST_KEPT = 2048;

function templateOf(text: string): Template {
  const known = templates.get(text);
  if (known !== undefined) return known;
  const template = {
    parts: partsOf(text).map((part) => (typeof part === "string" ? part : compile(part.source, part.at))),
  };
  if (text.length <= LONGEST_KEPT) {
    if (templates.size >= MOST_TEMPLATES) templates.clear();
    templates.set(text, template);
  }
  return template;
}

/** How deep values of parameters are looked into, and how many texts with expressions a node may have. */
const DEEPEST = 1000;
const MOST_TEXTS = 100_000;

/** The expressions of one node's parameters. */
export class ParameterExpressions {
  /** Places of texts with expressions, outer ones first. */
  private readonly texts: { path: ParameterPath; template: Template }[] = [];
  readonly problems: ExpressionProblem[] = [];
  /** Ids of nodes whose outputs are read, with the first place where each is. */
  readonly nodes = new Map<string, ParameterPath>();
  readonly secrets = new Set<string>();
  /** The first place where the round of a loop is read. */
  loopPath: ParameterPath | undefined;
  /** What the user code of the node reads, by parameter. */
  private readonly codes: CodeNames[] = [];
  private readonly codeNames: { path: CodeName["path"]; value: Compiled }[] = [];
  /** Ids of nodes whose outputs the code reads. */
  readonly codeNodes = new Map<string, ParameterPath>();
  /** What is wrong with how the code reads them. */
  readonly codeProblems: ExpressionProblem[] = [];
  /** What stands for what the node gets, where its outputs are reused by that. */
  private cacheKeyTemplate: Template | undefined;

  /**
   * The expressions of a node, and the names that its code reads; `undefined` where the node has no expressions. Parameters that do not
   * let themselves be read have none: their node fails when it starts.
   *
   * @param cacheKey of the node's policy
   */
  static of(
    type: unknown,
    parameters: Readonly<Record<string, unknown>>,
    cacheKey?: string,
  ): ParameterExpressions | undefined {
    let found: ParameterExpressions | undefined;
    unseen = MOST_UNSEEN;
    try {
      for (const code of typeof type === "string" ? codeNamesOf(type, parameters) : []) {
        found ??= new ParameterExpressions();
        found.addCode(code);
      }
      for (const key in parameters) {
        const value = parameters[key];
        if (typeof value === "string" ? !value.includes(OPENING) : typeof value !== "object" || value === null)
          continue;
        if (!mayHold(value) || !Object.hasOwn(parameters, key)) continue;
        if (typeof value === "string") {
          found ??= new ParameterExpressions();
          found.add(value, [key]);
        } else found = find(value as object, [key], new Set(), found);
      }
    } catch {
      return undefined;
    }
    if (cacheKey?.includes(OPENING)) {
      found ??= new ParameterExpressions();
      found.addCacheKey(cacheKey);
    }
    return found;
  }

  /** Whether the value of a parameter as a whole is, or contains, the result of expressions. */
  isIn(parameter: string): boolean {
    return [...this.texts, ...this.problems].some(({ path }) => path[0] === parameter);
  }

  private valueOf(template: Template, scope: Scope, path: ParameterPath, warn: Warn): unknown {
    try {
      return evaluated(template, scope, path, warn);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const name = `\`${path.join(".")}\``;
      throw new ExpressionError(`${path === CACHE_KEY_PATH ? name : `Parameter ${name}`}: ${error.message}`, error.at);
    }
  }

  /** Whether these are the same expressions at the same places, as far as that can be told at a glance. */
  isSame({ texts, codes, problems, cacheKeyTemplate }: ParameterExpressions): boolean {
    return (
      problems.length === 0 &&
      this.problems.length === 0 &&
      codes.length === this.codes.length &&
      codes.every((code, at) => code === this.codes[at]) &&
      cacheKeyTemplate === this.cacheKeyTemplate &&
      texts.length === this.texts.length &&
      texts.every(({ path, template }, at) => {
        const own = this.texts[at] as (typeof texts)[number];
        return own.template === template && isSamePath(own.path, path);
      })
    );
  }

  /** How many texts with expressions there are. */
  get size(): number {
    return this.texts.length + this.problems.length;
  }

  private addCode(code: CodeNames): void {
    const parameterPath = [code.parameter];
    this.codes.push(code);
    if (code.problem !== undefined) this.codeProblems.push({ path: parameterPath, message: code.problem.message });
    for (const { path, source } of code.names) {
      const value = compile(source, 0);
      this.codeNames.push({ path, value });
      for (const id of value.nodes.keys()) this.codeNodes.set(id, parameterPath);
      for (const name of value.secrets) this.secrets.add(name);
    }
  }

  /** Whether the node has user code that reads names. */
  get hasCode(): boolean {
    return this.codes.length > 0;
  }

  /** What the user code of the node reads, by name. Throws {@link ExpressionError}. */
  namesForCode(scope: Scope): Record<string, unknown> {
    const names: Record<string, unknown> = {};
    const members: Record<string, Record<string, unknown>> = {};
    for (const { path, value } of this.codeNames) {
      const [name, member] = path;
      if (value.loopAt !== undefined && scope.loop === undefined) continue;
      const found = value.evaluate(scope);
      if (member === undefined) names[name] = found;
      else {
        members[name] ??= {};
        put(members[name], member, found);
      }
    }
    return { ...names, ...members };
  }

  private addCacheKey(text: string): void {
    const path = CACHE_KEY_PATH;
    try {
      const template = templateOf(text);
      this.cacheKeyTemplate = template;
      for (const part of template.parts) {
        if (typeof part === "string") continue;
        if (part.secrets.size > 0) {
          this.problems.push({ path, message: "The key of a cache cannot be made of `secrets`" });
        }
        for (const id of part.nodes.keys()) if (!this.nodes.has(id)) this.nodes.set(id, path);
        if (part.loopAt !== undefined) this.loopPath ??= path;
      }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.problems.push({ path, message: error.message });
    }
  }

  /** Whether the key of the node's cache has expressions. */
  get hasCacheKey(): boolean {
    return this.cacheKeyTemplate !== undefined;
  }

  /** The value of the cache's key. Throws {@link ExpressionError}. */
  cacheKey(scope: Scope, warn: Warn): unknown {
    return this.cacheKeyTemplate && this.valueOf(this.cacheKeyTemplate, scope, CACHE_KEY_PATH, warn);
  }

  /** Notes a text with expressions. */
  add(text: string, path: ParameterPath): void {
    if (this.texts.length >= MOST_TEXTS) {
      const message = `A node may have ${MOST_TEXTS} texts with expressions at most`;
      if (this.problems.length === 0) this.problems.push({ path, message });
      return;
    }
    try {
      const template = templateOf(text);
      this.texts.push({ path, template });
      for (const part of template.parts) {
        if (typeof part === "string") continue;
        for (const id of part.nodes.keys()) if (!this.nodes.has(id)) this.nodes.set(id, path);
        for (const name of part.secrets) this.secrets.add(name);
        if (part.loopAt !== undefined) this.loopPath ??= path;
      }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.problems.push({ path, message: error.message });
    }
  }

  /**
   * The parameters with the values of their expressions. Nothing of what was given is changed. Throws
   * {@link ExpressionError}.
   *
   * @param warn told of expressions that gave nothing
   */
  resolve(parameters: Record<string, unknown>, scope: Scope, warn: Warn): Record<string, unknown> {
    if (this.texts.length === 0) return parameters;
    const resolved = { ...parameters };
    const copies = new Map<unknown, unknown>();
    for (const { path, template } of this.texts) {
      let holder: Record<string | number, unknown> = resolved;
      for (let depth = 0; depth < path.length - 1; depth++) {
        const key = path[depth] as string | number;
        const inner = holder[key];
        let copy = copies.get(inner);
        if (copy === undefined) {
          copy = Array.isArray(inner) ? [...inner] : { ...(inner as object) };
          // What stands in several places becomes an object of its own in each.
          copies.set(copy, copy);
        }
        put(holder, key, copy);
        holder = copy as Record<string | number, unknown>;
      }
      put(holder, path[path.length - 1] as string | number, this.valueOf(template, scope, path, warn));
    }
    return resolved;
  }
}

function isSamePath(one: ParameterPath, other: ParameterPath): boolean {
  return one.length === other.length && one.every((key, at) => key === other[at]);
}

function put(holder: Record<string | number, unknown>, key: string | number, value: unknown): void {
  if (key !== "__proto__") holder[key] = value;
  else Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Values that are looked through without noting which were seen: most parameters are few, small values. */
const MOST_UNSEEN = 1000;
let unseen = 0;

/** Whether there may be an expression in a value; what is too large to tell at once may hold one. */
function mayHold(value: unknown): boolean {
  if (typeof value === "string") return value.includes(OPENING);
  if (typeof value !== "object" || value === null) return false;
  if (--unseen < 0) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (mayHold(value[i])) return true;
    return false;
  }
  if (!isRecord(value)) return false;
  for (const key in value) if (mayHold(value[key])) return true;
  return false;
}

/** Looks for texts with expressions in lists and plain objects; what is neither is handed on as it is. */
function find(
  value: object,
  path: ParameterPath,
  seen: Set<object>,
  before: ParameterExpressions | undefined,
): ParameterExpressions | undefined {
  let found = before;
  // What contains itself has no end; what has no expression needs to be seen once, in however many places it stands.
  if (seen.has(value) || path.length > DEEPEST || !(Array.isArray(value) || isRecord(value))) return found;
  const texts = found?.size ?? 0;
  seen.add(value);
  const visit = (inner: unknown, key: string | number) => {
    if (typeof inner === "string") {
      if (!inner.includes(OPENING)) return;
      found ??= new ParameterExpressions();
      found.add(inner, [...path, key]);
    } else if (typeof inner === "object" && inner !== null) {
      found = find(inner, [...path, key], seen, found);
    }
  };
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) visit(value[i], i);
  else for (const key of Object.keys(value)) visit((value as Record<string, unknown>)[key], key);
  if ((found?.size ?? 0) > texts && (found as ParameterExpressions).size < MOST_TEXTS) seen.delete(value);
  return found;
}

function evaluated({ parts }: Template, scope: Scope, path: ParameterPath, warn: Warn): unknown {
  const [only] = parts;
  if (parts.length === 1 && typeof only === "object") return checked(only, scope, path, warn);
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    try {
      const isAddress = ADDRESSES.has(path[0] as string);
      text += toText(isAddress ? demanded(part, scope) : checked(part, scope, path, warn));
    } catch (error) {
      if (error instanceof ValueError) throw new ExpressionError(`\`\${{ ${part.source} }}\` ${error.message}`, 0);
      throw error;
    }
  }
  return text;
}

/** Parameters that say where something is, or goes: with nothing in the place of an expression they lead elsewhere, such as to the folder above. */
const ADDRESSES: ReadonlySet<string> = new Set([
  "args",
  "attachments",
  "baseImage",
  "baseUrl",
  "connection",
  "file",
  "filePath",
  "files",
  "folder",
  "images",
  "output",
  "overlayImage",
  "path",
  "saveTo",
  "targetPath",
  "to",
  "url",
  "workingDirectory",
]);

/** The value of an expression without which a text would mean something else. */
function demanded(expression: Compiled, scope: Scope): unknown {
  const { source } = expression;
  const value = expression.evaluate(scope);
  if (value !== undefined && value !== null) return value;
  throw new ExpressionError(
    `\`\${{ ${source} }}\` is ${value}, and without it the text leads elsewhere: give it a value, or write \`?? ""\` where it may be missing${onlyInputHint(source, scope)}`,
    0,
  );
}

/** The value of an expression, and a warning where that is nothing. */
function checked(expression: Compiled, scope: Scope, path: ParameterPath, warn: Warn): unknown {
  const { source } = expression;
  const say = (rule: string, what: string) =>
    warn(rule, `\`\${{ ${source} }}\` in parameter \`${path.join(".")}\` ${what}`);
  const value = expression.evaluate(scope, ({ rule, message }) => say(rule, message));
  if (value === undefined || value === null) {
    say("empty-expression", `is ${value}${onlyInputHint(source, scope)}`);
  }
  return value;
}
