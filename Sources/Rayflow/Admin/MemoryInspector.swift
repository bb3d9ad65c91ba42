import GCS
package import RayflowCore

/// Asks the nodes what their object stores hold, then the processes what they know of these objects. Each question has its time; who does not
/// answer in it is named in the report.
package struct MemoryInspector: Sendable {
    private let core: CoreWorker
    private let timeout: Duration

    package init(_ core: CoreWorker, timeout: Duration = RuntimeLimits.inspection) { (self.core, self.timeout) = (core, timeout) }

    /// - Throws: `invalidArgument` for an impossible limit, `shutDown`.
    package func report(limit: Int, order: MemoryOrder) async throws(RayflowError) -> JSON {
        guard (1...StateAccessor.largestLimit).contains(limit) else {
            throw RayflowError(.invalidArgument, "limit \(limit): give a number from 1 to \(StateAccessor.largestLimit)")
        }
        let members = try await members()
        let stores = await ask(members.nodes.map { .raylet(of: $0) }, [], limit, order)
        var report = MemoryReport(
            zip(members.nodes, stores).map { MemoryReport.Node(node: "\($0)", answer: $1) }, order: order, limit: limit)
        report.isGCSSilent = members.isGCSSilent
        report.actorTypes = members.actorTypes
        var processes = members.drivers.map {
            (address: $0, told: MemoryReport.Process(process: "\($0)", role: .driver, node: "\($0.nodeID)"))
        }
        for (node, store) in zip(members.nodes, stores) {
            for worker in store?["workers"]?.arrayValue ?? [] {
                guard let told = Self.process(worker, on: node, members) else { continue }
                processes.append(told)
            }
        }
        let answers = await ask(processes.map(\.address), report.objects, 0, order)
        report.processes = zip(processes, answers).map { process, answer in
            var told = process.told
            told.answer = answer
            return told
        }
        let unnamed = report.unnamedTasks
        if !unnamed.isEmpty, !members.isGCSSilent { report.taskNames = await names(of: unnamed) }
        return report.json
    }

    // MARK: - Who there is

    private struct Members {
        var nodes: [NodeID]
        var drivers: [Address]
        /// Types of actors by their workers, and by their own identity.
        var workerTypes: [String: String] = [:]
        var actorTypes: [String: String] = [:]
        var isGCSSilent = false
    }

    private func members() async throws(RayflowError) -> Members {
        let client = GCSClient(core), limit = StateAccessor.largestLimit, time = RuntimeLimits.inspectionOfGCS
        async let jobs = try? client.jobs.list([RowFilter(field: "state", value: "running")], limit: limit, timeout: time).rows
        async let actors = try? client.actors.list([RowFilter(field: "state", value: "alive")], limit: limit, timeout: time).rows
        let nodes: [NodeInfo]?
        do throws(RayflowError) {
            nodes = try await client.nodes.list([RowFilter(field: "state", value: "alive")], limit: limit, timeout: time).rows
        } catch {
            if error.code == .shutDown { throw error }
            nodes = nil
        }
        var members = Members(nodes: nodes?.map(\.node) ?? [], drivers: await jobs?.compactMap(\.driver) ?? [])
        // Without the GCS, or before it knows of them: what this process knows itself.
        if !members.nodes.contains(core.identity.node) { members.nodes.insert(core.identity.node, at: 0) }
        if core.executor == nil, !members.drivers.contains(core.address) { members.drivers.insert(core.address, at: 0) }
        members.isGCSSilent = nodes == nil
        for actor in await actors ?? [] {
            members.actorTypes["\(actor.actor)"] = actor.typeName
            if let worker = actor.worker { members.workerTypes["\(worker)"] = actor.typeName }
        }
        return members
    }

    private static func process(
        _ worker: JSON, on node: NodeID, _ members: Members
    ) -> (address: Address, told: MemoryReport.Process)? {
        guard let name = worker["process"]?.stringValue, let address = Address(name) else { return nil }
        let type = members.workerTypes[name]
        return (
            address,
            MemoryReport.Process(
                process: name, role: type != nil || worker["actor"] == true ? .actor : .worker, name: type ?? "", node: "\(node)",
                pid: worker["pid"]?.intValue)
        )
    }

    /// Names of finished tasks, as far as the GCS was told of them and still knows them.
    private func names(of tasks: Set<String>) async -> [String: String] {
        let found = try? await GCSClient(core).tasks.list(limit: StateAccessor.largestLimit, timeout: RuntimeLimits.inspectionOfGCS)
        var names: [String: String] = [:]
        for row in found?.rows ?? [] where tasks.contains("\(row.task)") { names["\(row.task)"] = row.name }
        return names
    }

    // MARK: - Questions

    /// Asks all of them, some at a time, in one time for all.
    ///
    /// - Returns: an answer for each, in their order; nil for those that have not answered, or could not be asked in time.
    private func ask(_ peers: [Address], _ objects: [ObjectID], _ limit: Int, _ order: MemoryOrder) async -> [JSON?] {
        let clock = ContinuousClock(), end = clock.now + timeout
        return await withTaskGroup(of: (Int, JSON?).self) { group in
            var answers = [JSON?](repeating: nil, count: peers.count)
            func begin(_ at: Int) {
                guard at < peers.count, clock.now < end else { return }
                group.addTask { [core] in
                    (at, await core.inspect(peers[at], objects, limit: limit, order: order, timeout: clock.now.duration(to: end)))
                }
            }
            for at in peers.indices.prefix(RuntimeLimits.inspectedAtOnce) { begin(at) }
            var next = RuntimeLimits.inspectedAtOnce
            while let (at, answer) = await group.next() {
                answers[at] = answer
                begin(next)
                next += 1
            }
            return answers
        }
    }
}
