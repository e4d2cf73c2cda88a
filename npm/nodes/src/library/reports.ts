/** ms between reports; work may have thousands of them in one. */
const INTERVAL = 200;
/** Bytes. */
export const MEBIBYTE = 1024 * 1024;

/** Reports progress now and then, with what `message` gives at the time; empty text is not reported. */
export function reports(
  progress: (percent: number, message?: string) => void,
): (percent: number, message: () => string) => void {
  let told = Number.NEGATIVE_INFINITY;
  return (percent, message) => {
    const now = performance.now();
    if (now - told < INTERVAL) return;
    const text = message();
    if (text === "") return;
    told = now;
    progress(percent, text);
  };
}

/** A size as people read it. */
export function sizeText(bytes: number): string {
  return bytes < MEBIBYTE ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
