/** The description of the API, made of what it checks requests by. */
import * as z from "zod";
import { leastRole } from "./access.js";
import { REQUEST, RESOURCES, RUN } from "./resources.js";

/** A described operation, as far as it is made here. */
interface Described {
  path: string;
  method: string;
  summary: string;
  command: readonly [string, string];
  query?: z.ZodObject;
  body?: z.ZodType;
  answers?: string;
  isVersioned?: true;
}

/** An OpenAPI 3.1 document. */
export function openApi(base: string, version: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  const operations: Described[] = [
    ...RESOURCES,
    { ...RUN, method: "post" },
    { path: "/execute", method: "post", summary: "Run a saved flow by its id", command: RUN.command, body: REQUEST },
  ];
  for (const operation of operations) {
    const path = base + operation.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method]: described(operation) };
  }
  paths["/health"] = {
    get: { summary: "Whether the server is there", security: [], responses: { 200: ok("The server is there") } },
  };
  return {
    openapi: "3.1.0",
    info: { title: "conductor", version, description: "Runs flows, and keeps them and their executions." },
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      responses: {
        Error: {
          description: "Why not",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      schemas: {
        Error: {
          type: "object",
          required: ["error", "code"],
          properties: { error: { type: "string" }, code: { type: "string" } },
        },
      },
    },
  };
}

function described({ path, summary, command, query, body, answers, isVersioned }: Described) {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1 },
  }));
  const { properties = {} } = query === undefined ? {} : (schemaOf(query) as { properties?: Record<string, object> });
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
  const inHeader = [
    ...(isVersioned ? [{ name: "if-match", in: "header", schema: { type: "string", pattern: '^"[0-9]+"$' } }] : []),
    ...(command[1] === "execute"
      ? [{ name: "idempotency-key", in: "header", schema: { type: "string", maxLength: 200 } }]
      : []),
  ];
  const parameters = [...inPath, ...inQuery, ...inHeader];
  return {
    summary,
    description: `For the role ${leastRole(...command)} and above.`,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { content: { "application/json": { schema: schemaOf(body) } } },
    }),
    responses: {
      ...successOf(answers, command[1] === "execute" && query !== undefined),
      ...Object.fromEntries(
        [400, 401, 403, 404, 412, 413, 415, 422, 429, 501].map((status) => [
          status,
          { $ref: "#/components/responses/Error" },
        ]),
      ),
    },
  };
}

function successOf(answers: string | undefined, mayBeLater: boolean): Record<number, object> {
  if (answers === "nothing") return { 204: { description: "Done" } };
  if (answers === "created") return { 201: ok("What there is now") };
  if (answers === "file") return { 200: { description: "The file", content: { "application/octet-stream": {} } } };
  return { 200: ok("The answer"), ...(mayBeLater && { 202: ok("Where the result will be") }) };
}

function ok(description: string) {
  return { description, content: { "application/json": { schema: {} } } };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...found } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Record<
    string,
    unknown
  >;
  return found;
}
