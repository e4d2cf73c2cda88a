// As shown:
// main.ts - Electron main process

import { setupMainProcessHandler } from "@atomiton/conductor";
import { createStorage } from "@atomiton/storage";
import { app } from "electron";
import path from "path";

app.whenReady().then(async () => {
  // Initialize filesystem storage in userData directory
  const storage = await createStorage({
    type: "filesystem",
    basePath: path.join(app.getPath("userData"), "atomiton-data"),
  });

  setupMainProcessHandler({
    concurrency: 4,
    storage, // Configured storage instance
  });
});
