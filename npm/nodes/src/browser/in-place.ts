import { otherWork } from "../sandbox/other-work.js";
import { type Harness, quickJsImage } from "../sandbox/quickjs/engine.js";
import type { Image } from "../sandbox/quickjs/image.js";
import { Runner } from "../sandbox/quickjs/runner.js";
import type { Session } from "../sandbox/quickjs/session.js";

const images = new WeakMap<WebAssembly.Module, Promise<Image<Harness>>>();

/** Carries tasks out on this thread, where no worker can be had. Between steps other work and the signal get their turn. */
export function sessionInPlace(module: WebAssembly.Module, signal: AbortSignal | undefined): Session {
  let image = images.get(module);
  if (image === undefined) {
    image = quickJsImage(module);
    images.set(module, image);
  }
  const runner = new Runner(image, () => signal?.aborted ?? false);
  let last: Promise<unknown> = Promise.resolve();
  return {
    tell(request) {
      const reply = last.then(otherWork).then(() => runner.handle(request));
      last = reply;
      return reply;
    },
    close: () => runner.close(),
  };
}
