/** Keeps the secrets that a run resolved out of what it says: errors, logs, progress and warnings. */

/** Stands in the place of a secret. */
const STAND_IN = "***";
/** Stands in the place of what a node's `redact` names. */
export const REDACTED = "[redacted]";

/** How far causes of errors are followed. */
const MOST_CAUSES = 16;
/** Shorter texts are found by chance too often, so that values are not searched for them. */
export const SHORTEST_IN_VALUES = 4;
/** Shorter pieces of Base64 stand in messages by chance. */
const SHORTEST_PIECE = 6;
/** Redacted texts that messages are searched for. Where there are more, no message of a node is shown. */
const MOST_REDACTED = 10_000;

/** How text may hold a secret, other than as it is. */
export const WRITINGS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  json: (secret) => JSON.stringify(secret).slice(1, -1),
  uri: encodeURIComponent,
  form: (secret) => new URLSearchParams([["", secret]]).toString().slice(1),
  strict: strictUri,
  address: encodeURI,
  "uri-lower": (secret) => lowerHex(encodeURIComponent(secret)),
  "strict-lower": (secret) => lowerHex(strictUri(secret)),
  base64: (secret) => toBase64(secret).replace(/=+$/, ""),
};

/** A text that gives a secret away. */
export interface Form {
  secret: string;
  /** A key of `WRITINGS`, or how many bytes stand before the secret in a group of three of Base64. */
  writing: string | number;
}

/** The secrets of one run and of the flows inside of it, in the forms in which text may hold them. */
export class Redaction {
  /** Names of secrets by their values. */
  readonly names = new Map<string, string>();
  readonly forms = new Map<string, Form>();
  private readonly redacted = new Set<string>();
  private sorted: (readonly [form: string, standIn: string])[] | undefined;

  /** Notes a secret. */
  add(secret: string, name: string): void {
    if (secret === "") return;
    this.sorted = undefined;
    if (this.names.has(secret)) return;
    this.names.set(secret, name);
    for (const writing in WRITINGS) {
      try {
        this.note((WRITINGS[writing] as (secret: string) => string)(secret), { secret, writing });
      } catch {
        // Half a character has no other form.
      }
    }
    for (const before of [0, 1, 2]) {
      const piece = pieceOfBase64(secret, before);
      this.note(piece, { secret, writing: before });
      this.note(piece.replaceAll("+", "-").replaceAll("/", "_"), { secret, writing: before });
    }
  }

  private note(form: string, of: Form): void {
    if (form !== "" && !this.forms.has(form)) this.forms.set(form, of);
  }

  /** Notes a text of a value that is redacted. */
  addRedacted(text: string): void {
    if (text.length < SHORTEST_IN_VALUES || this.redacted.size > MOST_REDACTED) return;
    this.redacted.add(text);
    this.sorted = undefined;
  }

  /** Stands in the place of what is not text and has a secret. */
  readonly standIn = STAND_IN;

  get isEmpty(): boolean {
    return this.forms.size === 0 && this.redacted.size === 0;
  }

  /** Text without secrets. */
  text(text: string): string {
    if (this.redacted.size > MOST_REDACTED) return REDACTED;
    this.sorted ??= this.sort();
    let clean = text;
    for (const [form, standIn] of this.sorted) if (clean.includes(form)) clean = clean.replaceAll(form, standIn);
    return clean;
  }

  /** Longer forms first: one may contain another. */
  private sort(): (readonly [form: string, standIn: string])[] {
    const sorted: (readonly [string, string])[] = [];
    for (const [form, { writing }] of this.forms) {
      if (typeof writing !== "number" || form.length >= SHORTEST_PIECE) sorted.push([form, STAND_IN]);
    }
    for (const text of this.redacted) {
      sorted.push([text, REDACTED]);
      const escaped = JSON.stringify(text).slice(1, -1);
      if (escaped !== text) sorted.push([escaped, REDACTED]);
    }
    return sorted.sort(([a], [b]) => b.length - a.length);
  }

  /** A value that goes into a log or an error: text and errors without secrets, anything else only if it has none. */
  value(value: unknown, causes = 0): unknown {
    if (typeof value === "string") return this.text(value);
    if (value instanceof Error) return this.error(value, causes);
    if (typeof value !== "object" || value === null) return value;
    try {
      const json = JSON.stringify(value);
      return json === undefined || this.text(json) === json ? value : JSON.parse(this.text(json));
    } catch {
      return STAND_IN;
    }
  }

  /** An error without secrets: itself, where it has none. */
  private error(error: Error, causes: number): unknown {
    if (causes > MOST_CAUSES) return undefined;
    const [message, stack] = [String(error.message), error.stack === undefined ? undefined : String(error.stack)];
    const cause = this.value(error.cause, causes + 1);
    const own = Object.entries(error).filter(([key]) => key !== "cause" && key !== "message" && key !== "stack");
    const cleaned = own.map(([key, field]) => [key, this.value(field, causes + 1)] as const);
    const isClean =
      cause === error.cause &&
      this.text(message) === message &&
      (stack === undefined || this.text(stack) === stack) &&
      cleaned.every(([, field], index) => field === own[index]?.[1]);
    if (isClean) return error;
    const copy = new Error(this.text(message), cause === undefined ? undefined : { cause });
    const fields = { ...Object.fromEntries(cleaned), name: error.name, stack: stack && this.text(stack) };
    for (const [key, field] of Object.entries(fields)) {
      Object.defineProperty(copy, key, {
        value: field,
        writable: true,
        enumerable: key !== "name" && key !== "stack",
        configurable: true,
      });
    }
    return copy;
  }
}

function strictUri(secret: string): string {
  return encodeURIComponent(secret).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function lowerHex(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** The bytes of a text in UTF-8, each as a character. */
export function toBytes(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

function toBase64(text: string): string {
  return btoa(toBytes(text));
}

/** What Base64 of a longer text holds of a secret alone, where so many bytes stand before it in its group of three. */
export function pieceOfBase64(secret: string, before: number): string {
  const bytes = toBytes(secret);
  const all = btoa("\0".repeat(before) + bytes);
  return all.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3));
}
