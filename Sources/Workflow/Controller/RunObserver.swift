/// Whoever shows a run while it goes on.
package protocol RunObserver: AnyObject, Sendable {
    /// In order, on the controller's own thread: be quick, and do not ask the controller from here.
    func onRunEvent(_ event: RunEvent, _ counts: RunCounts)
}
