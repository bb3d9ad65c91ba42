package import Rayflow

/// The functions and actors that a program offers by name.
package struct PortSignatures: Sendable, Hashable {
    package struct Function: Sendable, Hashable {
        package var name: String
        /// Nil: it was declared without labels and cannot be called by name.
        package var labels: [String]?
        package var results: [String]
        /// Labels that may be left out.
        package var optional: Set<String>

        package init(name: String, labels: [String]?, results: [String] = [], optional: Set<String> = []) {
            self.name = name
            self.labels = labels
            self.results = results
            self.optional = optional
        }
    }

    package var functions: [Function]
    /// Methods by type name; nil: not known, so they are found out when they are called.
    package var actors: [String: [Function]]?

    package init(functions: [Function] = [], actors: [String: [Function]]? = nil) {
        self.functions = functions
        self.actors = actors
    }

    package init(functions: [FunctionDescription], actors: [String: [FunctionDescription]]? = nil) {
        self.init(functions: functions.map { Function($0) }, actors: actors?.mapValues { $0.map { Function($0) } })
    }
}

extension PortSignatures.Function {
    init(_ description: FunctionDescription) {
        self.init(
            name: description.name, labels: description.parameters?.map(\.label), results: description.resultNames,
            optional: Set(description.parameters?.filter(\.isOptional).map(\.label) ?? []))
    }
}
