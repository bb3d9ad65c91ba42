package import RayflowCore

/// What a step or an actor occupies while it runs. What is nil is the default of its kind.
package struct ResourceSpec: Sendable {
    package var cpus: Setting<Double>?
    package var gpus: Setting<Double>?
    package var memory: Setting<ByteCount>?
    package var disk: Setting<ByteCount>?
    /// The user's own resources, in the order of the file.
    package var named: [(name: String, amount: Setting<Double>)] = []

    package init() {}

    var templates: [SourceTemplate] {
        [cpus?.template, gpus?.template, memory?.template, disk?.template].compactMap { $0 } + named.compactMap(\.amount.template)
    }

    /// This one, with `fallback` for what it does not say.
    func filled(from fallback: ResourceSpec) -> ResourceSpec {
        var filled = self
        filled.cpus = cpus ?? fallback.cpus
        filled.gpus = gpus ?? fallback.gpus
        filled.memory = memory ?? fallback.memory
        filled.disk = disk ?? fallback.disk
        for other in fallback.named where !named.contains(where: { $0.name == other.name }) { filled.named.append(other) }
        return filled
    }
}
