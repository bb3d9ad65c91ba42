import Foundation
import Glibc

/// One start of the test program as the driver of a durable run, to its end.
struct DriverRun {
    let output: [String: String]
    let status: Int32

    init(_ scratch: Scratch, phase: String) {
        let command = "exec '\(Programs.worker)' drive '\(scratch.path)' '\(scratch.file("marks"))' \(phase) 2>&1"
        guard let pipe = popen(command, "r") else {
            (output, status) = ([:], -1)
            return
        }
        // The workers hold the pipe as well: at its end they are gone.
        var text = ""
        var buffer = [CChar](repeating: 0, count: 65_536)
        while fgets(&buffer, Int32(buffer.count), pipe) != nil {
            text += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        status = pclose(pipe)
        var output: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if let first = words.first { output[String(first)] = words.count > 1 ? String(words[1]) : "" }
        }
        self.output = output
    }

    var wasKilled: Bool { status & 0x7F == SIGKILL }
    var isDone: Bool { status == 0 && output["done"] != nil }
}
