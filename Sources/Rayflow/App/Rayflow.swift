/// Entry points for programs that are not a ``RayflowApp``.
public enum Rayflow {
    /// In a process that was started as a worker, raylet or GCS this never returns; elsewhere it does nothing.
    ///
    /// Call it first, before anything with an effect: what stands before it runs in workers too.
    public static func takeRole(_ remotes: @autoclosure () -> Registry) { RoleDispatch.takeRoleIfAsked(remotes()) }
}
