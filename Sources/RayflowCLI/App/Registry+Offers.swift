import Rayflow
import Workflow

extension Registry {
    /// What workflow files can call, by name.
    var offers: PortSignatures {
        PortSignatures(
            functions: functions.map(\.description),
            actors: Dictionary(actors.map { ($0.typeName, $0.members.map(\.description)) }) { first, _ in first })
    }
}
