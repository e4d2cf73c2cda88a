// As shown:
import { conductor } from "@atomiton/conductor";

// Same API everywhere!
const result = await conductor.execute({
  blueprintId: "my-workflow",
  inputs: { data: "test" },
});
