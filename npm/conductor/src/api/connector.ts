/** Ways to other processes, made of the settings of a conductor. */
import type { Log } from "../engine/log.js";
import { getErrorRecoveryStrategy } from "../engine/recovery.js";
import { defaultApiUrl, defaultWebSocketUrl } from "../transports/detect.js";
import { TransportError } from "../transports/failure.js";
import { createHTTPTransport } from "../transports/http.js";
import { createIPCTransport } from "../transports/ipc.js";
import { eventIssuerOf, issuerOf } from "../transports/issuer.js";
import { LazyTransport } from "../transports/lazy-transport.js";
import { remoteServices } from "../transports/remote.js";
import { type TokenStore, tokensOf } from "../transports/token-store.js";
import { createWebSocketTransport } from "../transports/websocket.js";
import type { RemoteTransport, TransportOptions, TransportType } from "../types/transport.js";
import type { Environment } from "./environment.js";
import { type ConductorConfig, msOrRefuse } from "./settings.js";
import type { Remote } from "./target.js";

/** Kinds of transports that lead elsewhere. */
const TYPES: readonly string[] = ["http", "websocket", "ipc"] satisfies TransportType[];

/** Makes transports with the services over them. */
export class Connector {
  constructor(
    private readonly environment: Environment,
    private readonly config: ConductorConfig,
    private readonly tokens: TokenStore,
    private readonly log: Log,
  ) {}

  /** A way to another process. Throws for an unknown type, and for settings that cannot be used. */
  connect(type: TransportType, options: TransportOptions): Remote {
    if (!TYPES.includes(type)) throw new Error(`Transport ${type} not registered`);
    const tokens = tokensOf(this.tokens, issuerOf(type, options, this.config));
    const transport = new LazyTransport(type, () => this.make(type, options, tokens));
    const services = remoteServices(transport, {
      tokens,
      recovery: getErrorRecoveryStrategy,
      warn: this.log.warn,
      timeout: msOrRefuse("timeout", this.config.timeout),
      lifetime: transport,
    });
    return { transport, services };
  }

  private make(type: TransportType, options: TransportOptions, tokens: TokenStore): RemoteTransport {
    const { config, environment } = this;
    const apiUrl = options.apiUrl ?? config.apiUrl;
    const wsUrl = options.wsUrl ?? config.wsUrl;
    const timeout = options.timeout === undefined ? {} : { timeout: options.timeout };
    // A key is for one server: it does not go to another that is named later.
    const isOther = options.apiUrl !== undefined || options.wsUrl !== undefined;
    const key = options.key ?? (isOther ? undefined : config.key);
    switch (type) {
      case "http": {
        const address = apiUrl ?? defaultApiUrl();
        const events = wsUrl ?? (environment.listensToServers ? defaultWebSocketUrl(address) : undefined);
        // Without WebSockets there are no events; listeners are told.
        const hasEvents = events !== undefined && environment.WebSocket !== undefined;
        return createHTTPTransport({
          apiUrl: address,
          headers: { ...config.headers, ...options.headers },
          token: () => tokens.get() ?? key,
          ...(hasEvents && {
            events: this.socket(events, {}, tokensOf(this.tokens, eventIssuerOf(events, options, config)), key),
          }),
          ...timeout,
        });
      }
      case "websocket":
        return this.socket(wsUrl ?? defaultWebSocketUrl(apiUrl), timeout, tokens, key);
      default:
        return createIPCTransport(timeout);
    }
  }

  private socket(
    url: string,
    timeout: { timeout?: number },
    tokens: TokenStore,
    key: string | undefined,
  ): RemoteTransport {
    const { WebSocket } = this.environment;
    if (WebSocket === undefined) throw new TransportError("NO_TRANSPORT", "This platform has no WebSocket");
    const token = () => tokens.get() ?? key;
    return createWebSocketTransport({ url, WebSocket, token, onTokenChange: tokens.onChange, ...timeout });
  }
}
