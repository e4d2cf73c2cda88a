//! Names for tasks: `group/leaf`, and `each[2]/leaf` in the frame of an item.

use conductor_core::flow::Outline;

pub(crate) struct Names {
    /// Path of each node.
    paths: Vec<String>,
    /// Name and node of each task.
    tasks: Vec<Option<(String, u32)>>,
    parents: Vec<u32>,
}

impl Names {
    /// `strings` are those of the outline.
    pub(crate) fn of_nodes(outline: &Outline, strings: &[String]) -> Names {
        let mut paths: Vec<String> = Vec::new();
        for (index, node) in outline.nodes.iter().enumerate() {
            let id = &strings[node.id.0 as usize];
            let inside = index > 0 && node.parent > 0;
            paths.push(if inside { format!("{}/{id}", paths[node.parent as usize]) } else { id.clone() });
        }
        let tasks = paths.iter().cloned().zip(0..).map(Some).collect();
        Names { paths, tasks, parents: outline.nodes.iter().map(|node| node.parent).collect() }
    }

    /// The name of a task.
    pub(crate) fn of(&self, task: u32) -> String {
        self.found(task).map_or_else(|| format!("task {task}"), |(name, _)| name.clone())
    }

    /// The name without items.
    pub(crate) fn path_of(&self, task: u32) -> &str {
        &self.paths[self.node_of(task) as usize]
    }

    /// The node that a task is an instance of.
    pub(crate) fn node_of(&self, task: u32) -> u32 {
        self.found(task).expect("the engine names tasks that it has").1
    }

    /// The task that bears a name now.
    pub(crate) fn task(&self, name: &str) -> u32 {
        let bears = |task: &Option<(String, u32)>| task.as_ref().is_some_and(|(known, _)| known == name);
        self.tasks.iter().rposition(bears).unwrap_or_else(|| panic!("no task {name}")) as u32
    }

    /// A frame opens: its tasks get names.
    pub(crate) fn open(&mut self, owner: u32, base: u32, item: u32) {
        let (owner_name, scope) = (self.of(owner), self.node_of(owner));
        let prefix = if scope == 0 { 0 } else { self.paths[scope as usize].len() + 1 };
        for (task, node) in (base..).zip(scope + 1..self.end(scope)) {
            let name = format!("{owner_name}[{item}]/{}", &self.paths[node as usize][prefix..]);
            if self.tasks.len() <= task as usize {
                self.tasks.resize(task as usize + 1, None);
            }
            self.tasks[task as usize] = Some((name, node));
        }
    }

    fn found(&self, task: u32) -> Option<&(String, u32)> {
        self.tasks.get(task as usize)?.as_ref()
    }

    /// One past the last node inside a scope.
    fn end(&self, scope: u32) -> u32 {
        let mut end = scope + 1;
        while self.parents.get(end as usize).is_some_and(|parent| *parent >= scope) {
            end += 1;
        }
        end
    }
}
