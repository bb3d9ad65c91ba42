internal import RayflowCore

extension RetryPolicy {
    /// Nanoseconds before the attempt of that number within its budget (from 2), varied by the jitter. The same run, position and attempt
    /// always give the same pause.
    func pause(beforeAttempt number: Int, seed: UInt64, position: String, attempt: Int) -> UInt64 {
        let nanoseconds = pause(beforeAttempt: number) / .nanoseconds(1)
        guard nanoseconds.isFinite, nanoseconds > 0 else { return 0 }
        var hasher = Digest128Hasher()
        hasher.update(seed)
        hasher.update(position)
        hasher.update(UInt64(attempt))
        // 53 bits make every double in 0..<1 equally likely.
        let unit = Double(hasher.digest.high >> 11) * 0x1p-53
        return UInt64(nanoseconds * (1 + min(max(jitter, 0), 1) * (2 * unit - 1)))
    }
}
