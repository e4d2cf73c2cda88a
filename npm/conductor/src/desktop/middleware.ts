/** What can stand around the handlers of a channel. */
import type { Middleware } from "./channel-server.js";

/** First wait before a further attempt in ms; doubles. */
const RETRY_DELAY_MS = 1000;

/** Anything that checks values as zod's schemas do. */
export interface Schema {
  safeParse(
    value: unknown,
  ): { success: true; data: unknown } | { success: false; error: { issues: readonly SchemaIssue[] } };
}

/** One thing that a schema found wrong. */
export interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Calls a handler that throws again, up to `attempts` times in all, after 1 s, 2 s, 4 s … */
export function withRetry(attempts = 3): Middleware {
  return (next) => async (args, event) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(args, event);
      } catch (error) {
        if (attempt >= attempts) throw error;
        await wait(RETRY_DELAY_MS * 2 ** (attempt - 1));
      }
    }
  };
}

/** Hands on what the schema makes of the arguments; else fails with `Validation failed: <path>: <message>, …`. */
export function withValidation(schema: Schema): Middleware {
  return (next) => (args, event) => {
    const parsed = schema.safeParse(args);
    if (parsed.success) return next(parsed.data, event);
    throw new Error(`Validation failed: ${issuesText(parsed.error.issues)}`);
  };
}

/** An issue with its place: `node.id: Required`. */
function issueText({ path, message }: SchemaIssue): string {
  return path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`;
}

/** Issues in one line: `node.id: Required, node.type: Required`. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  return issues.map(issueText).join(", ");
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
