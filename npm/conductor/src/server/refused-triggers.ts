/** Node types as a server tells them: also those refused by which nothing begins there. */
import type { NodesApi } from "../services/nodes.js";
import type { NodeTypeEntry, NodeTypeRefusal } from "../types/node-type.js";

/** What callers are told who send a request to a webhook, or want to begin a flow with one. */
export const NO_HOOKS =
  "This server takes no requests for webhooks: its owner turns them on, by `webhooks: true` or --webhooks";

const code = "IMPLEMENTATION_NOT_FOUND";

const NO_TRIGGERS =
  "This server watches no triggers, so that flows begin by hand alone: its owner gives it `triggers`, and a store that keeps more than executions";

/** The same, with the triggers refused for which the server has no watch. */
export function withTriggersRefused(
  nodes: NodesApi,
  { hasTriggers, takesHooks }: { hasTriggers: boolean; takesHooks: boolean },
): NodesApi {
  const refusalOf = ({ type, isTrigger }: NodeTypeEntry): NodeTypeRefusal | undefined => {
    if (!isTrigger) return undefined;
    if (!hasTriggers) return { code, message: NO_TRIGGERS };
    return type === "webhook" && !takesHooks ? { code, message: NO_HOOKS } : undefined;
  };
  const told = <Entry extends NodeTypeEntry>(entry: Entry): Entry => {
    const refused = entry.refused ?? refusalOf(entry);
    return refused === undefined ? entry : { ...entry, refused };
  };
  return { list: async () => (await nodes.list()).map(told), get: async (type) => told(await nodes.get(type)) };
}
