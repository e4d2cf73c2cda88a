/** Templates in parameters whose text is taken as it is: they would go out as they are written. */
import { nameHere } from "@atomiton/values";

import { pointerKey } from "../data/pointer.js";
import type { NodeType, ParameterProblem } from "./node-type.js";

/** Types that fill in templates themselves, or whose texts are programs. */
export const FILLED_IN: ReadonlySet<string> = new Set([
  "edit-fields",
  "template",
  "code",
  "python",
  "wasm",
  "transform",
]);

const LONGEST = 100_000;
const DEEPEST = 16;
/** Values that are looked at: those that share each other have no end. */
const MOST_VALUES = 10_000;
/** Within expressions braces are theirs. */
const EXPRESSION = /\$\{\{(?:"[^"]{0,300}"|'[^']{0,300}'|[^}"']|\}(?!\})){0,300}\}\}/g;
const TEMPLATE = /(?<!\$)\{\{\s{0,8}([$A-Za-z_](?:[\w$.[\]()]|"[^"]{0,60}"|'[^']{0,60}'){0,100})\s{0,8}\}\}/;

/** What other tools write between the name of an input, or of a node, and a field of its data. */
const OTHER_WAYS: readonly (readonly [RegExp, string])[] = [
  [/^\$input\.(?:item|first\(\)|last\(\))\.json\b/, "$json"],
  [/^\$(?:node\[(["'][^"']+["'])\]|\((["'][^"']+["'])\)(?:\.item|\.first\(\)|\.last\(\))?)\.json\b/, "nodes[$1$2]"],
];
/** What expressions may begin with. */
const NAMES = /^(?:data|input|item|index|variables|nodes|env|secrets|run|now|lastResult)\b/;

/** A type that warns of texts such as `{{total}}` in its parameters, which it takes as they are. */
export function withTextChecked(type: NodeType): NodeType {
  return {
    ...type,
    problems: (parameters, parsers) => [...(type.problems?.(parameters, parsers) ?? []), ...templatesIn(parameters)],
  };
}

function templatesIn(parameters: Readonly<Record<string, unknown>>): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  let left = MOST_VALUES;
  const visit = (value: unknown, path: string, depth: number) => {
    if (--left < 0) return;
    if (typeof value === "string") {
      const name =
        !value.includes("{{") || value.length > LONGEST ? undefined : TEMPLATE.exec(value.replace(EXPRESSION, ""))?.[1];
      if (name === undefined) return;
      const message =
        `\`{{${name}}}\` is text here and goes out as it is: an expression is \`\${{ ${expressionFor(name)} }}\`, and templates ` +
        `are filled in by \`edit-fields\` and \`template\`. Where it is meant, write \`\${{ "{{${name.replaceAll('"', "'")}}}" }}\``;
      problems.push({ code: "INVALID_PARAMETERS", severity: "warning", rule: "template-in-text", path, message });
    } else if (typeof value === "object" && value !== null && depth < DEEPEST) {
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}/${pointerKey(key)}`, depth + 1);
    }
  };
  visit(parameters, "", 0);
  return problems;
}

function expressionFor(name: string): string {
  const direct = OTHER_WAYS.reduce((text, [way, meant]) => text.replace(way, meant), name);
  const [root = ""] = /^\$?\w+/.exec(direct) ?? [];
  const here = nameHere(root);
  if (here !== undefined) return here + direct.slice(root.length);
  return NAMES.test(direct) ? direct : `data.${direct.replace(/^\$/, "")}`;
}
