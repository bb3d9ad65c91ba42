import Ownership
import RayflowCore
import Testing

@Suite("Pushes that come twice")
struct StartedTasksTests {
    private func task(_ number: UInt64) -> TaskID { TaskID(unique: number, actor: .none(in: JobID(1))) }

    @Test("an attempt that was started is known, another attempt of its task is not")
    func attempts() {
        var started = StartedTasks()
        started.insert(task(1), Attempt(epoch: 1, number: 1))
        #expect(started.contains(task(1), Attempt(epoch: 1, number: 1)))
        #expect(!started.contains(task(1), Attempt(epoch: 1, number: 2)))
        #expect(!started.contains(task(2), Attempt(epoch: 1, number: 1)))
    }

    @Test("the oldest is forgotten first")
    func limit() {
        var started = StartedTasks(limit: 3)
        let first = Attempt(epoch: 1, number: 1)
        for number in UInt64(1)...5 { started.insert(task(number), first) }
        #expect((UInt64(1)...5).map { started.contains(task($0), first) } == [false, false, true, true, true])
    }
}
