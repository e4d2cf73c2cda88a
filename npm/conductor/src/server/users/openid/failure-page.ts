/** What a browser is shown where a sign-in fails; programs get JSON. */
import type { ErrorCode } from "../../../types/errors.js";
import { inHtml } from "../../html.js";

/** Why it failed, for people. */
export interface SignInFailure {
  status: number;
  error: string;
  code: ErrorCode;
  /** Seconds. */
  retryAfter?: number;
}

/** The answer. */
export function failurePage(request: Request, { status, error, code, retryAfter }: SignInFailure): Response {
  const headers: Record<string, string> = { "referrer-policy": "no-referrer" };
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  if (!/\btext\/html\b/i.test(request.headers.get("accept") ?? "")) {
    return Response.json({ error, code, channelError: true }, { status, headers });
  }
  headers["content-type"] = "text/html; charset=utf-8";
  headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'";
  const page = `<!doctype html><html lang="en"><title>Sign-in failed</title><h1>Sign-in failed</h1><p>${inHtml(error)}</p></html>`;
  return new Response(page, { status, headers });
}
