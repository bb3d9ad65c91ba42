#if canImport(Glibc)
    import Glibc
#endif

/// Waits until the file exists.
func passed(_ gate: String) async throws {
    while access(gate, F_OK) != 0 { try await Task.sleep(for: .milliseconds(2)) }
}
