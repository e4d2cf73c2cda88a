/** Workers that an application hands in. */

/** A worker, as far as it is used; those of browsers are such. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: object[]): void;
  terminate(): void;
  addEventListener(type: "error", listener: (event: { message?: string }) => void): void;
}

/**
 * Where workers come from. A worker that was made already serves one conductor, which ends it, and it is not replaced in its
 * place once it ended.
 */
export type WorkerSource = boolean | string | URL | WorkerLike | (() => WorkerLike | PromiseLike<WorkerLike>);
