public import Rayflow

public enum EngineRemotes {
    public static let registry = Registry(
        Tasks.square, Tasks.add, Tasks.appending, Tasks.scale, Tasks.divmod, Tasks.total, Tasks.first, Tasks.log, Tasks.tail, Tasks.norm,
        Tasks.fib, Tasks.overdraw, Tasks.plain, Tasks.pid, Tasks.attempt, Tasks.dies, Tasks.failsOnce, Tasks.waits, Tasks.deaf,
        Tasks.leaves, Tasks.make,
        Tasks.handOver, Tasks.refs, Tasks.child, Tasks.parent, Tasks.useCounter, Tasks.detached, Tasks.environment, Effects.mark,
        Effects.large, Effects.slow, Effects.family, Streams.count, Streams.told, Streams.breaks, Streams.dies, Streams.large,
        Streams.sequence, Streams.refs, Streams.numbers, Streams.nested, Streams.several, ActorTasks.callAndDie, ActorTasks.callLater,
        ActorTasks.lateValue, ActorTasks.outcome, Hoarding.hold, Hoarding.killed, Environments.values, Environments.place,
        Lending.take, Lending.open, Lending.make, Lending.back, Lending.deep, Lending.leave, Lending.dies, Lending.fails, Lending.use,
        Lending.create, Lending.orphan, Lending.memory, Lending.view,
        Environments.inherited,
        Environments.merged, Environments.actor, Environments.context, Environments.devices, Environments.gpus, StormTasks.value,
        StormTasks.nested, StormTasks.large, StormTasks.put, StormTasks.sum, StormTasks.head, StormTasks.through, Relay.readThrough,
        Relay.makeCounter,
        Echoes.bool, Echoes.int, Echoes.int8, Echoes.int32, Echoes.uint8, Echoes.uint64, Echoes.float, Echoes.double, Echoes.string,
        Spilled.make, Spilled.sum, Spilled.dieWriting, Spilled.dieReading,
        Echoes.optional, Echoes.bytes, Echoes.nested, Echoes.table, Echoes.set, Echoes.json, Echoes.parcel, Echoes.parcels,
        actors: [
            Counter.self, Account.self, Broken.self, Parallel.self, Caller.self, Hoarder.self, Keeper.self, Surroundings.self,
            StormCell.self,
            Relay.self,
        ], errors: [Overdrawn.self])

    /// A table of which workers of ``registry`` know nothing.
    public static let other = Registry(Tasks.square, actors: [Counter.self])
}
