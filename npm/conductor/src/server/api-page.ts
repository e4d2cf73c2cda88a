/** The description of the API as a page for people: it has no script, and loads nothing. */
import { createHash } from "node:crypto";
import { inHtml } from "./html.js";

interface Operation {
  summary?: string;
  description?: string;
  security?: readonly object[];
  parameters?: readonly { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema?: object }> };
  responses: Record<string, { description?: string; $ref?: string }>;
}

type Schema = Record<string, unknown>;

/** As far as it is shown. */
export interface Description {
  info: { title: string; description: string };
  security: readonly object[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, { description: string }> };
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin-top:2rem;border-bottom:1px solid #ccc}
summary{cursor:pointer;padding:.3rem 0}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{background:#f3f3f3;padding:.8rem;overflow:auto}
.method{display:inline-block;width:4.5rem;font-weight:700;text-transform:uppercase}
.path{margin-right:.8rem}
table{border-collapse:collapse}
td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
details>:not(summary){margin-left:4.8rem}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#222}a{color:#8ab4ff}}`;

/** Of which the browser is told that it may use it. */
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Headers of the page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'`,
  "referrer-policy": "no-referrer",
};

/** The page. Its groups are the first names of the paths, such as `flows`. */
export function apiPage(description: Description, base: string): string {
  const { info, paths, components, security } = description;
  const groups = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(paths)) {
    const name = groupOf(path, base);
    const shown = Object.entries(operations).map(([method, operation]) =>
      operationOf(method, path, operation, description),
    );
    groups.set(name, [...(groups.get(name) ?? []), ...shown]);
  }
  const sections = [...groups].map(([name, shown]) => `<h2 id="${inHtml(name)}">${inHtml(name)}</h2>${shown.join("")}`);
  const links = [...groups.keys()].map((name) => `<a href="#${inHtml(name)}">${inHtml(name)}</a>`);
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${inHtml(name)}"><summary><code>${inHtml(name)}</code></summary>${json(schema)}</details>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${inHtml(info.title)}</title><style>${STYLE}</style></head><body>
<h1>${inHtml(info.title)}</h1>
<p>${inHtml(info.description)} The same for programs: <a href="${inHtml(base)}/openapi.json">openapi.json</a>.</p>
<p>${security.length === 0 ? "Callers need no key." : "Callers send a key or the token of a session: <code>authorization: Bearer …</code>, but where it says that all may."}</p>
<nav>${links.join(" · ")}</nav>
${sections.join("\n")}
<h2 id="schemas">Schemas</h2>${schemas.join("")}
</body></html>
`;
}

function groupOf(path: string, base: string): string {
  const within = path.startsWith(`${base}/`) ? path.slice(base.length) : path;
  const [, first = ""] = within.split("/");
  return first.startsWith("{") ? "commands" : first;
}

function operationOf(
  method: string,
  path: string,
  operation: Operation,
  { components, security }: Description,
): string {
  const { summary = "", description = "", parameters = [], requestBody, responses } = operation;
  const isOpen = security.length > 0 && operation.security?.length === 0;
  const rows = parameters.map(
    ({ name, in: place, required, description: about = "", schema = {} }) =>
      `<tr><td><code>${inHtml(name)}</code></td><td>${place}${required ? ", required" : ""}</td><td>${prose([about, schema.description].filter(Boolean).join(" "))} <code>${inHtml(shortOf(schema))}</code></td></tr>`,
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema = {} }]) =>
      `<p>Body, <code>${inHtml(type)}</code>${requestBody?.required ? ", required" : ""}</p>${Object.keys(schema).length > 0 ? json(schema) : ""}`,
  );
  const answers = Object.entries(responses).map(([status, { description: about, $ref }]) => {
    const shared = $ref === undefined ? undefined : components.responses[$ref.split("/").at(-1) as string];
    return `<tr><td><code>${inHtml(status)}</code></td><td>${prose(about ?? shared?.description ?? "")}</td></tr>`;
  });
  return `<details><summary><span class="method">${inHtml(method)}</span><code class="path">${inHtml(path)}</code> ${prose(summary)}</summary>
<p>${prose(description)}${isOpen ? " All may." : ""}</p>
${rows.length > 0 ? `<table>${rows.join("")}</table>` : ""}${bodies.join("")}<table>${answers.join("")}</table></details>`;
}

/** A text with code between backticks. */
function prose(text: string): string {
  return inHtml(text).replace(/`([^`]+)`/g, (_, code: string) => `<code>${code}</code>`);
}

/** A schema in a few words. */
function shortOf({ description: _, ...schema }: Schema): string {
  return JSON.stringify(schema).replace(/^\{|\}$/g, "");
}

function json(schema: object): string {
  return `<pre>${inHtml(JSON.stringify(schema, null, 2))}</pre>`;
}
