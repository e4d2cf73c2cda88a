/** A certified issuer of OpenID Connect that listens on this machine, whose answers a test may spoil. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
// The package has no types.
import Provider from "oidc-provider";
import { onTestFinished } from "vitest";

export const CLIENT_ID = "conductor";
export const CLIENT_SECRET = "secret of the client, with +/%: in it";
/** Where browsers reach the server; the browser of the tests knows where it listens. */
export const SITE = "https://flows.example.com";
export const REDIRECT_URI = `${SITE}/api/auth/openid/callback`;

/** What the issuer knows of a person. */
export type PersonClaims = Record<string, unknown>;

export interface TestIssuer {
  address: string;
  /** By subject; who is not there any more is refused. */
  people: Map<string, PersonClaims>;
  /** Who signs in next. */
  who: string;
  /** Paths that were asked for. */
  asked: string[];
  /** Makes another ID token of the one that is about to be given. */
  spoil: ((claims: JWTPayload, sign: Sign) => string | Promise<string>) | undefined;
  /** Answers in the place of the issuer with a status. */
  fails: ((path: string) => number | undefined) | undefined;
  /** Nothing listens any more. */
  stop(): Promise<void>;
}

/** Signs claims with the key of the issuer, or with another one of the same name. */
type Sign = (claims: JWTPayload, how?: { isForged?: boolean }) => Promise<string>;

/** What is used here of the framework of the issuer. */
interface ProviderContext {
  path: string;
  status: number;
  body: unknown;
  respond: boolean;
  req: IncomingMessage;
  res: ServerResponse;
}

const KEY_ID = "key-of-the-issuer";
const keys = Promise.all([1, 2].map(() => generateKeyPair("RS256", { extractable: true })));

/** Starts one; it ends with the test. */
export async function startIssuer(settings: Record<string, unknown> = {}): Promise<TestIssuer> {
  const [own, others] = await keys;
  const jwk = { ...(await exportJWK(own.privateKey)), kid: KEY_ID, alg: "RS256", use: "sig" };
  const http: Server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const people = new Map<string, PersonClaims>();
  const issuer: TestIssuer = { address, people, who: "", asked: [], spoil: undefined, fails: undefined, stop };

  const provider = new Provider(address, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [REDIRECT_URI],
        post_logout_redirect_uris: [`${SITE}/bye`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ["a key of the cookies of the issuer"] },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "groups", "realm_access"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      userinfo: { enabled: true },
    },
    // A refresh token is good once.
    rotateRefreshToken: true,
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount(_: unknown, id: string) {
      const claims = people.get(id);
      return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
    },
    ...settings,
  });
  const sign: Sign = (claims, { isForged = false } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: KEY_ID })
      .sign(isForged ? others.privateKey : own.privateKey);
  provider.use(async (ctx: ProviderContext, next: () => Promise<void>) => {
    issuer.asked.push(ctx.path);
    const status = issuer.fails?.(ctx.path);
    if (status !== undefined) {
      ctx.status = status;
      ctx.body = "It fails";
      return;
    }
    if (ctx.path.startsWith("/interaction/")) return interact(ctx);
    await next();
    const { id_token } = (ctx.body ?? {}) as { id_token?: string };
    if (ctx.path === "/token" && id_token !== undefined && issuer.spoil !== undefined) {
      ctx.body = { ...(ctx.body as object), id_token: await issuer.spoil(decodeJwt(id_token), sign) };
    }
  });
  const listener = provider.callback();

  /** Signs in and consents to all. */
  async function interact(ctx: ProviderContext) {
    ctx.respond = false;
    const { req, res } = ctx;
    const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
    if (prompt.name === "login") {
      return provider.interactionFinished(req, res, { login: { accountId: issuer.who } });
    }
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid email offline_access");
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } });
  }
  function stop(): Promise<void> {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(() => resolve()));
  }
  onTestFinished(stop);
  return issuer;
}
