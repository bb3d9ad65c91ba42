import Ownership
import RayflowCore
import Testing

@Suite("Whether an idle process may go")
struct IdleTests {
    private func isUnused(_ bench: inout OwnerBench) -> Bool? {
        bench.receive(.idleCheck(IdleCheck()), from: OwnerBench.raylet)
        guard case .idleReply(let reply)? = bench.sent.last(where: { $0.to == OwnerBench.raylet })?.message else { return nil }
        #expect(reply.process == OwnerBench.me.entity)
        return reply.isUnused
    }

    @Test("it may when it owns nothing that is in use") func nothing() {
        var bench = OwnerBench()
        #expect(isUnused(&bench) == true)
        let task = bench.submit("a")
        #expect(isUnused(&bench) == false, "a task has not ended")
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(isUnused(&bench) == false, "its result is held")
        bench.release([task.ref])
        #expect(isUnused(&bench) == true)
    }

    @Test("what failed, what is borrowed and what was handed over keeps nobody") func others() {
        var bench = OwnerBench()
        let failed = bench.submit("failed") { $0.maxRetries = 0 }
        bench.grant()
        bench.reply(bench.pushes[0], .failed(ErrorRecord(.taskFailed, "no"), isApplicationError: true))
        #expect(bench.failure(of: failed.ref) != nil)
        let theirs = ObjectID(task: TaskID(unique: 77, actor: .none(in: JobID(1))), index: 1)
        bench.event { owner, _ in owner.borrow(theirs, RefOrigin(owner: OwnerBench.stranger, lineage: .none)) }
        #expect(isUnused(&bench) == true)
        let moved = ObjectID(task: TaskID(unique: 78, actor: .none(in: JobID(1))), index: ObjectID.firstPut)
        bench.event { $0.put(moved, ObjectState.value(1), lineage: .none, into: &$1) }
        #expect(isUnused(&bench) == false)
        bench.event { owner, _ in
            var states = [ObjectState.value(0, refs: [moved])], objects = [MovedObject(id: moved, lineage: .none, state: .value(1))]
            _ = owner.deliver(&states, moved: &objects, to: OwnerBench.stranger)
        }
        #expect(isUnused(&bench) == false, "it is not handed over before the receiver says so")
        bench.receive(.refsSecured(RefsSecured(delivery: 1, isTaken: true)), from: OwnerBench.stranger)
        #expect(isUnused(&bench) == true)
    }

    @Test("the maker of an actor stays until the actor is dead, and asks to hear of that") func actors() {
        var bench = OwnerBench()
        bench.create(.counter)
        #expect(isUnused(&bench) == false)
        #expect(bench.story.contains("send SubscribeActor"))
        bench.update(.counter, .alive)
        #expect(isUnused(&bench) == false)
        bench.update(.counter, .dead, error: ErrorRecord(.actorDied, "killed"))
        #expect(isUnused(&bench) == true)
    }
}
