import { broughtOr } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { addressFault, headersFault, problemsOf } from "../../definition/written.js";
import { MOST_REDIRECTS } from "../../library/http-redirects.js";
import { METHODS, methodFault, READING_METHODS } from "./method.js";

/** Talks HTTP. */
export const httpRequest = {
  type: "http-request",
  name: "HTTP Request",
  description: "Sends an HTTP request and gives its answer.",
  category: "io",
  icon: "globe-2",
  parameterSchema: {
    type: "object",
    required: ["url"],
    properties: {
      ...sharedParameters,
      // A request may have had its effect although no answer came.
      retries: { ...sharedParameters.retries, default: 0 },
      method: {
        type: "string",
        "x-control": "select",
        minLength: 1,
        default: "GET",
        description:
          "The method of the request, in any letter case; also one of an extension, such as PROPFIND, REPORT or PURGE. What is in no registry, such as GTE, " +
          "is taken for a slip and refused.",
        examples: METHODS,
      },
      url: {
        type: "string",
        "x-control": "url",
        minLength: 1,
        description: "The address, with http or https.",
        examples: ["https://api.example.com/users/1"],
        "x-required-message": "Must be a valid URL",
      },
      headers: {
        anyOf: [{ type: "object" }, { type: "string" }],
        default: {},
        description: "Headers of the request by name, also as JSON text.",
        examples: [{ accept: "application/json" }],
      },
      params: {
        anyOf: [{ type: "object" }, { type: "string" }],
        description: "Added to the query of the URL, by name, also as JSON text; a list adds its name several times.",
        examples: [{ page: 1, tag: ["a", "b"] }],
      },
      auth: {
        anyOf: [{ type: "object" }, { type: "string" }],
        description:
          'Who asks: `{ type: "basic", username, password }`, `{ type: "bearer", token }`, ' +
          '`{ type: "apiKey", name, value, in }` with `in: "header"` (the default) or `"query"`, or ' +
          '`{ type: "oauth2", tokenUrl, clientId, clientSecret, scope, audience, send }` for a token of OAuth 2.0 (client ' +
          'credentials), where the client names itself with `send: "header"` (the default) or in the `"body"`; the token is kept ' +
          "until it ends, and asked for once more where it is refused.",
        examples: [{ type: "bearer", token: "\u0024{{ secrets.TOKEN }}" }],
      },
      failOn: {
        anyOf: [{ type: "string" }, { type: "integer" }, { type: "array" }],
        description:
          "Statuses that are errors, such as `404` or `5xx`, with commas between them. Without it those from 400 on are " +
          "where the node asks for retries or an edge takes its error, and elsewhere they are data, with a warning: `[]` takes them as " +
          "data without one, where the flow looks at `status` itself. With `saveTo` and `pagination` all but " +
          "200 to 299 are errors, and these beside them.",
        examples: ["4xx,5xx", "5xx,429"],
      },
      body: {
        description:
          "Sent with every method but GET, HEAD and OPTIONS, as `bodyType` says. Files are named here, never by what an edge brings.",
      },
      bodyType: {
        type: "string",
        enum: ["auto", "json", "form", "multipart", "text", "file"],
        default: "auto",
        description:
          "How `body` is written. `auto`: text and bytes as they are, the rest as JSON. `form`: an object as a form of a web " +
          "page sends it. `multipart`: an object whose values are text, bytes, `{ path }` for a file, " +
          "`{ content, filename, contentType }`, or lists of these. `file`: the file at a path, or at `{ path, contentType }`, " +
          "read while it is sent.",
      },
      idempotency: {
        type: "boolean",
        description:
          "POST, PATCH and methods of extensions: whether the header `Idempotency-Key` goes along, which it does not unless given. It is the same for every attempt " +
          "at this step, and another for every other step and item, so that a server which knows it carries the request out once. " +
          "Not with `pagination`.",
      },
      maxRedirects: {
        type: "integer",
        minimum: 0,
        maximum: MOST_REDIRECTS,
        default: MOST_REDIRECTS,
        description:
          "How many redirects are followed; one more is an error. 0: none, the redirect is the answer, with its `status` and `headers.location`. " +
          "At another origin only headers such as `accept` go along: no cookie, no `authorization`, no key under whatever name. In a page only 0 and 20, " +
          "and with 0 a redirect is an error, since browsers show none.",
      },
      saveTo: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description:
          "The file to write the answer to, which is never in memory as a whole. It takes its place when it is complete; a request that " +
          "fails or is cancelled leaves nothing. Folders are made. Not in a page.",
        examples: ["downloads/report.pdf"],
      },
      overwrite: {
        type: "boolean",
        description:
          "saveTo: whether a file that is there is replaced, which it is unless given; else it is an error, and no request is sent.",
      },
      maxSize: {
        type: "integer",
        minimum: 1,
        "x-unit": "bytes",
        description:
          "The most that an answer may have, decompressed; with `pagination` that of all pages. 256 MiB unless given, which is the " +
          "most for what is not saved; with `saveTo` 16 GiB unless given.",
      },
      pagination: {
        type: "object",
        required: ["type"],
        description:
          "Asks for one page after the other and gives the items of all. A page that fails is asked for again; one that goes on " +
          "failing fails the node.",
        examples: [
          { type: "link" },
          { type: "cursor", items: "data", cursor: "meta.next", param: "cursor" },
          { type: "page", items: "results", param: "page", total: "count" },
        ],
        properties: {
          type: {
            type: "string",
            enum: ["link", "nextUrl", "cursor", "page", "offset"],
            description:
              "How the next page is named. `link`: by the header `link` with `rel=next`. `nextUrl`: by an address in the body. `cursor`: by a " +
              "value in the body that the next request carries. `page`: by its number. `offset`: by the number of items before it.",
          },
          items: {
            type: "string",
            minLength: 1,
            description:
              "Where in the body of a page its list of items is, such as `data.users`; without it the body is the list.",
          },
          next: {
            type: "string",
            minLength: 1,
            "x-when": { type: ["nextUrl"] },
            description: "nextUrl: where in the body the address is, such as `paging.next`.",
          },
          cursor: {
            type: "string",
            minLength: 1,
            "x-when": { type: ["cursor"] },
            description: "cursor: where in the body it is, such as `meta.next_cursor`.",
          },
          param: {
            type: "string",
            minLength: 1,
            "x-when": { type: ["cursor", "page", "offset"] },
            description:
              "cursor, page, offset: the name under which a request carries it. Without it `cursor`, `page` or `offset`.",
          },
          in: {
            type: "string",
            enum: ["query", "body"],
            "x-when": { type: ["cursor", "page", "offset"] },
            description:
              "cursor, page, offset: whether the query carries it (unless given) or a body that is an object, where `param` may be a path.",
          },
          start: {
            type: "integer",
            minimum: 0,
            "x-when": { type: ["page", "offset"] },
            description: "page, offset: the first; for page 1 unless given, for offset 0.",
          },
          step: {
            type: "integer",
            minimum: 1,
            "x-when": { type: ["page", "offset"] },
            description:
              "page, offset: from one to the next; for page 1 unless given, for offset as many as the page had items.",
          },
          total: {
            type: "string",
            minLength: 1,
            "x-when": { type: ["page", "offset"] },
            description:
              "page, offset: where in the body the number of all items is. Without it the first page without items ends it.",
          },
          totalPages: {
            type: "string",
            minLength: 1,
            "x-when": { type: ["page"] },
            description: "page: where in the body the number of all pages is.",
          },
          maxPages: {
            type: "integer",
            minimum: 1,
            maximum: 10000,
            description: "The most pages that are asked for, 100 unless given. That there are more is warned of.",
          },
          delay: { ...milliseconds, minimum: 0, description: "The wait between pages, none unless given." },
          retries: {
            type: "integer",
            minimum: 0,
            maximum: 10,
            description:
              "How often a page is asked for again after a failure that may pass, 2 unless given. A wait that the server asks for is kept.",
          },
          retryDelay: {
            ...milliseconds,
            minimum: 0,
            description: "The wait before that, 1s unless given; doubles each time.",
          },
        },
      },
    },
  },
  inputPorts: [
    input("url", "URL", "string", "Goes before the parameter of that name."),
    input("body", "Body", "any", "Goes before the parameter of that name."),
  ],
  otherInputs: [
    input("method", "Method", "string", "Goes before the parameter of that name."),
    input("headers", "Headers", "object", "Goes before the parameter of that name."),
    input("params", "Query", "object", "Goes before the parameter of that name."),
    input("auth", "Authorization", "object", "Goes before the parameter of that name."),
  ],
  hasOpenInputs: false,
  problems: ({ url, headers, method }) => [
    ...problemsOf("method", methodFault(method)),
    ...problemsOf("url", addressFault(url)),
    ...problemsOf("headers", headersFault(headers)),
  ],
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "The body: JSON as a value, text as text, anything else as base64; where the answer does not say what it is, its bytes do. With `saveTo` the path, with `pagination` the items of all pages.",
    ),
  ],
  otherOutputs: [
    output("status", "Status", "number", "The status, such as 200."),
    output("statusText", "Status Text", "string", "What the server calls the status."),
    output(
      "headers",
      "Headers",
      "object",
      "The headers of the answer, names in lower case; `set-cookie` is a list where there are several.",
    ),
    output("success", "Success", "boolean", "Whether the status is 200 to 299."),
    output("ok", "OK", "boolean", "The same."),
    output("duration", "Duration", "number", "ms from the request to the end of the answer."),
    output(
      "url",
      "URL",
      "string",
      "The address that answered, after redirects. With `pagination` these are of the last page.",
    ),
    output("path", "Path", "string", "saveTo: the path."),
    output("size", "Size", "number", "saveTo: bytes of the file."),
    output("sha256", "SHA-256", "string", "saveTo: the digest of the file, as hexadecimal digits."),
    output(
      "contentType",
      "Content Type",
      "string",
      "saveTo: what the server calls the content, empty where it says nothing.",
    ),
    output("pages", "Pages", "number", "pagination: how many pages there were."),
    output("count", "Count", "number", "pagination: how many items."),
    output("more", "More", "boolean", "pagination: whether `maxPages` left pages out, or may have."),
  ],
  touches: ["network", "reads-files", "writes-files"],
  needs: "network",
  effects: ({ method = "GET", saveTo }, input) => {
    const asked = broughtOr(input, "method", method);
    return saveTo === undefined && typeof asked === "string" && READING_METHODS.has(asked.toUpperCase())
      ? "reads"
      : "writes";
  },
  effectsNote:
    "looks at the world with `method` `GET`, `HEAD`, `OPTIONS`, `PROPFIND`, `REPORT`, `SEARCH` or `QUERY` where there is no `saveTo`, else changes it",
  limits: [
    {
      what: "size of the answer, decompressed",
      bound: "256 MiB, with pagination for all pages; 16 GiB with `saveTo`; `maxSize` changes it",
      beyond: "EXECUTION_FAILED",
    },
    { what: "headers of the answer", bound: "16 KiB", beyond: "EXECUTION_FAILED" },
    { what: "redirects", bound: "20, `maxRedirects` lowers it", beyond: "EXECUTION_FAILED" },
    { what: "pages", bound: "100, `pagination.maxPages` changes it, at most 10,000", beyond: "a warning" },
  ],
} as const satisfies NodeType;
