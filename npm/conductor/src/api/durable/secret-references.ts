/**
 * Secrets in values that are kept: in JSON as `executions/tagged-json.ts` makes it, each occurrence of a secret becomes a reference
 * to its name, from which the value comes back as long as there is a secret of this name.
 */

import type { Json } from "../../executions/tagged-json.js";
import {
  type Form,
  pieceOfBase64,
  type Redaction,
  SHORTEST_IN_VALUES,
  toBytes,
  WRITINGS,
} from "../../expressions/redaction.js";

/** Takes secrets out of the text of a value; `undefined` where there can be none. */
export type Hide = ((json: string) => string) | undefined;

/** Gives the secret of a name. */
export type Reveal = (name: string) => string;

const TYPE = "$type";
/** The tags of a text with secrets, and of an object with secrets in its keys. */
const SECRET = "secret";
const KEYED = "secret-keys";
/** Tags whose value is read as text, so that nothing else can stand in it. */
const READ_AS_TEXT: readonly unknown[] = ["bigint", "number", "Date", "RegExp"];

/** A piece of a text: as it is, a secret in one of its writings, or Base64 of bytes with secrets. */
type Part = string | { secret: string; as: string | number } | { base64: Part[]; url: boolean; padding: string };

/** How values name the secrets of a run. */
export class SecretReferences {
  private known = 0;
  private forms = new Map<string, Form>();
  /** The forms as they stand in JSON. */
  private inJson: string[] = [];
  private pattern = /$^/g;
  private bytes: [bytes: string, secret: string][] = [];

  constructor(private readonly redaction: Redaction) {}

  readonly hide = (json: string): string => {
    this.refresh();
    if (!this.inJson.some((form) => json.includes(form))) return json;
    return JSON.stringify(this.hidden(JSON.parse(json) as Json));
  };

  /** Secrets become known as nodes start. */
  private refresh(): void {
    const { names, forms } = this.redaction;
    if (names.size === this.known) return;
    this.known = names.size;
    const longEnough = ([form, { secret }]: [string, Form]) =>
      secret.length >= SHORTEST_IN_VALUES && form.length >= SHORTEST_IN_VALUES;
    const found = [...forms].filter(longEnough).sort(([a], [b]) => b.length - a.length);
    this.forms = new Map(found);
    this.inJson = [...new Set(found.map(([form]) => JSON.stringify(form).slice(1, -1)))];
    const source = found.map(([form]) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
    this.pattern = source === "" ? /$^/g : new RegExp(source, "g");
    this.bytes = [...names.keys()]
      .filter((secret) => secret.length >= SHORTEST_IN_VALUES)
      .sort((a, b) => b.length - a.length)
      .map((secret) => [toBytes(secret), secret]);
  }

  private hidden(json: Json): Json {
    if (typeof json === "string") return this.hiddenText(json) ?? json;
    if (typeof json === "number") {
      const parts = this.hiddenText(String(json));
      return parts === undefined ? json : { [TYPE]: SECRET, value: parts.value as Json, of: "number" };
    }
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return json.map((entry) => this.hidden(entry));
    if (!Object.hasOwn(json, TYPE)) return this.hiddenFields(json, false);
    const { [TYPE]: type, value } = json;
    if (type === "Object") return this.hiddenFields(value as Fields, true);
    if (type === "Error") {
      const { fields, ...others } = value as Fields;
      return tagged("Error", {
        ...mapped(others, (part) => this.hidden(part)),
        fields: this.hiddenFields(fields as Fields, false),
      });
    }
    return value === undefined ? json : tagged(type as string, this.hidden(value));
  }

  private hiddenFields(fields: Fields, isTagged: boolean): Json {
    const entries = Object.entries(fields).map(([key, value]): [Json, Json] => [
      this.hiddenText(key) ?? key,
      this.hidden(value),
    ]);
    if (entries.some(([key]) => typeof key !== "string")) {
      return { [TYPE]: KEYED, value: entries, ...(isTagged && { of: "Object" }) };
    }
    const all = fromEntries(entries as [string, Json][]);
    return isTagged ? tagged("Object", all) : all;
  }

  /** The reference in the place of a text; `undefined` where it has no secret. */
  private hiddenText(text: string): Fields | undefined {
    const parts = this.partsOf(text);
    return parts && (tagged(SECRET, parts as unknown as Json) as Fields);
  }

  private partsOf(text: string): Part[] | undefined {
    const parts: Part[] = [];
    let end = 0;
    this.pattern.lastIndex = 0;
    for (let match = this.pattern.exec(text); match !== null; match = this.pattern.exec(text)) {
      const { secret, writing } = this.forms.get(match[0]) as Form;
      let [from, to] = [match.index, match.index + match[0].length];
      let part: Part = { secret: this.redaction.names.get(secret) as string, as: writing };
      if (writing === "base64" || typeof writing === "number") {
        const piece = this.base64At(text, from - Math.ceil(((Number(writing) || 0) * 4) / 3), end);
        if (piece !== undefined) [part, from, to] = piece;
      }
      if (from > end) parts.push(text.slice(end, from));
      parts.push(part);
      end = this.pattern.lastIndex = to;
    }
    if (parts.length === 0) return undefined;
    if (end < text.length) parts.push(text.slice(end));
    return parts;
  }

  /** Base64 from a place in a text to its end, by the bytes in it: another secret is as long as it is. */
  private base64At(text: string, from: number, least: number): [part: Part, from: number, to: number] | undefined {
    if (from < least) return undefined;
    const runs = [/[A-Za-z0-9+/]*/y, /[A-Za-z0-9_-]*/y].map((run) => {
      run.lastIndex = from;
      return run.exec(text)?.[0] ?? "";
    });
    const [standard = "", url = ""] = runs;
    const isUrl = url.length > standard.length;
    const run = isUrl ? url : standard;
    const digits = run.length % 4 === 1 ? run.slice(0, -1) : run;
    const padding = /^={0,2}/.exec(text.slice(from + digits.length))?.[0] ?? "";
    const bytes = atob(isUrl ? digits.replaceAll("-", "+").replaceAll("_", "/") : digits);
    const parts = this.partsOfBytes(bytes);
    const to = from + digits.length + padding.length;
    const part: Part = { base64: parts, url: isUrl, padding };
    const values = new Map([...this.redaction.names].map(([secret, name]) => [name, secret]));
    const isWhole = parts.some((inner) => typeof inner !== "string");
    // Where bits are lost that no byte holds, the text would not be what it was.
    const isSame = isWhole && written([part], (name) => values.get(name) ?? "", false) === text.slice(from, to);
    return isSame ? [part, from, to] : undefined;
  }

  private partsOfBytes(bytes: string): Part[] {
    let parts: Part[] = [bytes];
    for (const [secretBytes, secret] of this.bytes) {
      const reference: Part = { secret: this.redaction.names.get(secret) as string, as: "bytes" };
      parts = parts.flatMap((part) => {
        if (typeof part !== "string" || !part.includes(secretBytes)) return [part];
        return part
          .split(secretBytes)
          .flatMap((text, at) => [...(at === 0 ? [] : [reference]), ...(text === "" ? [] : [text])]);
      });
    }
    return parts;
  }
}

type Fields = Record<string, Json>;

/** Whether the text of a value may have references. */
export function mayRefer(json: string): boolean {
  return json.includes(`"${TYPE}":"secret`);
}

/** The secrets that a value names. */
export function namesIn(json: Json): Set<string> {
  const names = new Set<string>();
  revealed(json, (name) => {
    names.add(name);
    return "";
  });
  return names;
}

/**
 * The value with the secrets in it.
 *
 * @param isShown what `reveal` gives stands for the secrets, and is shown to people: what the secret was a number of becomes a text
 */
export function revealed(json: Json, reveal: Reveal, isShown = true): Json {
  const all = (value: Json): Json => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(all);
    if (!Object.hasOwn(value, TYPE)) return mapped(value, all);
    const { [TYPE]: type, value: content, of } = value;
    switch (type) {
      case SECRET: {
        const text = written(content as unknown as Part[], reveal, false);
        return of === "number" && !isShown ? numberOf(text) : text;
      }
      case KEYED: {
        const fields = fromEntries(
          (content as [Json, Json][]).map(([key, field]) => [String(all(key)), all(field)] as [string, Json]),
        );
        return of === "Object" ? tagged("Object", fields) : fields;
      }
      case "Object":
        return tagged("Object", mapped(content as Fields, all));
      case "Error": {
        const { fields, ...others } = content as Fields;
        const inner = fields as Fields;
        const isKeyed = inner[TYPE] === KEYED && Array.isArray(inner.value);
        return tagged("Error", { ...mapped(others, all), fields: isKeyed ? all(inner) : mapped(inner, all) });
      }
      default: {
        if (content === undefined) return value;
        const inner = all(content);
        const isHidden = READ_AS_TEXT.includes(type) && JSON.stringify(inner) !== JSON.stringify(content);
        return isShown && isHidden ? String(inner) : tagged(type as string, inner);
      }
    }
  };
  return all(json);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text !== "" && !Number.isNaN(number)) return number;
  throw new TypeError("A secret that was a number when it was kept is another kind of text now");
}

function written(parts: readonly Part[], reveal: Reveal, inBytes: boolean): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      if ("base64" in part) {
        const text = btoa(written(part.base64, reveal, true)).replace(/=+$/, "");
        // As many signs as fill the last group up, where there were any.
        const filled = part.padding === "" ? "" : "=".repeat((4 - (text.length % 4)) % 4);
        return (part.url ? text.replaceAll("+", "-").replaceAll("/", "_") : text) + filled;
      }
      const secret = reveal(part.secret);
      if (inBytes) return toBytes(secret);
      if (typeof part.as === "number") return pieceOfBase64(secret, part.as);
      return WRITINGS[part.as]?.(secret) ?? secret;
    })
    .join("");
}

const tagged = (type: string, value: Json): Json => ({ [TYPE]: type, value });

function mapped(fields: Fields, change: (value: Json) => Json): Fields {
  return fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value)]));
}

/** Each key as its own, `__proto__` too. */
function fromEntries(entries: readonly (readonly [string, Json])[]): Fields {
  return Object.fromEntries(entries);
}
