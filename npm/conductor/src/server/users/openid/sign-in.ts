/** The addresses by which browsers sign in at an issuer and out again: `<base>/auth/openid/login`, `callback` and `logout`. */
import { randomBytes } from "node:crypto";
import { messageOf } from "@atomiton/values";
import { coded } from "../../../engine/failure.js";
import { createLog } from "../../../engine/log.js";
import type { Limited } from "../../access.js";
import type { AuditEntry } from "../../audit.js";
import type { RateGuard } from "../../rate-limits.js";
import { RecentMap } from "../../recent-map.js";
import { failurePage } from "./failure-page.js";
import type { Issued, Issuer } from "./issuer.js";
import { PENDING_MS, PendingCookies } from "./pending.js";
import { type Claims, nameOf, personOf } from "./person.js";
import type { CheckedOpenId } from "./settings.js";

/** What a server knows of a request, and lets its answer use. */
export interface OpenIdAsked {
  /** Of the client, where it is known. */
  address: string | undefined;
  /** Origins of pages that may call, beside those of the server itself. */
  origins: ReadonlySet<string>;
  guard: RateGuard;
  tell(entry: Omit<AuditEntry, "time">): void;
}

/** The steps that browsers go through. */
export const OPENID_STEPS = ["login", "callback", "logout"] as const;

/** One of the steps. */
export type OpenIdStep = (typeof OPENID_STEPS)[number];

/** The sign-in at an issuer, as a server offers it. */
export interface OpenIdSignIn {
  /** Its address. */
  readonly issuer: string;
  /** Answers a browser. */
  answer(step: OpenIdStep, request: Request, asked: OpenIdAsked): Promise<Response>;
}

/** What is made of a person who comes back. */
export interface OpenIdParts {
  settings: CheckedOpenId;
  issuer: Issuer;
  /**
   * Begins the session of a person; gives the code that it is handed over by, to whom proves to be the page of the challenge. Rejects
   * with VALIDATION_FAILED for a person without a role.
   */
  begin(issued: Issued & { claims: Claims }, challenge: string): Promise<string>;
}

/** Sign-ins that ended lately, which do not come back again. */
const MOST_ENDED = 10_000;

/** Characters of an address to return to. */
const LONGEST_RETURN = 1000;

const NOT_BEGUN =
  "This sign-in was not begun by this browser, has ended already, or took more than 10 minutes: begin again";

/** Makes the sign-in. */
export function createOpenIdSignIn({ settings, issuer, begin }: OpenIdParts): OpenIdSignIn {
  const cookies = new PendingCookies(settings);
  const ended = new RecentMap<number>(MOST_ENDED);

  const login = async (request: Request, { address, origins, guard }: OpenIdAsked): Promise<Response> => {
    const limited = guard.ofStranger(address);
    if (limited !== undefined) return failurePage(request, limited);
    const query = new URL(request.url).searchParams;
    const challenge = query.get("challenge") ?? "";
    if (!/^[\w-]{43}$/.test(challenge)) {
      throw refused("`challenge` must be the SHA-256, in base64url, of what the page redeems its code with");
    }
    const returnTo = returnAddress(query.get("returnTo") ?? "/", settings.redirectUri, origins);
    const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()];
    const to = await issuer.signInAddress({ state, nonce, verifier });
    const pending = { state, nonce, verifier, returnTo, challenge, until: Date.now() + PENDING_MS };
    return redirect(to.href, cookies.keep(request, pending));
  };

  const callback = async (request: Request, { address, guard, tell }: OpenIdAsked): Promise<Response> => {
    const attempt = guard.ofSignIn(undefined, address);
    if ("status" in attempt) return failurePage(request, attempt as Limited);
    const { search, searchParams } = new URL(request.url);
    const state = searchParams.get("state") ?? "";
    const isState = /^[\w-]{43}$/.test(state);
    let who: string | undefined;
    try {
      const pending = isState && (ended.get(state) ?? 0) < Date.now() ? cookies.find(request, state) : undefined;
      if (pending === undefined) throw coded("VALIDATION_FAILED", NOT_BEGUN, undefined);
      ended.set(state, pending.until);
      const issued = await issuer.exchange(search, pending);
      who = nameOf(personOf(issued.claims));
      const code = await begin(issued, pending.challenge);
      attempt.succeeded();
      const to = new URL(pending.returnTo);
      to.hash = new URLSearchParams({ openid_code: code }).toString();
      return redirect(to.href, [cookies.forget(state)]);
    } catch (error) {
      const { code = "INTERNAL_ERROR" } = error as { code?: string };
      const from = address === undefined ? {} : { address };
      tell({ event: "sign-in", ...from, ...(who !== undefined && { caller: who }), what: "openid", outcome: code });
      const answer = failed(request, error);
      if (isState) answer.headers.append("set-cookie", cookies.forget(state));
      return answer;
    }
  };

  const logout = async (request: Request, { address, guard }: OpenIdAsked): Promise<Response> => {
    const limited = guard.ofStranger(address);
    if (limited !== undefined) return failurePage(request, limited);
    const to = (await issuer.signOutAddress())?.href ?? settings.afterLogout;
    if (to !== undefined) return redirect(to, []);
    const error = `The issuer ${settings.issuer} has no address to sign out at (end_session_endpoint)`;
    return failurePage(request, { status: 404, error, code: "NODE_NOT_FOUND" });
  };

  const steps = { login, callback, logout };
  return {
    issuer: settings.issuer,
    async answer(step, request, asked) {
      try {
        return await steps[step](request, asked);
      } catch (error) {
        return failed(request, error);
      }
    },
  };
}

/** The address of a page of this server, or of another origin that may call it. Throws INVALID_PARAMETERS for every other one. */
function returnAddress(text: string, redirectUri: string, origins: ReadonlySet<string>): string {
  const home = new URL(redirectUri).origin;
  const to = text.length <= LONGEST_RETURN && URL.canParse(text, home) ? new URL(text, home) : undefined;
  // Other kinds of addresses may have an origin too, such as those of blobs.
  const isPage = to?.protocol === "https:" || to?.protocol === "http:";
  const isPlain = to?.username === "" && to.password === "";
  if (to !== undefined && isPage && isPlain && (to.origin === home || origins.has(to.origin))) return to.href;
  throw refused(`\`returnTo\` must be a page of ${home}, or of one of the \`origins\` of the server`);
}

function failed(request: Request, error: unknown): Response {
  const { code } = error as { code?: string };
  if (code === "VALIDATION_FAILED" || code === "INVALID_PARAMETERS") {
    return failurePage(request, { status: 400, error: messageOf(error), code });
  }
  // Other failures may tell of files and databases; the issuer's were made for everyone.
  if (code === "INTERNAL_ERROR") return failurePage(request, { status: 503, error: messageOf(error), code });
  createLog().error(`A sign-in failed: ${messageOf(error)}`);
  const then = "The server cannot sign in callers now; its log has the reason";
  return failurePage(request, { status: 503, error: then, code: "INTERNAL_ERROR" });
}

function redirect(to: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location: to, "cache-control": "no-store", "referrer-policy": "no-referrer" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
