import RayflowCore
import Testing

extension CrashTests {
    /// `kill -9` in the midst of a workflow of 200 shell steps.
    @Suite struct Steps {
        private static func undisturbed() throws -> JSON {
            let place = try Place()
            let workflow = LayeredWorkflow(log: place.log)
            let run = try CrashedRun(place, workflow.text)
            let end = try run.complete()
            #expect(workflow.positions.count == LayeredWorkflow.stepCount)
            #expect(place.lines.count == LayeredWorkflow.stepCount)
            try run.check(end, outputs: LayeredWorkflow.outputs, positions: workflow.positions)
            return end.outputs
        }

        @Test(
            "a run of 200 steps that is killed at twenty random moments is completed by resume",
            arguments: [Victims.engine, .engineAndRunner])
        func kills(_ victims: Victims) throws {
            var seed = Seed("steps, \(victims.rawValue)")
            let outputs = try Self.undisturbed()
            var inDoubt = 0
            for round in 1...20 {
                let place = try Place()
                let workflow = LayeredWorkflow(log: place.log)
                let run = try CrashedRun(place, workflow.text)
                let moment = Moment.random(ofLines: LayeredWorkflow.stepCount, &seed)
                run.context = "seed \(seed.value), round \(round), \(victims.rawValue) killed \(moment)"
                try run.strike(victims, moment)
                // Every third time the resume is killed too.
                if round % 3 == 0 {
                    let again = Moment.random(ofLines: max(1, LayeredWorkflow.stepCount - place.lines.count), &seed)
                    run.context += ", then \(again)"
                    try run.strike(victims, again)
                }
                let end = try run.complete()
                try run.check(end, outputs: outputs, positions: workflow.positions)
                inDoubt += end.inDoubt
            }
            print("\(victims.rawValue): \(inDoubt) attempts were in doubt")
        }
    }
}
