/** A server whose users sign in at an issuer. */
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { type AuditEntry, createUsers, type OpenIdSettings, type ServerOptions } from "../../../src/exports/server.js";
import { serving } from "../serving.js";
import { Browser, type Visited } from "./browser.js";
import { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SITE, startIssuer, type TestIssuer } from "./issuer.js";

/** The groups at the issuer, and what they may do here. */
export const ROLES = {
  claim: "groups",
  map: { "flows-admins": "admin", "flows-runners": "runner", everyone: "viewer" },
} as const;

export interface Given {
  issuer?: TestIssuer;
  settings?: Partial<OpenIdSettings>;
  options?: Partial<ServerOptions>;
  store?: ExecutionStore;
  sessions?: { idle?: number; longest?: number };
}

/** Settings that let the test's issuer refresh. */
export const OFFLINE = { scopes: ["openid", "email", "offline_access"], parameters: { prompt: "consent" } } as const;

export async function servingOpenId(given: Given = {}) {
  const { settings, options, sessions, store = createMemoryExecutions() } = given;
  const issuer = given.issuer ?? (await startIssuer());
  issuer.people.set("ada", { groups: ["everyone", "flows-admins"], email: "ada@example.com", email_verified: true });
  issuer.people.set("ron", { groups: ["flows-runners"], email: "ron@example.com", email_verified: false });
  issuer.people.set("eve", { groups: ["others"] });
  const audited: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const openId: OpenIdSettings = {
    issuer: issuer.address,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    redirectUri: REDIRECT_URI,
    roles: ROLES,
    ...settings,
  };
  const users = createUsers({ store, audit, openId, ...(sessions && { sessions }) });
  const { authenticate, auth } = users;
  const served = await serving({ authenticate, auth, audit, ...options }, store);
  const { apiUrl } = served;
  const browser = () => new Browser({ [SITE]: new URL(apiUrl).origin });
  const post = async (token: string | undefined, path: string, body: unknown = {}) => {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    const response = await fetch(`${apiUrl}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const statusWith = async (token: string) =>
    (await fetch(`${apiUrl}/flows`, { headers: { authorization: `Bearer ${token}` } })).status;

  const loginAddress = (own: Browser, returnTo = "/app") =>
    `${SITE}/api/auth/openid/login?${new URLSearchParams({ challenge: own.challenge, returnTo })}`;
  /** Goes from the login to where the issuer sends the browser, which is not asked for. */
  const toCallback = async (who: string, own = browser()): Promise<{ own: Browser; callback: URL }> => {
    issuer.who = who;
    const { url } = await own.go(loginAddress(own), ({ pathname }) => pathname.endsWith("/callback"));
    return { own, callback: url };
  };
  /** The end of a sign-in, at the page or at a failure. */
  const signIn = async (who: string, own = browser()): Promise<Visited & { own: Browser; code: string }> => {
    const { callback } = await toCallback(who, own);
    const found = await own.ask(callback);
    const to = found.headers.get("location");
    const url = to === null ? found.url : new URL(to);
    return { ...found, url, own, code: codeIn(url) };
  };
  /** The session of a person. */
  const tokenOf = async (who: string): Promise<string> => {
    const { own, code, text } = await signIn(who);
    const { status, body } = await post(undefined, "auth/redeem", { code, verifier: own.verifier });
    if (status !== 200) throw new Error(`No session: ${text} ${JSON.stringify(body)}`);
    return body.token;
  };
  const helpers = { browser, post, statusWith, loginAddress, toCallback, signIn, tokenOf };
  return { ...served, ...helpers, issuer, users, audited, store, openId };
}

export function codeIn(url: URL): string {
  return new URLSearchParams(url.hash.slice(1)).get("openid_code") ?? "";
}
