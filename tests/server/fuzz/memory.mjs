/** Loaded into a process that is attacked, before all else: tells how much memory it has after it threw away what it could. */

process.on("message", async (message) => {
  if (message?.type !== "memory") return;
  // What is let go of in a callback of the first collection is there for the second one.
  for (let times = 0; times < 3; times++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.send({ type: "memory", memory: process.memoryUsage() });
});
// Does not keep the process.
process.channel.unref();
