/** The header `link` of answers (RFC 8288). */

/** Where the first link of a relation leads, as it is written; `undefined` if no link has that relation. */
export function linkOf(header: string | null, relation: string): string | undefined {
  let rest = header ?? "";
  for (;;) {
    const start = rest.indexOf("<");
    const end = rest.indexOf(">", start);
    if (start < 0 || end < 0) return undefined;
    const target = rest.slice(start + 1, end).trim();
    const { parameters, length } = parametersIn(rest.slice(end + 1));
    // One with an anchor is about something else than this answer.
    const relations = parameters.get("rel")?.toLowerCase().split(/\s+/) ?? [];
    if (relations.includes(relation) && !parameters.has("anchor")) return target;
    rest = rest.slice(end + 1 + length);
  }
}

/** `; name=value; name="value"` up to the comma after it; of a name that is there twice the first counts. */
function parametersIn(text: string): { parameters: Map<string, string>; length: number } {
  const parameters = new Map<string, string>();
  const part = /[;\s]*([^=;,\s"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s"]*)))?/y;
  let length = 0;
  for (let found = part.exec(text); found !== null; found = part.exec(text)) {
    const [, name = "", quoted, plain] = found;
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
    length = part.lastIndex;
  }
  return { parameters, length };
}
