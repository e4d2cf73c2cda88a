// As shown:
import { app } from "electron";
import { createStorage } from "@atomiton/storage";
import { createConductor } from "@atomiton/conductor";
import path from "path";

const storage = await createStorage({
  type: "filesystem",
  basePath: path.join(app.getPath("userData"), "atomiton-data"),
});

const conductor = createConductor({ storage });
