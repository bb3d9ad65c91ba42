/// A NULL-terminated array of C strings in one block, for `argv` and `envp`.
struct CStringList {
    private var bytes: [CChar] = []
    private var offsets: [Int] = []
    /// A NUL inside would cut a string silently.
    private(set) var hasEmbeddedNUL = false

    init(_ strings: [String]) {
        bytes.reserveCapacity(strings.count * 24)
        for string in strings {
            offsets.append(bytes.count)
            append(string)
            bytes.append(0)
        }
    }

    init(_ variables: [EnvironmentVariable]) {
        bytes.reserveCapacity(variables.count * 48)
        for variable in variables {
            offsets.append(bytes.count)
            append(variable.name)
            bytes.append(CChar(bitPattern: UInt8(ascii: "=")))
            append(variable.value)
            bytes.append(0)
        }
    }

    private mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { utf8 in
            for byte in utf8 {
                if byte == 0 { hasEmbeddedNUL = true }
                bytes.append(CChar(bitPattern: byte))
            }
        }
    }

    mutating func withPointers<R>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        let offsets = offsets
        return bytes.withUnsafeMutableBufferPointer { block in
            withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<CChar>?.self, capacity: offsets.count + 1) { pointers in
                for (index, offset) in offsets.enumerated() { pointers[index] = block.baseAddress.map { $0 + offset } }
                pointers[offsets.count] = nil
                return body(UnsafePointer(pointers.baseAddress!))
            }
        }
    }
}
