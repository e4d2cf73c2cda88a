/** Keeps the secrets that a run resolved out of what it says: errors, logs, progress and warnings. */

/** Stands in the place of a secret. */
const STAND_IN = "***";

/** How far causes of errors are followed. */
const MOST_CAUSES = 16;

/** The secrets of one run, in the forms in which text may hold them. */
export class Redaction {
  private readonly forms = new Set<string>();
  private sorted: string[] | undefined;

  /** Notes a secret. */
  add(secret: string): void {
    if (secret === "") return;
    this.forms.add(secret);
    this.forms.add(JSON.stringify(secret).slice(1, -1));
    try {
      this.forms.add(encodeURIComponent(secret));
      this.forms.add(new URLSearchParams([["", secret]]).toString().slice(1));
      const bytes = new TextEncoder().encode(secret);
      this.forms.add(btoa(String.fromCharCode(...bytes)).replace(/=+$/, ""));
    } catch {
      // Half a character has no other form.
    }
    this.sorted = undefined;
  }

  get isEmpty(): boolean {
    return this.forms.size === 0;
  }

  /** Text without secrets. */
  text(text: string): string {
    // Longer forms first: one may contain another.
    this.sorted ??= [...this.forms].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const form of this.sorted) if (clean.includes(form)) clean = clean.replaceAll(form, STAND_IN);
    return clean;
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
