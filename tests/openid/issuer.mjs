/** A certified issuer of OpenID Connect that listens on this machine, whose answers a test may spoil. */

import { createServer } from "node:http";

import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import Provider from "oidc-provider";

export const CLIENT_ID = "conductor";
export const CLIENT_SECRET = "secret of the client, with +/%: in it";

/** Longer than sessions of tests last. */
const DAYS_S = 60 * 24 * 3600;

const KEY_ID = "key-of-the-issuer";
const keys = Promise.all([1, 2].map(() => generateKeyPair("RS256", { extractable: true })));

/**
 * Starts one. Its `people` are claims by subject, of which `who` signs in next; `asked` are the paths that were asked for. A test may set
 * `spoil(claims, sign)`, which makes another ID token, or none, of the one that is about to be given, and `fails(path)`, a status in the place of an answer.
 *
 * @param {{ redirectUris: string[], logoutUris?: string[], host?: string, settings?: object }} options
 */
export async function startIssuer({ redirectUris, logoutUris = [], host = "127.0.0.1", settings = {} }) {
  const [own, others] = await keys;
  const jwk = { ...(await exportJWK(own.privateKey)), kid: KEY_ID, alg: "RS256", use: "sig" };
  const http = createServer((request, response) => listener(request, response));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = `http://${host}:${http.address().port}`;
  const people = new Map();
  const issuer = { address, people, who: "", asked: [], spoil: undefined, fails: undefined, stop };

  const provider = new Provider(address, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: redirectUris,
        post_logout_redirect_uris: logoutUris,
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
    ttl: { AccessToken: 600, Grant: DAYS_S, IdToken: 600, Interaction: 600, RefreshToken: DAYS_S, Session: DAYS_S },
    // A refresh token is good once.
    rotateRefreshToken: true,
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount(_, id) {
      const claims = people.get(id);
      return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
    },
    ...settings,
  });
  /** With the key of the issuer, or with another one of the same name. */
  const sign = (claims, { isForged = false } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: KEY_ID })
      .sign(isForged ? others.privateKey : own.privateKey);
  provider.use(async (ctx, next) => {
    issuer.asked.push(ctx.path);
    const status = issuer.fails?.(ctx.path);
    if (status !== undefined) {
      ctx.status = status;
      ctx.body = "It fails";
      return;
    }
    if (ctx.path.startsWith("/interaction/")) return interact(ctx);
    await next();
    if (ctx.path === "/token" && ctx.body?.id_token !== undefined && issuer.spoil !== undefined) {
      ctx.body = { ...ctx.body, id_token: await issuer.spoil(decodeJwt(ctx.body.id_token), sign) };
    }
  });
  const listener = provider.callback();
  return issuer;

  /** Signs in and consents to all. */
  async function interact(ctx) {
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

  function stop() {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(() => resolve()));
  }
}
