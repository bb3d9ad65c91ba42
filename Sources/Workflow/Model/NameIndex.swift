/// Names as expressions look them up: exactly, else the first without regard to case.
struct NameIndex: Sendable {
    private var exact: [String: Int] = [:]
    private var folded: [String: Int] = [:]

    init(_ names: some Sequence<String> = []) {
        for (index, name) in names.enumerated() {
            if exact[name] == nil { exact[name] = index }
            let fold = CaseFolding.fold(name)
            if folded[fold] == nil { folded[fold] = index }
        }
    }

    func find(_ name: String) -> Int? { exact[name] ?? folded[CaseFolding.fold(name)] }
    func findExactly(_ name: String) -> Int? { exact[name] }
}
