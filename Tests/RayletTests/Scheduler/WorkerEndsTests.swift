import Raylet
import Testing

@Suite("When a worker's end counts")
struct WorkerEndsTests {
    @Test("a process that was heard of is over when it has exited and its connection has ended, in either order")
    func both() {
        var ends = WorkerEnds()
        ends.heard(of: 1)
        let isOver = ends.exited(1, WorkerExit("was killed"))
        #expect(!isOver)
        let said = [ends.disconnected(1), ends.disconnected(1), ends.expired(1)]
        #expect(said == [WorkerExit("was killed"), nil, nil], "once")
        ends.heard(of: 2)
        let early = ends.disconnected(2), isOverNow = ends.exited(2, WorkerExit("exited"))
        #expect(early == nil && isOverNow)
    }

    @Test("a process that never said a word is over when it has exited") func silent() {
        var ends = WorkerEnds()
        let isOver = ends.exited(1, WorkerExit("exited")), late = ends.disconnected(1)
        #expect(isOver && late == nil)
    }

    @Test("a connection that outlives its process is not waited for without end") func expired() {
        var ends = WorkerEnds()
        ends.heard(of: 1)
        let isOver = ends.exited(1, WorkerExit("exited"))
        let said = [ends.expired(1), ends.disconnected(1)]
        #expect(!isOver && said == [WorkerExit("exited"), nil])
    }
}
