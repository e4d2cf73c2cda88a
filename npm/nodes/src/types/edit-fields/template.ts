import Mustache from "mustache";

import { NodeError } from "../../contract/error.js";
import { textOf } from "../../data/field.js";
import { isPlainObject } from "../../data/input.js";
import { listOrSelf, tableBehind } from "../../table/table-output.js";

/**
 * Renders `{{name}}`, `{{a.b}}`, `{{#list}}…{{/list}}`, `{{^list}}…{{/list}}` and `{{{raw}}}`; `{{name | upper}}` shows a
 * name by filters. Templates are data: nothing in them is compiled or called, and only own properties are seen.
 *
 * @param views searched from the last to the first; `it.` before a name stands for all of them
 * @param escapes whether values are escaped for HTML, or how else they are written
 * @param missed told of names that are nowhere, which give nothing; not of those of sections, which ask whether there is
 *   something
 * @throws Error saying what is wrong with the template; NodeError INVALID_PARAMETERS when it takes too much: sections
 *   within sections over lists grow without end, and the main thread waits for them.
 */
export function render(
  template: string,
  views: readonly unknown[],
  escapes: boolean | ((value: unknown) => string),
  missed?: (missing: MissingName) => void,
): string {
  // Most texts are no templates.
  if (!template.includes("{{")) return template;
  const fault = templateFault(template);
  if (fault !== undefined) throw new NodeError("INVALID_PARAMETERS", fault);
  const budget = new Budget();
  const root = new Scope({}, undefined, budget, missed);
  const context = views.reduce<Scope>((parent, view) => new Scope(view, parent, budget, missed), root);
  const escaped = typeof escapes === "function" ? escapes : escapes ? escapeHtml : textOf;
  return new Writer(budget).render(template, context, undefined, {
    escape: (value: unknown) => budget.spent(escaped(value)),
  });
}

/** Filters by their names: what they make of a value. `safe` is one by which a value is not escaped. */
const FILTERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  upper: (value) => textOf(value).toUpperCase(),
  lower: (value) => textOf(value).toLowerCase(),
  capitalize: (value) => textOf(value).replace(/^./u, (first) => first.toUpperCase()),
  trim: (value) => textOf(value).trim(),
  json: (value) => JSON.stringify(value),
  length: (value) => (Array.isArray(value) ? value.length : textOf(value).length),
  e: (value) => value,
  safe: (value) => value,
};

/** What other template languages call helpers, and how it is written here. */
const HELPERS: Readonly<Record<string, string>> = {
  each: "{{#list}}…{{/list}}, with the fields of an item or {{.}} inside",
  foreach: "{{#list}}…{{/list}}, with the fields of an item or {{.}} inside",
  if: "{{#name}}…{{/name}}, and {{^name}}…{{/name}} for the other case",
};

/** What a template has that is not carried out, wherever it is; what is wrong with its sections its reader says. */
export function templateFault(template: string): string | undefined {
  const helper = /\{\{[~_-]?\s*@\s*(\w+)\s*\(/.exec(template)?.[1];
  if (helper === undefined) return undefined;
  const known = "there are sections: {{#name}}…{{/name}} and {{^name}}…{{/name}}";
  return `the helper \`@${helper}\` is not known; ${HELPERS[helper] ? `write ${HELPERS[helper]}` : known}`;
}

/** A name in a template that was nowhere, or held nothing. */
export interface MissingName {
  name: string;
  /** The names that there are in its place. */
  known(): string[];
}

/** Names that are looked at for one that is like it. */
const MOST_KNOWN = 1000;

/** What one rendering may take. */
class Budget {
  #left = 64 * 1024 * 1024;

  /** Counts a look-up as much as text of 32 characters, which takes about as long. */
  spend(amount = 32): void {
    this.#left -= amount;
    if (this.#left < 0)
      throw new NodeError("INVALID_PARAMETERS", "the template gives too much text or looks up too many values");
  }

  spent(text: string): string {
    this.spend(text.length);
    return text;
  }
}

/** Where the library itself would look up the prototype chain and call the functions it finds. */
class Scope extends Mustache.Context {
  readonly #view: unknown;
  readonly #parent: Scope | undefined;
  readonly #budget: Budget;
  readonly #missed: ((missing: MissingName) => void) | undefined;

  constructor(
    view: unknown,
    parent: Scope | undefined,
    budget: Budget,
    missed: ((missing: MissingName) => void) | undefined,
  ) {
    super(view, parent as Mustache.Context);
    this.#missed = missed;
    this.#view = view;
    this.#parent = parent;
    this.#budget = budget;
  }

  override push(view: unknown): Scope {
    this.#budget.spend();
    return new Scope(view, this, this.#budget, this.#missed);
  }

  override lookup(name: string): unknown {
    this.#budget.spend();
    if (name === ".") return shown(this.#view);
    for (let scope: Scope | undefined = this as Scope; scope; scope = scope.#parent) {
      const value = scope.#own(name.split("."));
      if (value !== undefined) return shown(value);
    }
    return name.startsWith("it.") ? this.lookup(name.slice(3)) : undefined;
  }

  /**
   * The value of a name that is to be shown, by its filters, and whether it is shown as it is. A field may have a name that
   * looks like more than one.
   *
   * @throws NodeError INVALID_PARAMETERS for a filter that is not known, and for code
   */
  shownBy(name: string): { value: unknown; isSafe: boolean } {
    const [path = "", ...filters] = name.includes("|") && this.lookup(name) === undefined ? name.split("|") : [name];
    const names = filters.map((filter) => filter.trim());
    const unknown = names.find((filter) => !Object.hasOwn(FILTERS, filter));
    if (unknown !== undefined) {
      throw new NodeError(
        "INVALID_PARAMETERS",
        `the filter \`${unknown}\` in {{${name}}} is not known; there are ${Object.keys(FILTERS).join(", ")}`,
      );
    }
    const value = this.#shown(path.trim());
    const filtered =
      value === undefined || value === null
        ? value
        : names.reduce<unknown>((made, filter) => FILTERS[filter]?.(made), value);
    return { value: filtered, isSafe: names.includes("safe") };
  }

  #shown(name: string): unknown {
    const value = this.lookup(name);
    if (value === undefined && CODE.test(name)) {
      throw new NodeError(
        "INVALID_PARAMETERS",
        `{{${name}}} is code, and templates show names, such as {{a.b}}, by filters, such as {{a.b | upper}}; work the value out with an expression: $\u007b{ … }}`,
      );
    }
    if (this.#missed !== undefined && (value === undefined || value === null))
      this.#missed({ name, known: () => this.#known(name) });
    return value;
  }

  /** The names where the path to a name ends: the fields of the last object on it, or all that can be seen. */
  #known(name: string): string[] {
    const path = name.split(".");
    for (let length = path.length - 1; length > 0; length--) {
      const start = path.slice(0, length);
      const value = this.lookup(start.join("."));
      if (isPlainObject(value))
        return Object.keys(value)
          .slice(0, MOST_KNOWN)
          .map((key) => [...start, key].join("."));
    }
    const names: string[] = [];
    for (let scope: Scope | undefined = this as Scope; scope && names.length < MOST_KNOWN; scope = scope.#parent) {
      if (isPlainObject(scope.#view) && !tableBehind(scope.#view))
        names.push(...Object.keys(scope.#view).slice(0, MOST_KNOWN));
    }
    return [...new Set(names)];
  }

  #own(path: string[]): unknown {
    let value = this.#view;
    for (const key of path) {
      value = rows(value);
      if (typeof value === "string" && key === "length") value = value.length;
      else if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      else value = (value as Record<string, unknown>)[key];
    }
    return rows(value);
  }
}

/** A call, or an operation on what begins as other template languages have it. */
const CODE = /^[\w$.]+\(.*\)$|^it\.[\w$.]*\s*[^\w\s$.]/s;

/** The rows of an output that is backed by a table: to a template it is a list. */
function rows(value: unknown): unknown {
  if (!tableBehind(value)) return listOrSelf(value);
  const output = value as { records?: unknown; result?: unknown };
  return "records" in output ? output.records : output.result;
}

function shown(value: unknown): unknown {
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

/** Writes values out as text where the library would write `[object Object]`. */
class Writer extends Mustache.Writer {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    super();
    this.#budget = budget;
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.#budget.spent(textOf((context as Scope).shownBy(token[1] as string).value));
  }

  override escapedValue(token: string[], context: Mustache.Context, config?: Mustache.RenderOptions): string {
    const { value, isSafe } = (context as Scope).shownBy(token[1] as string);
    if (value === undefined || value === null) return "";
    if (isSafe) return this.#budget.spent(textOf(value));
    return (config as { escape(value: unknown): string }).escape(value);
  }
}

/** A value as text in HTML, also inside of attributes with quotes. */
export function escapeHtml(value: unknown): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return textOf(value).replace(/[&<>"']/g, (char) => entities[char] as string);
}
