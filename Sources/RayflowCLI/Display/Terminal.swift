import Glibc

/// What is known of the terminal behind a stream.
enum Terminal {
    /// Whether pictures may be drawn over one another there.
    static func isLive(_ descriptor: Int32 = STDERR_FILENO) -> Bool {
        guard isatty(descriptor) == 1, getenv("NO_COLOR").map({ $0[0] == 0 }) ?? true else { return false }
        guard let type = getenv("TERM").map({ String(cString: $0) }) else { return false }
        return type != "dumb" && !type.isEmpty
    }

    static func columns(_ descriptor: Int32 = STDERR_FILENO) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return CommandLimits.columns }
        return Int(size.ws_col)
    }

    /// Control characters of what steps wrote must not act on the terminal.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 })
        return String(view)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\t" && (scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value))
    }
}

extension Terminal {
    static func visible(_ lines: [String]) -> String { lines.map { visible($0) }.joined(separator: "\n") }
}
