/** Settings of the sign-in by OpenID Connect, checked when a server starts. */
import { coded } from "../../../engine/failure.js";
import { demandNames } from "../../../engine/setting-names.js";
import type { Role } from "../../../services/declaration.js";
import { ROLES } from "../../access.js";

/** How people sign in at an issuer of OpenID Connect. */
export interface OpenIdSettings {
  /** The address of the issuer; its description is at `/.well-known/openid-configuration` below it. `https`, or this machine. */
  issuer: string;
  /** The client that this server is at the issuer, and its secret. */
  clientId: string;
  clientSecret: string;
  /** Where the issuer sends browsers back to: `<base>/auth/openid/callback` as browsers reach it, and as it is registered at the issuer. */
  redirectUri: string;
  /**
   * The role of a person: the highest that `map` gives for the values of a claim, a text or a list of texts. Of a claim within another
   * one the names are joined by dots. The claim `email` counts only where the issuer says that it is verified.
   */
  roles?: { claim: string; map: Readonly<Record<string, Role>> };
  /** The role of everyone at the issuer to whom `roles` gives none. Default: they are refused. */
  default?: Role;
  /** What is asked for. Default `openid` and `email`. With `offline_access` sessions last as long as the issuer refreshes them. */
  scopes?: readonly string[];
  /** Whether claims are read from the userinfo endpoint as well, for issuers whose ID tokens lack them. Default false. */
  userInfo?: boolean;
  /** Further parameters of the request at the issuer, such as `{ access_type: "offline" }`. */
  parameters?: Readonly<Record<string, string>>;
  /** Where the issuer sends browsers after a sign-out there, as it is registered at the issuer. Default: they stay there. */
  afterLogout?: string;
}

/** Settings that are complete. */
export type CheckedOpenId = OpenIdSettings & Required<Pick<OpenIdSettings, "scopes" | "userInfo" | "parameters">>;

const NAMES = [
  "issuer",
  "clientId",
  "clientSecret",
  "redirectUri",
  "roles",
  "default",
  "scopes",
  "userInfo",
  "parameters",
  "afterLogout",
] as const satisfies readonly (keyof OpenIdSettings)[];

/** Parameters that are this server's to set. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  "client_id",
  "client_secret",
  "redirect_uri",
  "response_type",
  "response_mode",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "request",
  "request_uri",
]);

const CALLBACK = "/auth/openid/callback";

/** Checks settings. Throws INVALID_PARAMETERS that says which one cannot be. */
export function checkedOpenId(given: OpenIdSettings): CheckedOpenId {
  demandNames("openId", given, NAMES);
  for (const name of ["issuer", "clientId", "clientSecret", "redirectUri"] as const) {
    if (typeof given[name] !== "string" || given[name] === "") throw refused(`\`openId.${name}\` must be a text`);
  }
  demandAddress("issuer", given.issuer);
  const redirect = demandAddress("redirectUri", given.redirectUri);
  if (!redirect.pathname.endsWith(CALLBACK)) {
    throw refused(
      `\`openId.redirectUri\` must end with ${CALLBACK}, which the server answers; found ${given.redirectUri}`,
    );
  }
  if (given.afterLogout !== undefined) demandAddress("afterLogout", given.afterLogout, true);
  demandRoles(given);
  const { scopes = ["openid", "email"], userInfo = false, parameters = {} } = given;
  const areScopes = Array.isArray(scopes) && scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
  if (!areScopes || !scopes.includes("openid")) {
    throw refused("`openId.scopes` must be a list of scopes, with openid among them");
  }
  if (typeof userInfo !== "boolean") throw refused("`openId.userInfo` is true or false");
  for (const [name, value] of Object.entries(parameters)) {
    if (OWN_PARAMETERS.has(name)) throw refused(`\`openId.parameters\` cannot have ${name}, which the server sets`);
    if (typeof value !== "string") throw refused(`\`openId.parameters.${name}\` must be a text`);
  }
  return { ...given, scopes, userInfo, parameters };
}

function demandRoles({ roles, default: usual }: OpenIdSettings): void {
  if (usual !== undefined && !ROLES.includes(usual)) throw noRole("default", usual);
  if (roles === undefined) {
    if (usual !== undefined) return;
    throw refused("`openId` gives a role to no one: set `roles: { claim, map }`, or `default`");
  }
  const { claim, map } = roles;
  const isMap = typeof map === "object" && map !== null && Object.keys(map).length > 0;
  if (typeof claim !== "string" || claim === "" || !isMap || Object.keys(roles).length > 2) {
    throw refused("`openId.roles` must be `{ claim, map }`: the name of a claim, and the role of each of its values");
  }
  for (const [value, role] of Object.entries(map)) if (!ROLES.includes(role)) throw noRole(`roles.map.${value}`, role);
}

/** An address that is reached by an encrypted connection, or is one of this machine. Throws INVALID_PARAMETERS for every other one. */
function demandAddress(name: string, text: unknown, hasQuery = false): URL {
  const isAddress = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (isAddress === undefined)
    throw refused(`\`openId.${name}\` must be an address, such as https://login.example.com`);
  const { protocol, username, password, search, hash, href } = isAddress;
  if (protocol !== "https:" && !isInsecure(isAddress)) {
    throw refused(`\`openId.${name}\` must begin with https://, unless it is on this machine; found ${href}`);
  }
  // In names of users the issuer stands behind an @.
  const isPlain = username === "" && password === "" && hash === "" && (hasQuery || search === "");
  if (isPlain && (name !== "issuer" || !href.includes("@"))) return isAddress;
  throw refused(`\`openId.${name}\` must be an address without user, query and fragment; found ${href}`);
}

/** Whether an address is one of this machine without encryption, as in tests and while a server is built. */
export function isInsecure({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && (hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname));
}

function noRole(name: string, role: unknown): Error {
  const found = JSON.stringify(role) ?? "nothing";
  return refused(`\`openId.${name}\` must be a role: ${ROLES.join(", ")}; found ${found.slice(0, 100)}`);
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
