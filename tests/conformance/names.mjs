/** Names for tasks: `group/leaf`, and `each[2]/leaf` in the frame of an item. */
export class Names {
  /** Path of each node, and the name of each task that stands for one. */
  #paths = [];
  #tasks = [];
  #nodes = [];

  constructor(plan) {
    this.plan = plan;
    for (let node = 0; node < plan.length; node++) {
      const parent = plan.parent(node);
      const path = node === 0 || parent === 0 ? plan.id(node) : `${this.#paths[parent]}/${plan.id(node)}`;
      this.#paths.push(path);
      this.#tasks.push(path);
      this.#nodes.push(node);
    }
  }

  /** The name of a task. */
  of(task) {
    return this.#tasks[task] ?? `task ${task}`;
  }

  /** The name without items. */
  pathOf(task) {
    return this.#paths[this.nodeOf(task)];
  }

  /** The node that a task is an instance of. */
  nodeOf(task) {
    return this.#nodes[task];
  }

  /** The task that bears a name now. */
  task(name) {
    const task = this.#tasks.lastIndexOf(name);
    if (task === -1) throw new Error(`no task ${name}`);
    return task;
  }

  /** A frame opens: its tasks get names. */
  open(owner, base, item) {
    const scope = this.nodeOf(owner);
    const prefix = scope === 0 ? 0 : this.#paths[scope].length + 1;
    for (let node = scope + 1; node < this.plan.end(scope); node++) {
      const task = base + node - scope - 1;
      this.#tasks[task] = `${this.of(owner)}[${item}]/${this.#paths[node].slice(prefix)}`;
      this.#nodes[task] = node;
    }
  }
}
