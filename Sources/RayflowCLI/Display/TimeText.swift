import CLinux
import Glibc

/// Times as people read them.
enum TimeText {
    /// `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 12 min`; from nanoseconds.
    static func span(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        switch milliseconds {
        case 0: return "<1 ms"
        case ..<1000: return "\(milliseconds) ms"
        case ..<60_000: return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds / 1000 % 60) s"
        default: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
        }
    }

    /// The same from whole seconds, which is what is known: `<1 s`, `12 s`, `2 min 5 s`.
    static func seconds(_ seconds: Int) -> String {
        seconds <= 0 ? "<1 s" : seconds < 60 ? "\(seconds) s" : span(UInt64(seconds) * 1_000_000_000)
    }

    /// `2026-03-01 12:00:00` in the local time zone, from milliseconds since 1970.
    static func local(milliseconds: Int) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "?" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress, strftime(start, 64, "%Y-%m-%d %H:%M:%S", &parts) > 0 else { return "?" }
            return String(cString: start)
        }
    }

    static var nowMilliseconds: Int { Int(rf_wall_ns() / 1_000_000) }
}
