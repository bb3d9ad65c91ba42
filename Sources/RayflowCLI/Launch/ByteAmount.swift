import ArgumentParser

/// A number of bytes as a person writes it: `67108864`, `64M`, `4G`.
struct ByteAmount: ExpressibleByArgument, Equatable {
    var bytes: Int

    init?(argument: String) {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = argument.last.flatMap { units[Character($0.uppercased())] }
        guard let count = Int(unit == nil ? argument[...] : argument.dropLast()), count > 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
    }
}
