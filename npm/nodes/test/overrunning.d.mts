export const overrunning: Record<string, string> & { "Array reverse": string };
