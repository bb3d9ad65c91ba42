import RayflowCore

/// Parts of GPUs that one lease holds, by device number: whole devices, or a part of one.
struct DeviceShare: Hashable, Sendable {
    var devices: [UInt32]
    /// Of each device, × ``RayflowCore/ResourceSet/unit``.
    var amount: Int64
}

/// The GPUs of a node as single devices: a request for whole ones gets devices of its own, requests for parts share.
struct DevicePool: Hashable, Sendable {
    /// What is free of each device, × ``RayflowCore/ResourceSet/unit``.
    private(set) var free: [Int64]
    private let sizes: [Int64]

    /// - Parameter amount: of GPUs, × ``RayflowCore/ResourceSet/unit``; a rest makes a device that has only that part.
    init(amount: Int64) {
        let unit = ResourceSet.unit
        let whole = Int(clamping: min(max(amount, 0) / unit, SchedulerLimits.devices))
        var sizes = Array(repeating: unit, count: whole)
        if amount > 0, amount % unit > 0, amount / unit < SchedulerLimits.devices { sizes.append(amount % unit) }
        self.sizes = sizes
        free = sizes
    }

    var count: Int { sizes.count }

    /// The devices for a request, or nil when there are none: whole ones with the lowest numbers, or the fullest one with room for a part.
    func choice(for amount: Int64) -> DeviceShare? {
        let unit = ResourceSet.unit
        guard amount > 0 else { return nil }
        if amount >= unit {
            let whole = free.indices.filter { free[$0] == unit }.prefix(Int(clamping: amount / unit))
            guard amount % unit == 0, whole.count == Int(clamping: amount / unit) else { return nil }
            return DeviceShare(devices: whole.map { UInt32($0) }, amount: unit)
        }
        guard let device = free.indices.filter({ free[$0] >= amount }).min(by: { (free[$0], $0) < (free[$1], $1) }) else { return nil }
        return DeviceShare(devices: [UInt32(device)], amount: amount)
    }

    mutating func take(_ share: DeviceShare) { for device in share.devices { free[Int(device)] -= share.amount } }
    mutating func giveBack(_ share: DeviceShare) { for device in share.devices { free[Int(device)] += share.amount } }

    /// What `shares` hold and what is free make up each device.
    func isConserved(_ shares: [DeviceShare]) -> Bool {
        var sum = free
        for share in shares { for device in share.devices { sum[Int(device)] += share.amount } }
        return sum == sizes && free.allSatisfy { $0 >= 0 }
    }
}
