/** Taken for granted by `electron-handler.ts`: what the application calls before it runs flows. */
export declare function registerBuiltinNodes(): void;
