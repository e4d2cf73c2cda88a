/** A point that a run reaches, and at which it stays. */
export function gate() {
  let isReached!: () => void;
  const reached = new Promise<void>((resolve) => {
    isReached = resolve;
  });
  const reach = () => {
    isReached();
    return new Promise<never>(() => {});
  };
  return { reached, reach };
}
