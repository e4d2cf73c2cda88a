export function missingPostgres(): string | undefined;
export function startPostgres(options?: { fsync?: boolean }): Promise<{
  port: number;
  url: string;
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}>;
