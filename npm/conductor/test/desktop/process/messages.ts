/** What the two processes of a test send each other. */

/** From the renderer's process. */
export type FromRenderer =
  | { kind: "ready" }
  | { kind: "invoke"; seq: number; channel: string; args: unknown[] }
  | { kind: "send"; channel: string; args: unknown[] }
  | { kind: "heard"; name: string; data: unknown }
  | { kind: "did"; seq: number; value?: unknown; error?: string };

/** To the renderer's process. */
export type ToRenderer =
  | { kind: "answer"; seq: number; value?: unknown; error?: string }
  | { kind: "event"; channel: string; args: unknown[] }
  | { kind: "do"; seq: number; what: string; args: unknown[] };
