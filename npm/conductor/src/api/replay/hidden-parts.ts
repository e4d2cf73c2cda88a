/**
 * What is taken out of the values of a file of an execution: the parts at paths, as `redact` of a policy names them, and whatever equals
 * one of them or contains its text elsewhere. Works on values as they are written, so that secrets stay references.
 */
import {
  MOST_PATHS,
  type Pattern,
  type Progress,
  pathTo,
  reached,
  SHORTEST_WHOLE,
  stepped,
  stepsOf,
} from "../../engine/redact.js";
import type { Json } from "../../executions/tagged-json.js";
import { REDACTED, SHORTEST_IN_VALUES } from "../../expressions/redaction.js";
import { changed, textsOf } from "./tagged-parts.js";

/** A value as it may be shown, and the paths of what is missing. */
export interface Shown {
  json: Json;
  paths: string[];
}

/** Parts that are not shown: first all values are looked into, then each is written without them. */
export class HiddenParts {
  private readonly patterns: Pattern[];
  private readonly start: Progress[];
  private readonly texts = new HiddenTexts();
  private readonly forms = new Forms();
  /** Forms of values that are not shown, and names of parts that are not by the form of what they are in. */
  private readonly whole = new Set<number>();
  private readonly parts = new Map<number, Set<string>>();

  constructor(paths: readonly string[]) {
    this.patterns = paths.map((text) => ({ text, steps: stepsOf(text), node: 0, isFound: false }));
    this.start = this.patterns.map((pattern) => ({ pattern, at: 0 }));
  }

  /** Paths at which no value had anything. */
  get unmatched(): string[] {
    return this.patterns.flatMap(({ text, isFound }) => (isFound ? [] : text));
  }

  /** Looks for the paths in a value. */
  look(json: Json, progress: readonly Progress[] = this.start): boolean {
    const all = reached(progress);
    const ends = all.filter(isAtEnd);
    if (ends.length > 0) {
      for (const { pattern } of ends) pattern.isFound = true;
      this.hide(json);
      return true;
    }
    // What was not kept may have been there.
    if (json === REDACTED) for (const { pattern } of all) pattern.isFound = true;
    if (typeof json !== "object" || json === null) return false;
    const hidden = new Set<string>();
    changed(json, {
      part: (name, part) => {
        const next = stepped(all, name);
        if (next.length > 0 && this.look(part, next)) hidden.add(name);
        return part;
      },
      text: (text) => text,
      whole: () => json,
    });
    if (hidden.size > 0) this.parts.set(this.forms.of(json), hidden);
    return false;
  }

  /** The same for an object that stays one, whatever the paths. */
  lookInside(fields: Json): void {
    if (typeof fields !== "object" || fields === null) return;
    if (reached(this.start).some(isAtEnd)) for (const part of Object.values(fields)) this.look(part);
    else this.look(fields);
  }

  private hide(json: Json): void {
    if (json === REDACTED) return;
    for (const text of textsOf(json)) this.texts.add(text);
    if (typeof json !== "object" || json === null) return;
    // Short ones are like others by chance.
    if (JSON.stringify(json).length >= SHORTEST_WHOLE) this.whole.add(this.forms.of(json));
  }

  /** Text without that of parts that are not shown. */
  readonly text = (text: string): string => this.texts.without(text);

  /** A value without what equals such parts, and without their text; no paths are looked for in it. */
  swept(json: Json): Json {
    return this.write(json, [], "", []);
  }

  /** A value without the parts that are not shown. */
  shown(json: Json, above = ""): Shown {
    const paths: string[] = [];
    return { json: this.write(json, this.start, above, paths), paths };
  }

  /** The same for an object that stays one, whatever the paths. */
  shownInside(fields: Json, above = ""): Shown {
    if (!reached(this.start).some(isAtEnd) || typeof fields !== "object" || fields === null) {
      return this.shown(fields, above);
    }
    const paths: string[] = [];
    const json = changed(fields, {
      part: (name, part, isIndex) => this.write(part, this.start, this.pathTo(above, name, isIndex), paths),
      text: this.text,
      whole: () => REDACTED,
    });
    return { json, paths };
  }

  /** Keys may have what is not shown. */
  private pathTo(path: string, name: string, isIndex: boolean): string {
    return pathTo(path, this.text(name), isIndex);
  }

  private write(json: Json, progress: readonly Progress[], path: string, paths: string[]): Json {
    const tell = () => {
      if (paths.length < MOST_PATHS) paths.push(path);
      return REDACTED;
    };
    if (json === REDACTED) return json;
    const all = reached(progress);
    if (all.some(isAtEnd)) return tell();
    if (typeof json === "string") {
      const text = this.text(json);
      if (text !== json) tell();
      return text;
    }
    if (typeof json === "number") return this.texts.hasWhole(String(json)) ? tell() : json;
    if (typeof json !== "object" || json === null) return json;
    const form = this.whole.size + this.parts.size > 0 ? this.forms.of(json) : -1;
    if (this.whole.has(form)) return tell();
    const hidden = this.parts.get(form);
    let isOther = false;
    const written = changed(json, {
      part: (name, part, isIndex) => {
        const inner = this.pathTo(path, name, isIndex);
        if (!hidden?.has(name)) return this.write(part, stepped(all, name), inner, paths);
        if (part !== REDACTED && paths.length < MOST_PATHS) paths.push(inner);
        return REDACTED;
      },
      text: (text) => {
        const clean = this.text(text);
        isOther ||= clean !== text;
        return clean;
      },
      whole: () => REDACTED,
    });
    if (isOther) tell();
    return written;
  }
}

function isAtEnd({ pattern, at }: Progress): boolean {
  return at === pattern.steps.length;
}

/** Texts, found wherever they stand in others, in one pass however many they are. */
class HiddenTexts {
  private readonly all = new Set<string>();
  /** How long those are that begin with some characters, the longest first. */
  private readonly lengths = new Map<string, number[]>();

  add(text: string): void {
    this.note(text);
    // As it stands in JSON inside of a text.
    this.note(JSON.stringify(text).slice(1, -1));
  }

  private note(text: string): void {
    if (text.length < SHORTEST_IN_VALUES || this.all.has(text)) return;
    this.all.add(text);
    const start = text.slice(0, SHORTEST_IN_VALUES);
    const lengths = this.lengths.get(start) ?? [];
    if (!lengths.includes(text.length))
      this.lengths.set(
        start,
        [...lengths, text.length].sort((a, b) => b - a),
      );
  }

  /** Whether it is one of them. */
  hasWhole(text: string): boolean {
    return this.all.has(text);
  }

  without(text: string): string {
    if (this.all.size === 0) return text;
    let clean = "";
    let end = 0;
    for (let at = 0; at + SHORTEST_IN_VALUES <= text.length; at++) {
      const lengths = this.lengths.get(text.slice(at, at + SHORTEST_IN_VALUES));
      const found = lengths?.find((length) => this.all.has(text.slice(at, at + length)));
      if (found === undefined) continue;
      clean += text.slice(end, at) + REDACTED;
      end = at + found;
      at = end - 1;
    }
    return end === 0 ? text : clean + text.slice(end);
  }
}

/** Numbers of values: the same for those that are written alike. */
class Forms {
  private readonly known = new Map<string, number>();
  private readonly seen = new WeakMap<object, number>();

  of(json: Json): number {
    if (typeof json !== "object" || json === null) return this.numberOf(`${typeof json}${json}`);
    const seen = this.seen.get(json);
    if (seen !== undefined) return seen;
    const parts = Array.isArray(json)
      ? json.map((part) => this.of(part)).join()
      : Object.entries(json).map(([key, part]) => `${JSON.stringify(key)}:${this.of(part)}`);
    const number = this.numberOf(`${Array.isArray(json) ? "[" : "{"}${parts}`);
    this.seen.set(json, number);
    return number;
  }

  private numberOf(text: string): number {
    const number = this.known.get(text) ?? this.known.size;
    this.known.set(text, number);
    return number;
  }
}
