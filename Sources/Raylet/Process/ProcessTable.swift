internal import CLinux
internal import Glibc

/// What `/proc` tells about processes. Every answer may be outdated when it arrives: signals go through pidfds or to own children.
enum ProcessTable {
    static let tokenName = "RAYFLOW_STEP"

    /// Parent and process group, or nil when the process is gone.
    struct Relation {
        var parent: Int32
        var group: Int32
        var isZombie: Bool
    }

    static func relation(of pid: Int32) -> Relation? {
        guard let bytes = FileBytes.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
        // The name in parentheses may hold anything, so the fields count from the last closing one: state, ppid, pgrp.
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[bytes.index(after: close)...].split(separator: UInt8(ascii: " "), maxSplits: 4)
        guard fields.count >= 3, let parent = number(fields[1]), let group = number(fields[2]) else { return nil }
        return Relation(parent: parent, group: group, isZombie: fields[0].first == UInt8(ascii: "Z"))
    }

    /// Value of `RAYFLOW_STEP` in the environment that the process was started with; nil when there is none or it cannot be read.
    static func token(of pid: Int32) -> String? {
        guard let bytes = FileBytes.read("/proc/\(pid)/environ", limit: StepRunnerLimits.environmentBytes) else { return nil }
        return token(in: bytes)
    }

    static func token(in environment: [UInt8]) -> String? {
        let wanted = Array((tokenName + "=").utf8)
        for entry in environment.split(separator: 0) where entry.starts(with: wanted) {
            return String(decoding: entry.dropFirst(wanted.count), as: UTF8.self)
        }
        return nil
    }

    /// All pids that can be seen.
    static func all() -> [Int32] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var pids: [Int32] = []
        while let entry = readdir(folder) {
            let pid = withUnsafeBytes(of: &entry.pointee.d_name) { name in number(name.prefix { $0 != 0 }) }
            if let pid { pids.append(pid) }
        }
        return pids
    }

    /// Pages in memory that the process shares with no other (not even through a file); nil when it is gone.
    static func privatePages(of pid: Int32) -> UInt64? {
        guard let bytes = FileBytes.read("/proc/\(pid)/statm", limit: 256) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count >= 3, let resident = UInt64(fields[1]), let shared = UInt64(fields[2]) else { return nil }
        return resident > shared ? resident - shared : 0
    }

    /// As its program or the process itself has set it.
    static func name(of pid: Int32) -> String? {
        guard let bytes = FileBytes.read("/proc/\(pid)/comm", limit: 64) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The owner of a process.
    static func user(of pid: Int32) -> UInt32? {
        var info = stat()
        return stat("/proc/\(pid)", &info) == 0 ? info.st_uid : nil
    }

    /// The kernel's list of children of the calling thread, to be held open for ``children(listedIn:)``; -1 when the kernel has none.
    static func openChildren() -> Int32 { rf_open("/proc/thread-self/children", O_RDONLY, 0) }

    /// Children of the thread that opened the list. Without a list they are looked for the long way.
    static func children(listedIn descriptor: Int32) -> [Int32] {
        guard descriptor >= 0, lseek(descriptor, 0, SEEK_SET) == 0, let bytes = FileBytes.read(descriptor, limit: 1 << 20) else {
            let own = getpid()
            return all().filter { relation(of: $0)?.parent == own }
        }
        return bytes.split(separator: UInt8(ascii: " ")).compactMap(number)
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int32? {
        guard !digits.isEmpty else { return nil }
        var value: Int32 = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
            if tooLarge || shifted > Int32.max - 9 { return nil }
            value = shifted + Int32(digit - 48)
        }
        return value
    }
}
