/** Secrets of the flows in this folder are variables of the environment, as services and schedulers set them. */
export default { secrets: (name) => process.env[name] };
