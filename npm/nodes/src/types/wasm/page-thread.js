/* Runs in a worker of a page. See `page.ts`. What counts buffers comes before the package. */

import { createPlugin } from "@extism/extism";
import { callPlugin } from "./call.js";

const send = () => ({ failed: "a plugin in a page cannot send requests" });

globalThis.onmessage = ({ data }) => {
  callPlugin(
    data,
    () => ({ createPlugin }),
    (message) => postMessage(message),
    send,
  );
};

postMessage({ started: true });
