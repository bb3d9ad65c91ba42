import RayflowCore
import RayflowTestKit
import Testing

@Suite("Circles of references")
struct ReferenceCircleTests {
    private let job = JobID(1)
    private func actor(_ number: UInt64) -> ActorID { ActorID(unique: number, salt: 0, job: job) }
    private func object(_ number: UInt64) -> ObjectID { ObjectID(task: TaskID(unique: number, actor: .none(in: job)), index: 1) }

    @Test("an actor whose handle lies in an argument of its own constructor holds itself, and what else lies there")
    func own() {
        var circles = ReferenceCircles()
        circles.arguments = [actor(1): [object(1)]]
        circles.kept = [object(1): [ObjectID(handleOf: actor(1)), object(2)], object(3): [object(1)]]
        #expect(circles.members == [object(1), object(2), ObjectID(handleOf: actor(1))])
    }

    @Test("two actors hold each other; one that holds a circle and is held by nobody is none")
    func several() {
        var circles = ReferenceCircles()
        circles.arguments = [actor(1): [object(1)], actor(2): [object(2)], actor(3): [object(1)], actor(4): []]
        circles.kept = [object(1): [ObjectID(handleOf: actor(2))], object(2): [ObjectID(handleOf: actor(1))]]
        let handles = circles.members.compactMap(\.handledActor)
        #expect(Set(handles) == [actor(1), actor(2)])
        circles.kept[object(2)] = []
        #expect(circles.members.isEmpty)
    }
}
