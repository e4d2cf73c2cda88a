// As shown:

import { createConductor } from "@atomiton/conductor";
import { createStorage } from "@atomiton/storage";
import { app } from "electron";
import path from "path";

const storage = await createStorage({
  type: "filesystem",
  basePath: path.join(app.getPath("userData"), "atomiton-data"),
});

const conductor = createConductor({ storage });
