@testable import Ownership
import RayflowCore
import Testing

@Suite("Counting references anew")
struct RecountTests {
    private func holding(_ refs: [ObjectID], _ bench: OwnerBench) -> TaskArgument {
        .value(EnclosedPayload(Payload(type: "", bytes: [], refs: refs), origins: refs.map { bench.owner.origin(of: $0) }))
    }

    @Test("each holder counts once: tasks, values, kept tasks, constructors and messages under way; a count that is wrong is named")
    func story() throws {
        var bench = OwnerBench()
        let data = bench.submit("data"), handle = ObjectID(handleOf: .counter)
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        var creation = bench.spec("init", [holding([data.ref, data.ref], bench)], results: 0)
        creation.id.actor = .counter
        creation.kind = .actorCreation
        var options = ActorSpecOptions()
        options.maxRestarts = 1
        bench.event { $0.create(creation, options: options, parent: OwnerBench.root, into: &$1) }
        bench.register(.counter)
        let task = bench.submit("task", [data.argument, holding([data.ref], bench)], results: 2)
        #expect(bench.owner.counts(of: data.ref)?.submitted == 4 && bench.owner.checkReferences().isEmpty)
        bench.grant()
        bench.finish(bench.pushes[0], [.value(1, refs: [handle])])
        bench.finish(bench.pushes[1], [.large(), .value(1, refs: [data.ref, data.ref])])
        bench.receive(.getObject(GetObject(request: 1, object: data.ref)), from: OwnerBench.stranger)
        let row = try #require(bench.owner.objects[data.ref])
        #expect(row.taskRefs == 2 && row.containedIn == 2 && row.lineageRefs == 2)
        #expect(bench.owner.objects[handle]?.containedIn == 1 && bench.owner.objects[handle]?.underWay == 1)
        #expect(bench.owner.checkReferences().isEmpty)

        for count in [\ObjectEntry.taskRefs, \.containedIn, \.underWay, \.lineageRefs] {
            var wrong = bench.owner
            wrong.objects[data.ref]?[keyPath: count] += 1
            #expect(wrong.checkReferences().count == 1)
        }

        bench.release([data.ref, handle, task.result(0), task.result(1)])
        #expect(bench.owner.checkReferences().isEmpty)
        bench.update(.counter, .dead)
        let delivery = try #require(bench.answers.first?.delivery)
        bench.receive(.refsSecured(RefsSecured(delivery: delivery, isTaken: true)), from: OwnerBench.stranger)
        #expect(bench.owner.objectCount == 0 && bench.owner.checkReferences().isEmpty)
    }
}
