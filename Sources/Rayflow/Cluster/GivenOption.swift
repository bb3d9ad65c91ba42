internal import Glibc
import RayflowCore

/// Options that the program gives, or else the environment of the driver.
package enum GivenOption {
    /// An environment variable of this process.
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// - Parameters:
    ///   - name: of the environment variable, which counts when `option` is nil and which may be empty.
    ///   - variable: the value of an environment variable.
    /// - Throws: `invalidArgument` when the variable is no number.
    static func number<T>(
        _ option: T?, _ name: String, _ variable: (String) -> String?, _ parse: (String) -> T?
    ) throws(RayflowError) -> T? {
        if let option { return option }
        guard let text = variable(name), !text.isEmpty else { return nil }
        guard let value = parse(text) else {
            throw RayflowError(.invalidArgument, "the environment variable \(name) is no number: '\(text)'")
        }
        return value
    }
}
