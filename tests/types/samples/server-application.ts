// Taken for granted:
/** What of Express the sample uses, with the body as untyped as Express has it. */
declare const app: {
  post(path: string, handler: (req: { body: any }, res: { json(body: unknown): unknown }) => unknown): unknown;
};

// As shown:
// Uses local transport automatically in Node.js
import { createConductor } from "@atomiton/conductor";

const conductor = createConductor({
  concurrency: 16, // High concurrency for server
});

app.post("/execute", async (req, res) => {
  const result = await conductor.execute(req.body);
  res.json(result);
});
