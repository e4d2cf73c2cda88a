/** The channel `secret` of a server. */
import type { ChannelServer } from "../../desktop/channel-server.js";
import { withCode } from "../../desktop/channel-server.js";
import { serveChannel } from "../../desktop/channels/serve.js";
import type { IpcHandlers } from "../../desktop/electron.js";
import { SERVER_CHANNELS } from "../../services/server-channels.js";
import type { StorageApi } from "../../services/storage.js";
import type { Secrets } from "./secrets.js";
import { secretList } from "./uses.js";

/** Serves `list`, `set` and `remove`. Where values come from is not for callers to say: it would read files of the server. */
export function createSecretsChannelServer(ipc: IpcHandlers, secrets: Secrets, storage: StorageApi): ChannelServer {
  const handlers = {
    list: () => secretList(secrets, storage),
    set: ({ name, value }: { name: string; value: string }) => secrets.set(name, value),
    async remove({ name }: { name: string }) {
      if (await secrets.remove(name)) return;
      throw withCode("NODE_NOT_FOUND", `There is no secret with the name ${JSON.stringify(name)}`);
    },
  };
  return serveChannel("secret", ipc, { handlers }, {}, SERVER_CHANNELS.get("secret"));
}
