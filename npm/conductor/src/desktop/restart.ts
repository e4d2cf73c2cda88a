/** Restarting the desktop application. */
import { createRequire } from "node:module";

interface ElectronMain {
  app: { relaunch(): void; exit(code?: number): void };
  dialog: { showMessageBox(options: object): Promise<{ response: number }> };
}

/**
 * Restarts the application in whose main process this is, once its user agrees. Without agreement nothing happens.
 * Rejects everywhere else.
 */
export async function restartApplication(): Promise<void> {
  if (process.versions.electron === undefined || (process as { type?: string }).type !== "browser") {
    throw new Error("Restart not available outside a desktop application");
  }
  const { app, dialog } = createRequire(import.meta.url)("electron") as ElectronMain;
  const { response } = await dialog.showMessageBox({
    type: "question",
    message: "System will restart. Continue?",
    buttons: ["Restart", "Cancel"],
    cancelId: 1,
  });
  if (response !== 0) return;
  app.relaunch();
  app.exit(0);
}
