import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * All that the built page may do. `'wasm-unsafe-eval'` is for the engine, `blob:` for workers; a page whose flows call no
 * servers can do with `connect-src 'self'`.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src blob: 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' http: https: ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Puts the policy into the built page; while developing, Vite puts scripts and styles into it that would not pass. */
function policy(): Plugin {
  const meta = { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY } };
  return { name: "policy", apply: "build", transformIndexHtml: () => [{ ...meta, injectTo: "head-prepend" }] };
}

export default defineConfig({
  // Relative addresses: the page may be put under any path.
  base: "./",
  plugins: [react(), policy()],
});
