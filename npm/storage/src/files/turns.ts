const last = new Map<string, Promise<void>>();

/** Does work on a file when all work on it that this process began before is over, however it ended. */
export function inTurn<T>(file: string, work: () => Promise<T>): Promise<T> {
  const result = (last.get(file) ?? Promise.resolve()).then(work);
  const over = result.then(
    () => {},
    () => {},
  );
  last.set(file, over);
  void over.then(() => {
    if (last.get(file) === over) last.delete(file);
  });
  return result;
}
