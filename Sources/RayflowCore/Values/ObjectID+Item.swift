extension ObjectID {
    /// An item of a stream, counted from 0. The first result of the task is the stream's end.
    public static func item(_ number: UInt32, of task: TaskID) -> ObjectID { ObjectID(task: task, index: number + 2) }

    /// Items that one stream can have; beyond them the indices of a task's puts begin.
    public static let itemLimit: UInt32 = firstPut - 2
}
