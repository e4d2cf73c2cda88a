/** An execution at a server, as the displays of the command line look at one that runs here. */
import type { Conductor } from "../exports/node.js";
import type { FollowedConductor } from "./followed.js";

/** What displays need of a conductor. */
export type RemoteView = FollowedConductor & { node: { store: Conductor["node"]["store"] } };

/** The view of the execution that is begun or waited for next: the store follows it. */
export function remoteView({ node, executions, shutdown }: Conductor): RemoteView {
  const onProgress: FollowedConductor["events"]["onProgress"] = (show) =>
    node.store.subscribe((state) => {
      // Before it began nothing is known of its nodes.
      if (state.nodes.size > 0) show(state);
    });
  return { node, executions, events: { onProgress }, shutdown };
}
