import RayflowCore

extension RayletInstance {
    /// What must hold after every event; empty when it does.
    package func checkInvariants() -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ fault: @autoclosure () -> String) { if !holds { faults.append(fault()) } }

        var sum = available
        var drawn: [BundleID: ResourceSet] = [:]
        var shares: [DeviceShare] = []
        func count(_ resources: ResourceSet, _ bundle: BundleID?) {
            if let bundle, bundles[bundle] != nil { drawn[bundle, default: ResourceSet()] += resources } else { sum += resources }
        }
        func uncount(_ resources: ResourceSet, _ bundle: BundleID?) {
            if let bundle, bundles[bundle] != nil { drawn[bundle, default: ResourceSet()] -= resources } else { sum -= resources }
        }
        for (id, entry) in leases where entry.isBooked {
            count(entry.request.resources, entry.request.bundle)
            if let share = entry.devices { shares.append(share) }
            expect((entry.devices != nil) == (entry.needsDevices && entry.request.kind != .step), "lease \(id) and its devices")
            if case .granted(let process?, let address) = entry.state {
                if workers[process]?.isBlocked == true { uncount(entry.request.resources.cpuOnly, entry.request.bundle) }
                expect(workers[process]?.devices ?? [] == entry.devices?.devices ?? [], "lease \(id): devices of its process")
                expect(
                    workers[process]?.state == .leased(id),
                    "lease \(id) says process \(process), which is \(String(describing: workers[process]))")
                expect(address == workerAddress(process), "lease \(id) at \(address)")
                expect((workers[process]?.dedicated == id) == (entry.request.kind == .actor), "lease \(id): wrong kind of worker")
            }
            if case .starting(let process) = entry.state {
                expect(workers[process]?.state == .starting && workers[process]?.dedicated == id, "lease \(id) waits for another's worker")
                expect(
                    entry.request.kind == .actor || entry.devices != nil, "lease \(id) of a \(entry.request.kind) has a starting process")
            }
        }
        for worker in workers.values {
            guard case .dying(let held, _, _) = worker.state else { continue }
            count(held.resources, held.bundle)
            if let share = held.devices { shares.append(share) }
        }
        for (id, bundle) in bundles {
            sum += bundle.total
            let books = bundle.available + (drawn[id] ?? ResourceSet())
            expect(books == bundle.total, "bundle \(id): \(books) on the books, \(bundle.total) in all")
            expect(groups[id.group]?.contains(id) == true, "bundle \(id) is not among those of its group")
        }
        expect(groups.values.reduce(0) { $0 + $1.count } == bundles.count, "groups and bundles differ")
        expect(devices.isConserved(shares), "devices: \(shares) held, \(devices.free) free")
        expect(sum == total, "resources: \(sum) on the books, \(total) in all")

        var counted: [WorkerPoolKey: WorkerPool] = [:]
        for (process, worker) in workers {
            counted[worker.pool, default: WorkerPool()].count(process, worker, 1)
            if case .leased(let lease) = worker.state {
                expect(
                    leases[lease]?.state == .granted(process: process, worker: workerAddress(process)),
                    "process \(process) holds \(lease), which is over")
                expect(worker.pool == leases[lease]?.pool, "process \(process) of job \(worker.job) serves another, or another environment")
            } else {
                expect(!worker.isBlocked, "process \(process) is blocked without a lease")
            }
        }
        for (key, pool) in pools {
            let other = counted[key] ?? WorkerPool()
            expect(Set(pool.idle) == Set(other.idle) && pool.idle.count == other.idle.count, "idle workers of job \(key.job)")
            expect(
                (pool.starting, pool.members, pool.blocked) == (other.starting, other.members, other.blocked),
                "counts of job \(key.job): \(pool), not \(other)")
        }
        for (key, pool) in counted where pools[key] == nil { expect(pool.isEmpty, "job \(key.job) has no pool for \(pool)") }
        if let victim = memory.victim {
            expect(workers[victim.process]?.killed != nil, "process \(victim.process) is ended for its memory")
        }
        expect(startingProcesses == workers.values.count { $0.state == .starting }, "\(startingProcesses) processes start")

        let queued = queue.leases
        expect(queued.count == queue.count && Set(queued).count == queued.count, "the queue counts \(queue.count) of \(queued.count)")
        expect(Set(queued) == Set(leases.filter { $0.value.state == .queued }.keys), "the queue and the states of leases differ")
        expect(queue.levels.allSatisfy { !$0.turns.isEmpty && Set($0.turns) == Set($0.lines.keys) }, "turns and lines differ")

        for (object, need) in needs {
            expect(!need.leases.isEmpty, "object \(object) is kept for nobody")
            for id in need.leases {
                guard let entry = leases[id] else { faults.append("object \(object) is kept for \(id), which is over"); continue }
                if case .granted = entry.state { faults.append("object \(object) is kept for \(id), which is granted") }
                if case .fetching(let missing) = entry.state {
                    expect(missing.contains(object) == !need.isLocal, "object \(object): missing for \(id), local \(need.isLocal)")
                } else {
                    expect(need.isLocal, "lease \(id) went on without object \(object)")
                }
            }
        }
        for (id, entry) in leases {
            expect(answers[id] == nil, "lease \(id) lives and has an answer on record")
            expect(!endedJobs.contains(entry.request.job), "lease \(id) of an ended job")
            if case .fetching(let missing) = entry.state {
                expect(!missing.isEmpty, "lease \(id) fetches nothing")
                for object in missing {
                    expect(needs[object]?.leases.contains(id) == true, "lease \(id) misses \(object), which nobody fetches")
                }
            }
        }
        return faults
    }
}
