import CLinux
import Glibc

extension RunLock {
    /// What a lock file tells about its holder, as lines of `name value`. What cannot be read stays empty or 0.
    package struct Info: Hashable, Sendable {
        package var host = ""
        package var bootID = ""
        package var processID: Int32 = 0
        /// Wall clock, ns since 1970.
        package var startedAt: UInt64 = 0
        package var epoch: UInt32 = 0
        /// The session folder with the control socket; empty while there is none.
        package var session = ""

        package init() {}

        /// This process, now.
        package static func current(epoch: UInt32 = 0, session: String = "") -> Info {
            var info = Info()
            var name = utsname()
            if uname(&name) == 0 {
                info.host = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            }
            info.bootID = BootID.current.description
            info.processID = getpid()
            info.startedAt = rf_wall_ns()
            info.epoch = epoch
            info.session = session
            return info
        }

        private static let lastLine = "end"

        var text: String {
            """
            host \(host)
            boot \(bootID)
            pid \(processID)
            started \(startedAt)
            epoch \(epoch)
            session \(session)
            \(Self.lastLine)

            """
        }

        init(text: String) {
            for line in text.split(separator: "\n") {
                if line == Self.lastLine { break }
                let parts = line.split(separator: " ", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "host": host = String(parts[1])
                case "boot": bootID = String(parts[1])
                case "pid": processID = Int32(parts[1]) ?? 0
                case "started": startedAt = UInt64(parts[1]) ?? 0
                case "epoch": epoch = UInt32(parts[1]) ?? 0
                case "session": session = String(parts[1])
                default: break
                }
            }
        }

        static func read(_ file: Int32) -> Info {
            var bytes = [UInt8](repeating: 0, count: JournalLimits.lockInfoBytes)
            let count = pread(file, &bytes, bytes.count, 0)
            return Info(text: String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
        }

        /// One write, then the cut, so that who reads meanwhile finds whole lines. Returns 0 or the `errno`.
        func write(_ file: Int32) -> Int32 {
            let bytes = Array(text.utf8)
            guard bytes.count <= JournalLimits.lockInfoBytes else { return ENAMETOOLONG }
            let count = pwrite(file, bytes, bytes.count, 0)
            guard count == bytes.count else { return count < 0 ? errno : ENOSPC }
            return ftruncate(file, off_t(bytes.count)) == 0 ? 0 : errno
        }
    }
}

extension RunLock.Info: CustomStringConvertible {
    /// For messages: "process 4711 on hostname".
    package var description: String {
        processID == 0 ? "another process" : "process \(processID) on \(host.isEmpty ? "this machine" : host)"
    }
}
