/** Output that may fail. */

/** Remembers why a stream could not be written, instead of ending the process in the middle of a run. */
export class WrittenStream {
  /** Why something of what was written is lost. A reader that went away, as `head` does, is no failure. */
  failure: NodeJS.ErrnoException | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") this.failure ??= error;
    });
  }

  /** Resolves when all is written, or is known to be lost. */
  async flushed(): Promise<void> {
    const { stream } = this;
    if (stream.writableLength > 0 && !stream.destroyed)
      await new Promise<void>((done) => stream.write("", () => done()));
    // An error is told after the write that caused it.
    await new Promise(setImmediate);
  }
}
