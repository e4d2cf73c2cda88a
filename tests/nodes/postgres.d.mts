export function missingPostgres(): string | undefined;
export function startPostgres(): Promise<{ port: number; url: string; stop(): Promise<void> }>;
