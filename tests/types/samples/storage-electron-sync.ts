// As shown:
import { createStorage } from "@atomiton/storage";
import { createConductor } from "@atomiton/conductor";
import { app } from "electron";
import path from "path";

const storage = createStorage({
  type: "filesystem",
  path: path.join(app.getPath("userData"), "atomiton-data"),
});

const conductor = createConductor({ storage });
