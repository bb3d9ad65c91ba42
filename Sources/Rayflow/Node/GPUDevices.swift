import RayflowCore

/// The GPUs of a node by the names under which CUDA programs may see them.
package enum GPUDevices {
    /// The variable by which a process is told which GPUs it may see.
    package static let variable = "CUDA_VISIBLE_DEVICES"

    /// How many GPUs a listing of `/dev` names: `nvidia0`, `nvidia1`, …
    package static func count(inDeviceFolder names: some Sequence<String>) -> Int {
        names.count { name in
            guard name.hasPrefix("nvidia"), name.count > 6 else { return false }
            return name.dropFirst(6).allSatisfy { $0.isASCII && $0.isNumber }
        }
    }

    /// What the node offers.
    ///
    /// - Parameters:
    ///   - folder: names of the files in `/dev`.
    ///   - visible: the driver's `CUDA_VISIBLE_DEVICES`; nil when it is not set. As CUDA reads it: a list that ends at the first negative
    ///     number; empty means none.
    ///   - given: what the program asked for instead, if it did.
    /// - Returns: names by device number.
    package static func names(deviceFolder folder: [String], visible: String?, given: Double?) -> [String] {
        var names: [String]
        if let visible {
            let parts = visible.split(separator: ",", omittingEmptySubsequences: true).map { String($0.filter { $0 != " " }) }
            names = Array(parts.prefix { !$0.hasPrefix("-") })
        } else {
            names = (0..<count(inDeviceFolder: folder)).map { "\($0)" }
        }
        guard let given, given.isFinite, given >= 0 else { return names }
        let wanted = Int(clamping: Int64(min(given.rounded(.up), 1e6)))
        if wanted > names.count, visible == nil { names = (0..<wanted).map { "\($0)" } }
        return Array(names.prefix(wanted))
    }
}
