import RayflowCore

/// Placement groups, strategies and reasons of waiting.
extension WireSamples {
    static let group = PlacementGroupID(unique: 0x1112_1314_1516_1718, job: job)
    static let heldBundle = HeldBundle(id: BundleID(group: group, index: 1), attempt: 2, isCommitted: true)
    static let strategies: [(name: String, strategy: SchedulingStrategy)] = [
        ("spread", .spread), ("node", .node(node, soft: true)),
        ("labels", .labels(["zone": LabelRule(values: ["a", "b"], isNegated: true)])),
        ("bundle", .bundle(of: group, index: 3, capturesChildren: true)),
        ("anyBundle", .bundle(of: group, index: nil, capturesChildren: false)),
    ]
    static let reasons: [PendingReason] = [
        .waitsForNodes, .dependencies([object]), .resource("CPU", missing: 5_000, hopsSpent: true), .overdrawn("CPU", by: 1), .workerStarts,
        .workersBlocked, .stepHostRestarts, .behind(2), .granted(process),
        .placementGroup(group, .rescheduling, why: "no GPU"),
        .bundle(BundleID(group: group, index: 1), "GPU", missing: 10_000), .actor(.restarting), .retryPause, .behindOwn(7),
    ]

    static let placement: [(name: String, message: Message)] =
        [
            (
                "createPlacementGroup",
                .createPlacementGroup(
                    CreatePlacementGroup(group: group, name: "train", strategy: .strictSpread, bundles: [resources, .cpus(2)]))
            ),
            ("removePlacementGroup", .removePlacementGroup(RemovePlacementGroup(group: group))),
            ("subscribePlacementGroup", .subscribePlacementGroup(SubscribePlacementGroup(group: group))),
            (
                "placementGroupUpdate",
                .placementGroupUpdate(
                    PlacementGroupUpdate(
                        group: group, version: 2, state: .created,
                        bundles: [PlacedBundle(resources: .cpus(1), node: node), PlacedBundle(resources: .cpus(2), node: nil)], error: nil))
            ),
            (
                "placementGroupGone",
                .placementGroupUpdate(PlacementGroupUpdate(group: group, version: 3, state: .removed, bundles: [], error: bareError))
            ),
            (
                "reserveBundles",
                .reserveBundles(
                    ReserveBundles(group: group, attempt: 4, bundles: [BundleRequest(index: 1, resources: resources)], commits: true))
            ),
            ("bundlesReserved", .bundlesReserved(BundlesReserved(group: group, attempt: 4, node: node, isReserved: true))),
            ("settleBundles", .settleBundles(SettleBundles(group: group, attempt: 4, verdict: .rollBack))),
            ("bundlesSettled", .bundlesSettled(BundlesSettled(settled: SettleBundles(group: group, attempt: 4, verdict: .rollBack)))),
            ("lookupPlacementGroup", .lookupPlacementGroup(LookupPlacementGroup(request: 1, name: "train"))),
            ("placementGroupFound", .placementGroupFound(PlacementGroupFound(request: 1, group: group, bundleCount: 2))),
            ("placementGroupNone", .placementGroupFound(PlacementGroupFound(request: 1, group: nil, bundleCount: 0))),
            ("explainLease", .explainLease(ExplainLease(request: 1, lease: lease))),
            ("leaseUnknown", .leaseExplained(LeaseExplained(request: 1, reason: nil))),
        ]
        + reasons.map {
            ("leaseExplained: \($0.code)\($0 == .behindOwn(7) ? " own" : "")", .leaseExplained(LeaseExplained(request: 1, reason: $0)))
        }
        + strategies.map { name, strategy in
            (
                "requestLease: \(name)",
                .requestLease(
                    RequestLease(
                        lease: lease, attempt: attempt, job: job, kind: .task, resources: .cpus(1), priority: 0, dependencies: [], hops: 0,
                        backlog: 1, strategy: strategy))
            )
        }
}
