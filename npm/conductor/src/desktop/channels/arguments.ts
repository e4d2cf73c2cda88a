/** Arguments of commands, checked by a schema. */
import type { z } from "zod/v3";
import { type CommandHandler, invalidArguments } from "../channel-server.js";
import { issuesOf, issuesText } from "./node-schema.js";

/** A handler that is only called with arguments that the schema accepts, as the schema reads them. */
export function checked<S extends z.ZodTypeAny>(
  command: string,
  schema: S,
  handler: (args: z.output<S>) => unknown,
): CommandHandler {
  return (args) => {
    const issues = issuesOf(schema, args);
    if (issues.length > 0) throw invalidArguments(command, issuesText(issues));
    return handler(schema.parse(args) as z.output<S>);
  };
}
