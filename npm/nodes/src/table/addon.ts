import { type CancelToken, loadAddon, type NativeAddon, NativeError, nativeError } from "@atomiton/conductor-native";

import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";

/** Calls the addon; its failures become node errors of the same code. */
export async function native<T>(call: (addon: NativeAddon) => T | Promise<T>): Promise<T> {
  try {
    return await call(loadAddon());
  } catch (thrown) {
    throw nodeError(thrown);
  }
}

/** As {@link native}, for work that a signal can stop: it ends with code CANCELLED. */
export async function cancellable<T>(
  signal: AbortSignal | undefined,
  call: (addon: NativeAddon, cancel: CancelToken) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  return native(async (addon) => {
    const token = new addon.CancelToken();
    const cancel = (): void => token.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await call(addon, token);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  });
}

function nodeError(thrown: unknown): unknown {
  const error = nativeError(thrown);
  return error instanceof NativeError ? new NodeError(error.code, error.message, { cause: error }) : error;
}
