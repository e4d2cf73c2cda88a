/** The issuer of tests, with the site of the server as its client. */
import { onTestFinished } from "vitest";

import { startIssuer as start } from "../../../../../tests/openid/issuer.mjs";

export { CLIENT_ID, CLIENT_SECRET } from "../../../../../tests/openid/issuer.mjs";

/** Where browsers reach the server; the browser of the tests knows where it listens. */
export const SITE = "https://flows.example.com";
export const REDIRECT_URI = `${SITE}/api/auth/openid/callback`;

export type TestIssuer = Awaited<ReturnType<typeof start>>;

/** Starts one; it ends with the test. */
export async function startIssuer(settings: Record<string, unknown> = {}): Promise<TestIssuer> {
  const issuer = await start({ redirectUris: [REDIRECT_URI], logoutUris: [`${SITE}/bye`], settings });
  onTestFinished(issuer.stop);
  return issuer;
}
