//! Names for tasks: `group/leaf`, and `each[2]/leaf` in the frame of an item.

use conductor_core::flow::Outline;
use conductor_core::ids::{NodeId, TaskId};

pub(crate) struct Names {
    /// Path of each node.
    paths: Vec<String>,
    /// Name and node of each task.
    tasks: Vec<Option<(String, NodeId)>>,
    parents: Vec<NodeId>,
}

impl Names {
    /// `strings` are those of the outline.
    pub(crate) fn of_nodes(outline: &Outline, strings: &[String]) -> Names {
        let mut paths: Vec<String> = Vec::new();
        for (index, node) in outline.nodes.iter().enumerate() {
            let id = &strings[node.id.0 as usize];
            let inside = index > 0 && node.parent > NodeId::ROOT;
            paths.push(if inside { format!("{}/{id}", paths[node.parent.index()]) } else { id.clone() });
        }
        let tasks = paths.iter().cloned().zip((0..).map(NodeId)).map(Some).collect();
        Names { paths, tasks, parents: outline.nodes.iter().map(|node| node.parent).collect() }
    }

    /// The name of a task.
    pub(crate) fn of(&self, task: TaskId) -> String {
        self.found(task).map_or_else(|| format!("task {task}"), |(name, _)| name.clone())
    }

    /// The name without items.
    pub(crate) fn path_of(&self, task: TaskId) -> &str {
        &self.paths[self.node_of(task).index()]
    }

    /// The node that a task is an instance of.
    pub(crate) fn node_of(&self, task: TaskId) -> NodeId {
        self.found(task).expect("the engine names tasks that it has").1
    }

    /// The task that bears a name now.
    pub(crate) fn task(&self, name: &str) -> TaskId {
        let bears = |task: &Option<(String, NodeId)>| task.as_ref().is_some_and(|(known, _)| known == name);
        TaskId::at(self.tasks.iter().rposition(bears).unwrap_or_else(|| panic!("no task {name}")))
    }

    /// A frame opens: its tasks get names.
    pub(crate) fn open(&mut self, owner: TaskId, base: TaskId, item: u32) {
        let (owner_name, scope) = (self.of(owner), self.node_of(owner));
        let prefix = if scope == NodeId::ROOT { 0 } else { self.paths[scope.index()].len() + 1 };
        for (task, node) in (base.0..).map(TaskId).zip(scope.next().up_to(self.end(scope))) {
            let name = format!("{owner_name}[{item}]/{}", &self.paths[node.index()][prefix..]);
            if self.tasks.len() <= task.index() {
                self.tasks.resize(task.index() + 1, None);
            }
            self.tasks[task.index()] = Some((name, node));
        }
    }

    fn found(&self, task: TaskId) -> Option<&(String, NodeId)> {
        self.tasks.get(task.index())?.as_ref()
    }

    /// One past the last node inside a scope.
    fn end(&self, scope: NodeId) -> NodeId {
        let mut end = scope.next();
        while self.parents.get(end.index()).is_some_and(|parent| *parent >= scope) {
            end = end.next();
        }
        end
    }
}
