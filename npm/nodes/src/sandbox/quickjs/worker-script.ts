/** The script of a worker that runs user code, one task after the other. */
import { messageOf } from "../../contract/error.js";
import { quickJsImage } from "./engine.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { Runner } from "./runner.js";

/** What is used of a worker's scope, or of the port that a thread of Node has instead. */
interface Port {
  onmessage: ((event: { data: ToWorker }) => void) | null;
  postMessage(message: FromWorker): void;
}

const port = (globalThis as { port?: Port }).port ?? (globalThis as unknown as Port);

let runner: Runner | undefined;
let last: Promise<unknown> = Promise.resolve();

port.onmessage = ({ data }) => {
  if ("module" in data) {
    const image = quickJsImage(data.module);
    image.then(
      () => port.postMessage({ ready: true }),
      (error: unknown) => port.postMessage({ unready: messageOf(error) }),
    );
    // To stop a task, its thread is ended.
    runner = new Runner(image, () => false);
  } else last = last.then(async () => port.postMessage(await (runner as Runner).handle(data)));
};

port.postMessage({ started: true });
