declare module "*.flow.yaml" {
  const flow: import("./flow-file.js").TemplateFlow;
  export default flow;
}
