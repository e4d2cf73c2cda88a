/** Which saved flows read which secrets. */
import { messageOf } from "@atomiton/values";
import { outlineOf } from "../../engine/outline.js";
import { secretNamesOf } from "../../engine/secret-names.js";
import type { StorageApi } from "../../services/storage.js";
import type { SecretEntry, Secrets } from "./secrets.js";

/** A secret, and the ids of the saved flows that read it. */
export interface UsedSecret extends SecretEntry {
  usedBy: string[];
}

/** All secrets with their uses. */
export interface SecretList {
  secrets: UsedSecret[];
  /** Names that saved flows read, without a secret of this name. */
  missing: { name: string; usedBy: string[] }[];
  /** Flows that could not be looked into; missing where all could be. */
  problems?: { id: string; message: string }[];
}

/** A page of the list of flows. */
const PAGE = 1000;

/** Lists secrets with the saved flows that read them, each in its last version. */
export async function secretList(
  secrets: Pick<Secrets, "list">,
  storage: Pick<StorageApi, "listFlows" | "loadFlow">,
): Promise<SecretList> {
  const uses = new Map<string, string[]>();
  const problems: NonNullable<SecretList["problems"]> = [];
  for (let offset = 0, total = 1; offset < total; offset += PAGE) {
    const page = await storage.listFlows({ limit: PAGE, offset, sortBy: "savedAt", sortOrder: "asc" });
    total = page.total;
    if (offset === 0) problems.push(...(page.problems ?? []));
    for (const { id } of page.flows) {
      try {
        for (const name of secretNamesOf(outlineOf(await storage.loadFlow(id)))) {
          uses.set(name, [...(uses.get(name) ?? []), id]);
        }
      } catch (error) {
        problems.push({ id, message: messageOf(error) });
      }
    }
  }
  const usedBy = (name: string) => [...new Set(uses.get(name))].sort();
  const listed = (await secrets.list()).map((secret) => ({ ...secret, usedBy: usedBy(secret.name) }));
  const known = new Set(listed.map(({ name }) => name));
  const missing = [...uses.keys()].filter((name) => !known.has(name)).sort();
  return {
    secrets: listed,
    missing: missing.map((name) => ({ name, usedBy: usedBy(name) })),
    ...(problems.length > 0 && { problems }),
  };
}
