/** Secrets of triggers: they are needed while no execution is under way. */
import { type ExpressionSources, secretsOf } from "../engine/expression-scope.js";

/** All that such a text may be beside the secret itself. */
const NAMED = /^\$\{\{\s*(secrets|env)\.([A-Za-z_]\w*)\s*\}\}$/;

/** Those of the conductor are for its nodes. */
const LACKING =
  "the triggers of this server have no secrets. Give them `secrets: (name) => …`, a setting of createTriggers, such as the conductor's; " +
  "on the command line, one of conductor.config";

/** Why a text stands for no secret; `undefined` where it does. */
export function secretProblem(text: string): string | undefined {
  if (!text.includes("\u0024{{") || NAMED.test(text.trim())) return undefined;
  return "A secret is written as \u0024{{ secrets.NAME }} or \u0024{{ env.NAME }}, and nothing else around it";
}

/**
 * The secret that a text names, or the text.
 *
 * @throws Error naming the secret, or the variable, that cannot be had, or is empty, so that anyone could sign with it
 */
export async function secretBehind(text: string, sources: ExpressionSources | undefined): Promise<string> {
  const [, kind, name = ""] = NAMED.exec(text.trim()) ?? [];
  if (kind === undefined) return text;
  const value = kind === "secrets" ? (await secretsOf([name], sources, () => LACKING)).get(name) : sources?.env[name];
  if (value === "") throw new Error(`\`${kind}.${name}\` is empty, and anyone could sign with it`);
  if (value !== undefined) return value;
  throw new Error(
    `\`env.${name}\` is not there, or may not be read: allow it by \`expressions: { env: ["${name}"] }\` of createTriggers, on the command line of conductor.config`,
  );
}
