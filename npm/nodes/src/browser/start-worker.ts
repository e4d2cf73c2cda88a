/** A worker of a script, which says something as soon as it starts; `undefined` where the page's CSP has no `worker-src blob:`. */
export async function startWorker(script: string): Promise<Worker | undefined> {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    const worker = new Worker(url);
    // A forbidden worker is made all the same, and fails without a word of why.
    const started = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
    });
    return started ? worker : undefined;
  } catch {
    return undefined;
  } finally {
    URL.revokeObjectURL(url);
  }
}
