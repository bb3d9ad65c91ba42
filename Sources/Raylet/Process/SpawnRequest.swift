/// What a child process shall be. Descriptors that are not named here are closed in the child.
package struct SpawnRequest: Sendable {
    package enum Grouping: Sendable, Hashable {
        /// A process group of its own, whose id is the child's pid.
        case ownGroup
        /// A session of its own: a group of its own and no controlling terminal.
        case ownSession
        case parentsGroup
    }

    /// A descriptor of this process and the number that it has in the child.
    package struct Inherited: Sendable, Hashable {
        package var descriptor: Int32
        package var target: Int32
        package init(_ descriptor: Int32, as target: Int32) {
            self.descriptor = descriptor
            self.target = target
        }
    }

    package enum Program: Sendable {
        /// A path, or a bare name that is looked up in the `PATH` of `environment`. Relative ones count from `workdir`.
        case command(String)
        case image(ProgramImage)
    }

    package var program: Program
    /// All arguments, the name of the program first.
    package var arguments: [String]
    /// The complete environment: nothing is inherited.
    package var environment: [EnvironmentVariable]
    /// nil: the parent's.
    package var workdir: String?
    /// Which descriptors the child has, standard ones included; targets are distinct.
    package var descriptors: [Inherited]
    package var grouping: Grouping

    package init(
        _ program: Program, arguments: [String], environment: [EnvironmentVariable], workdir: String? = nil,
        descriptors: [Inherited], grouping: Grouping = .ownGroup
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workdir = workdir
        self.descriptors = descriptors
        self.grouping = grouping
    }
}
