package import RayflowCore

// Calls whose arguments are lost. An argument may be the result of an earlier call of the same actor, which has to run again for it: whoever waits
// for it must not hold that call up.
extension ActorInstance {
    /// A running call waits for arguments that are made again, and has not begun. Meanwhile calls outside of the order may run in its place, and
    /// those in the order wait: it is before them.
    package mutating func halt(_ m: PushTask, into out: inout [Directive]) {
        guard groups[m.spec.group]?.running.contains(m.spec.id) == true else { return }
        groups[m.spec.group]?.halted.insert(m.spec.id)
        serve(into: &out)
    }

    /// The arguments of a halted call are there: ``Directive/goOn(_:)`` follows when a place is free.
    package mutating func complete(_ m: PushTask, into out: inout [Directive]) {
        guard groups[m.spec.group]?.halted.contains(m.spec.id) == true else { return }
        groups[m.spec.group]?.complete.append(m.spec.id)
        serve(into: &out)
    }

    mutating func goOn(into out: inout [Directive]) {
        for (name, group) in groups where !group.complete.isEmpty {
            let ready = group.complete.prefix(max(0, group.limit - group.busy))
            groups[name]?.halted.subtract(ready)
            groups[name]?.complete.removeFirst(ready.count)
            out += ready.map { .goOn($0) }
        }
    }

    /// The oldest call outside of the order: few wait, and seldom.
    func nextBesideHalted(_ name: String) -> TaskID? {
        let outside = queued.values.map(\.push.spec).filter { $0.group == name && $0.sequence == TaskSpec.unordered }
        return outside.map(\.id).min { $0.unique < $1.unique }
    }
}
