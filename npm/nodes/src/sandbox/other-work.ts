/** Ends when other work of this thread has had its turn. */
export function otherWork(): Promise<void> {
  return new Promise((resolve) => {
    // Timers in pages wait for 4 ms at the least, and for a second where the page is not seen.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
}
