// Not strict by itself: `useState([])` holds flows later on: strictly it is a list of `never`.

// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { FlowSummary } from "@atomiton/conductor/browser";
import { type ReactElement, type ReactNode, useState } from "react";

declare function InfiniteScroll(props: { loadMore(): Promise<void>; hasMore: boolean; children: ReactNode }): ReactElement;
declare function FlowCard(props: { flow: FlowSummary }): ReactElement;

// As shown:
// Load flows in pages
async function loadFlowsPage(page: number, pageSize = 50) {
  const { flows, total } = await conductor.storage.listFlows({
    limit: pageSize,
    offset: page * pageSize,
    sortBy: 'savedAt',
    sortOrder: 'desc'
  });

  return {
    flows,
    total,
    hasMore: (page + 1) * pageSize < total
  };
}

// Infinite scroll implementation
function FlowList() {
  const [page, setPage] = useState(0);
  const [flows, setFlows] = useState([]);
  const [hasMore, setHasMore] = useState(true);

  const loadMore = async () => {
    const { flows: newFlows, hasMore: more } = await loadFlowsPage(page);
    setFlows([...flows, ...newFlows]);
    setHasMore(more);
    setPage(page + 1);
  };

  return (
    <InfiniteScroll loadMore={loadMore} hasMore={hasMore}>
      {flows.map(flow => <FlowCard key={flow.id} flow={flow} />)}
    </InfiniteScroll>
  );
}
