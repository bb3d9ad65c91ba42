extension ObjectID {
    /// The object that stands for an actor's handles: counted, listed and borrowed like any ref. No task makes it: results count from 1.
    public init(handleOf actor: ActorID) { self.init(task: TaskID(unique: 0, actor: actor), index: 0) }

    /// The actor whose handle this is; nil for the object of a task or a put.
    public var handledActor: ActorID? { index == 0 && task.unique == 0 && !task.actor.isNone ? task.actor : nil }
}
