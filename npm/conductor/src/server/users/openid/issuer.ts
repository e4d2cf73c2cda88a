/** An issuer of OpenID Connect, as this server asks it; its library is loaded with the first sign-in. */
import { messageOf } from "@atomiton/values";
import type { ClientAuth, Configuration, TokenEndpointResponse, TokenEndpointResponseHelpers } from "openid-client";
import { coded } from "../../../engine/failure.js";
import { createLog } from "../../../engine/log.js";
import type { Claims } from "./person.js";
import { type CheckedOpenId, isInsecure } from "./settings.js";

/** How long an answer of the issuer may take, in seconds. */
const TIMEOUT_S = 10;

/** How long its description counts, in ms. */
const DESCRIBED_MS = 3_600_000;

/** Statuses that say nothing of what was asked. */
const OVERLOADED = 429;
const FAILED = 500;

/** What a sign-in has to come back with. */
export interface Expected {
  state: string;
  nonce: string;
  /** What the PKCE challenge was made of. */
  verifier: string;
}

/** What the issuer gives at a sign-in or a refresh. */
export interface Issued {
  /** Of the ID token, and of the userinfo endpoint where the settings say so; missing where a refresh brought no ID token. */
  claims?: Claims;
  /** Missing where the issuer lets no one refresh, or leaves the one that there is as it is. */
  refreshToken?: string;
}

type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** Failures that are none of the person's doing. */
type Failure = "unreachable" | "misconfigured";

/**
 * The issuer. Methods reject with INTERNAL_ERROR where it cannot be reached or refuses this server, and with VALIDATION_FAILED where it
 * refuses the person, or its answer is not what it has to be.
 */
export class Issuer {
  #found: { config: Configuration; until: number } | undefined;
  #finding: Promise<Configuration> | undefined;

  constructor(private readonly settings: CheckedOpenId) {}

  /** Where a browser signs in. */
  async signInAddress({ state, nonce, verifier }: Expected): Promise<URL> {
    const { parameters, scopes, redirectUri } = this.settings;
    const config = await this.#config();
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await load();
    return buildAuthorizationUrl(config, {
      ...parameters,
      redirect_uri: redirectUri,
      scope: scopes.join(" "),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
  }

  /** Exchanges what a browser came back with. */
  async exchange(query: string, { state, nonce, verifier }: Expected): Promise<Issued & { claims: Claims }> {
    const came = new URL(this.settings.redirectUri);
    came.search = query;
    const config = await this.#config();
    const { authorizationCodeGrant } = await load();
    const expected = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const tokens = await this.#asked(authorizationCodeGrant(config, came, expected));
    const { claims, ...issued } = await this.#issued(config, tokens);
    if (claims === undefined) throw notAsItHasToBe("it has no ID token");
    return { ...issued, claims };
  }

  /** Refreshes; `undefined` where the issuer refuses that. */
  async refresh(refreshToken: string): Promise<Issued | undefined> {
    const config = await this.#config();
    const { refreshTokenGrant } = await load();
    try {
      return await this.#issued(config, await refreshTokenGrant(config, refreshToken));
    } catch (error) {
      if ((error as { error?: unknown }).error === "invalid_grant") return undefined;
      throw await this.#told(error);
    }
  }

  /** Ends what a refresh token stands for; what fails goes to the log, since the session here is over anyway. */
  async revoke(refreshToken: string): Promise<void> {
    try {
      const config = await this.#config();
      if (config.serverMetadata().revocation_endpoint === undefined) return;
      const { tokenRevocation } = await load();
      await tokenRevocation(config, refreshToken, { token_type_hint: "refresh_token" });
    } catch (error) {
      createLog().warn(`A refresh token could not be revoked at ${this.settings.issuer}: ${messageOf(error)}`);
    }
  }

  /** Where a browser signs out; `undefined` where the issuer has no such address. */
  async signOutAddress(): Promise<URL | undefined> {
    const config = await this.#config();
    if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
    const { afterLogout } = this.settings;
    const { buildEndSessionUrl } = await load();
    return buildEndSessionUrl(config, afterLogout === undefined ? {} : { post_logout_redirect_uri: afterLogout });
  }

  async #issued(config: Configuration, tokens: Tokens): Promise<Issued> {
    const inToken = tokens.claims();
    const refreshToken = tokens.refresh_token;
    const issued: Issued = refreshToken === undefined ? {} : { refreshToken };
    if (inToken === undefined) return issued;
    if (!this.settings.userInfo) return { ...issued, claims: { ...inToken } };
    const { fetchUserInfo } = await load();
    // The library refuses those of another person.
    const told = await this.#asked(fetchUserInfo(config, tokens.access_token, inToken.sub));
    return { ...issued, claims: { ...told, ...inToken } };
  }

  async #config(): Promise<Configuration> {
    if (this.#found !== undefined && performance.now() < this.#found.until) return this.#found.config;
    // However many sign in at once, the issuer is asked once.
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  async #find(): Promise<Configuration> {
    const { allowInsecureRequests, discovery, enableNonRepudiationChecks } = await load();
    const address = new URL(this.settings.issuer);
    const { clientId, clientSecret } = this.settings;
    const execute = [enableNonRepudiationChecks, ...(isInsecure(address) ? [allowInsecureRequests] : [])];
    const options = { execute, timeout: TIMEOUT_S };
    const authentication = await clientAuthentication(clientSecret);
    const config = await this.#described(discovery(address, clientId, undefined, authentication, options));
    const { issuer } = config.serverMetadata();
    // The library lets this be where an issuer serves many tenants, all of whose people would get in here.
    if (new URL(issuer).href !== address.href) {
      throw this.#failed("misconfigured", `it calls itself ${issuer}; the setting \`issuer\` must be of one tenant`);
    }
    this.#found = { config, until: performance.now() + DESCRIBED_MS };
    return config;
  }

  /** The person who signs in has no part in what is wrong with a description. */
  async #described(description: Promise<Configuration>): Promise<Configuration> {
    try {
      return await description;
    } catch (error) {
      const told = (await this.#told(error)) as Error & { code?: string };
      throw told.code === "VALIDATION_FAILED" ? this.#failed("misconfigured", messageOf(error)) : told;
    }
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw await this.#told(error);
    }
  }

  /** A failure of the library in words for the person, with what only the owner may know in the log. */
  async #told(error: unknown): Promise<Error> {
    const { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } = await load();
    const { code, cause } = error as { code?: string; cause?: unknown };
    if (error instanceof AuthorizationResponseError) {
      const why = error.error_description === undefined ? error.error : `${error.error}, ${error.error_description}`;
      const isItsOwn = error.error === "server_error" || error.error === "temporarily_unavailable";
      if (isItsOwn) return this.#failed("unreachable", why);
      return coded("VALIDATION_FAILED", `The issuer refused the sign-in: ${why.slice(0, 200)}`, undefined);
    }
    if (error instanceof ResponseBodyError) {
      const why = `it answered ${error.status} ${error.error}`;
      if (error.status >= FAILED || error.status === OVERLOADED) return this.#failed("unreachable", why);
      if (error.error === "invalid_grant") {
        return coded("VALIDATION_FAILED", "The issuer refused the code of this sign-in: begin again", undefined);
      }
      return this.#failed("misconfigured", `${why}: ${error.error_description ?? ""}`);
    }
    if (error instanceof WWWAuthenticateChallengeError)
      return this.#failed("misconfigured", `it answered ${error.status}`);
    const status = cause instanceof Response ? cause.status : undefined;
    const isSilent = code === "OAUTH_TIMEOUT" || code === "OAUTH_ABORT";
    const isOff = error instanceof TypeError && !String(code).startsWith("ERR_INVALID_ARG");
    if (isSilent || isOff || (status !== undefined && (status >= FAILED || status === OVERLOADED))) {
      return this.#failed("unreachable", status === undefined ? messageOf(error) : `it answered ${status}`);
    }
    if (status !== undefined) return this.#failed("misconfigured", `it answered ${status}`);
    return notAsItHasToBe(messageOf(error));
  }

  #failed(how: Failure, why: string): Error {
    const { issuer } = this.settings;
    const what = how === "unreachable" ? "cannot be reached now" : "and this server do not agree";
    createLog().error(`The issuer ${issuer} ${what}: ${why}`);
    const then = how === "unreachable" ? "try again later" : "the log of the server says more";
    return coded("INTERNAL_ERROR", `The issuer ${issuer} ${what}: ${then}`, undefined);
  }
}

/** Loaded by those who sign in there. */
const load = () => import("openid-client");

/** By the way that the issuer takes: of the two, what the specification takes for granted comes first. */
async function clientAuthentication(secret: string): Promise<ClientAuth> {
  const { ClientSecretBasic, ClientSecretPost } = await load();
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (as, ...request) => {
    const methods = as.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    return (methods.includes("client_secret_basic") ? basic : post)(as, ...request);
  };
}

function notAsItHasToBe(why: string): Error {
  return coded("VALIDATION_FAILED", `The answer of the issuer is not as it has to be: ${why.slice(0, 200)}`, undefined);
}
