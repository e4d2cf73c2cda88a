// Taken for granted:
import { ipcMain } from "electron";


// As shown:
import { createConductor } from "@atomiton/conductor";
import { createStorage } from "@atomiton/storage";
import { registerBuiltinNodes } from "./nodes";

export async function setupConductor() {
  const storage = createStorage({ type: "filesystem", path: "./data" });
  const conductor = createConductor({ storage });

  registerBuiltinNodes();

  ipcMain.handle("conductor:execute", async (event, request) => {
    return conductor.execute(request);
  });
}
