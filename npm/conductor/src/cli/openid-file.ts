/** `--openid FILE`: the settings of a sign-in at an issuer, with the secret elsewhere. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { referenced, referenceProblem } from "../server/secrets/references.js";
import { checkedOpenId, type OpenIdSettings } from "../server/users/openid/settings.js";
import { UsageError } from "./exit.js";
import { oneLine } from "./text.js";

/**
 * Reads settings in YAML or JSON. Files of secrets lie from the folder of this file.
 *
 * @throws UsageError for what cannot be read, for settings that cannot be, and for a secret that stands in the file itself
 */
export async function openIdIn(path: string): Promise<OpenIdSettings> {
  const refused = (why: string) => new UsageError(`${oneLine(path)}: ${oneLine(why)}`);
  let found: unknown;
  try {
    const { parse } = await import("yaml");
    found = parse(await readFile(path, "utf8"));
  } catch (error) {
    throw refused((error as Error).message);
  }
  const { clientSecret, ...settings } = (found ?? {}) as Record<string, unknown>;
  const from =
    typeof clientSecret === "string"
      ? clientSecret.replace(/^file:(.*)$/s, (_, file: string) => `file:${resolve(dirname(path), file)}`)
      : clientSecret;
  if (referenceProblem(from) !== undefined) {
    throw refused(
      "`clientSecret` must be env:NAME, a variable of the environment, or file:PATH; no secret stands here",
    );
  }
  try {
    const read = { ...settings, clientSecret: await referenced("clientSecret", from as string) };
    return checkedOpenId(read as unknown as OpenIdSettings);
  } catch (error) {
    throw refused((error as Error).message);
  }
}
