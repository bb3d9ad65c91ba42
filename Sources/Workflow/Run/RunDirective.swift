package import Raylet
package import RayflowCore

/// What a ``RunInstance`` wants done, in this order. Units are numbered by the instance.
package enum RunDirective: Sendable {
    /// Write this to the journal before what follows is done.
    case record(position: String, StepRecord)
    /// Keep these outputs beside the attempt, durably, before the record that follows.
    case saveOutputs(position: String, attempt: Int, JSON)
    /// Answered by ``RunInstance/onAttemptEnded(unit:attempt:_:now:into:)``, on success with the outputs.
    case launch(unit: Int, ShellOrder)
    /// The attempt has ended in an earlier epoch: read its outputs. Answered like `launch`.
    case adopt(unit: Int, ShellOrder, StepExit)
    /// Outputs of an earlier epoch, which may be large: bring them to where those of this epoch are. Answered by
    /// ``RunInstance/onHeld(unit:_:now:into:)``.
    case hold(unit: Int, StepOutputs, types: [String: ValueType])
    /// Answered by ``RunInstance/onCallSubmitted(unit:attempt:_:now:into:)``, then by
    /// ``RunInstance/onCallEnded(unit:attempt:_:now:into:)``.
    case call(unit: Int, CallOrder)
    /// Comes before the first call of the actor. When it fails, every call of the actor fails.
    case createActor(ActorOrder)
    /// Stop the running attempt. Its end is reported as always.
    case cancel(unit: Int, attempt: Int)
    /// Bring the content of these. Answered by ``RunInstance/onMaterialised(_:now:into:)``.
    case materialise([ValueRef])
    /// Nobody needs these any more.
    case release([ValueRef])
    /// Answered by ``RunInstance/onTimer(_:now:into:)``.
    case startTimer(RunTimer, afterNanoseconds: UInt64)
    case event(RunEvent)
    /// The last one: every unit has ended.
    case ended(RunOutcome)
}

/// What a run waits for by the clock.
package enum RunTimer: Sendable, Hashable {
    /// The time of the whole run.
    case run
    /// The pause before another attempt.
    case retry(unit: Int, attempt: Int)
}
