package import RayflowCore

/// The receiving side of a channel: a copy of its rows that is right as of its position.
package struct ChannelFollower: Sendable {
    package enum Change: Hashable, Sendable {
        /// Nothing new.
        case none
        /// These rows, in order.
        case rows([KeyedRow])
        /// All rows were read again.
        case all
    }

    package let channel: GCSChannel
    package private(set) var position = ChannelPosition.start
    package private(set) var rows: [[UInt8]: [UInt8]] = [:]
    /// Rows that there are besides: the snapshot was cut.
    package private(set) var missing: UInt64 = 0
    package private(set) var snapshots = 0

    package init(_ channel: GCSChannel) { self.channel = channel }

    /// What to ask next.
    package var poll: PollChannel { PollChannel(channel: channel, position: position) }

    package mutating func receive(_ m: ChannelMessages) -> Change {
        guard m.channel == channel else { return .none }
        if m.isSnapshot {
            // An answer to a question asked twice, and older than what is known.
            if m.position.epoch < position.epoch { return .none }
            if m.position.epoch == position.epoch, m.position.sequence < position.sequence { return .none }
            position = m.position
            rows = [:]
            for row in m.rows { rows[row.key] = row.row }
            missing = m.missing
            snapshots += 1
            return .all
        }
        let first = m.position.sequence &- UInt64(m.rows.count) &+ 1
        guard m.position.epoch == position.epoch, first <= position.sequence + 1 else {
            // A gap or another epoch: everything is read again.
            if m.position.epoch >= position.epoch { position = .start }
            return .none
        }
        guard m.position.sequence > position.sequence else { return .none }
        let new = m.rows.suffix(Int(m.position.sequence - position.sequence))
        for row in new { rows[row.key] = row.row }
        position = m.position
        return .rows(Array(new))
    }
}
