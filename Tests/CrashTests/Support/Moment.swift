import CLinux
import Glibc

/// When a test strikes: after so much progress and a bit. Bound to progress, not to the clock alone, so that a slow machine is hit as evenly.
struct Moment: CustomStringConvertible {
    var lines: Int
    var thenMicroseconds: UInt32

    /// - Parameter startMicroseconds: how long the time before the first line may be stretched.
    static func random(ofLines count: Int, startMicroseconds: UInt32 = 60_000, _ seed: inout Seed) -> Moment {
        let lines = Int.random(in: 0..<count, using: &seed)
        return Moment(lines: lines, thenMicroseconds: .random(in: 0..<(lines == 0 ? startMicroseconds : 4000), using: &seed))
    }

    var description: String { "after \(lines) lines and \(thenMicroseconds) µs" }

    /// Returns early when the program ends before.
    func await(_ program: RunningProgram, in place: Place, since count: Int = 0) throws {
        try program.wait { place.lines.count - count >= lines }
        if thenMicroseconds > 0 { usleep(thenMicroseconds) }
    }
}
