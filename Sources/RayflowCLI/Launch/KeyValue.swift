import ArgumentParser
import Journal

/// `name=value` as an argument.
struct KeyValue: ExpressibleByArgument {
    var key: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        key = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

/// `name=amount` as an argument.
struct ResourceAmount: ExpressibleByArgument {
    var name: String
    var amount: Double

    init?(argument: String) {
        guard let pair = KeyValue(argument: argument), let amount = Double(pair.value), amount.isFinite, amount >= 0 else { return nil }
        (name, self.amount) = (pair.key, amount)
    }
}

extension SyncPolicy: ExpressibleByArgument {}
