import ObjectStore
package import Raylet
import Transport

extension RayletShell {
    /// On the loop: from now on a worker is ended when the node is short of memory. Ends with the shell.
    ///
    /// - Parameter io: a pool of its own, so that slow disks never keep it from looking.
    package func watchMemory(_ rules: MemoryMonitor.Rules, everyNS interval: UInt64, through sampler: MemorySampler, on io: IOPool) {
        event { scheduler, _ in scheduler.setMemoryRules(rules) }
        look(rules, interval, sampler, io)
    }

    private func look(_ rules: MemoryMonitor.Rules, _ interval: UInt64, _ sampler: MemorySampler, _ io: IOPool) {
        loop.scheduleTimer(afterNanoseconds: interval) { [weak self, loop] in
            io.run { [weak self] in
                let sample = sampler.sample(rules)
                loop.execute { [weak self] in
                    guard let self else { return }
                    sampled(sample)
                    look(rules, interval, sampler, io)
                }
            }
        }
    }

    private func sampled(_ sample: MemorySample) {
        event { $0.memorySampled(sample, activity: { self.store.activity(of: $0) }, now: self.loop.now, into: &$1) }
    }
}
