/// The bounds of the run controller.
package enum RunLimits {
    /// UTF-8 bytes of a value beyond which it reaches a process only as a file: Linux takes at most 128 KiB in one variable or argument.
    package static let environmentValueBytes = 64 << 10
    /// UTF-8 bytes of a script beyond which it is written to a file instead of given as an argument.
    package static let scriptArgumentBytes = 96 << 10
    /// UTF-8 bytes of an argument of `command`: the kernel's bound, less the final zero.
    package static let argumentBytes = (128 << 10) - 1
    /// Bytes of standard input that travel with the order to start; more goes through a file.
    package static let inlineInputBytes = 64 << 10
    /// Bytes of one output that is held as a value. Larger data belongs in an output of type `file`.
    package static let outputBytes = 64 << 20
    /// Bytes of a step's outputs as JSON that stand in the journal; more is kept in a file beside the attempt.
    package static let recordedOutputBytes = 64 << 10
    /// Bytes of an output, or of an element of a list, as JSON from which on it lies in the object store, and the driver has a reference to
    /// it: as much as a value that the engine keeps in messages.
    package static let heldBytes = 100 << 10
    /// Bytes of `$RAYFLOW_OUTPUT`.
    package static let outputFileBytes = 64 << 20
    /// Bytes of a file whose content is digested when it becomes an output; larger ones are told apart by size and time.
    package static let digestedFileBytes = 256 << 20
    /// Units that are handed to the engine at once; the rest waits here, where it costs no files.
    package static let unitsInFlight = 4_096
    /// UTF-8 bytes of a folder's name, well below the file system's 255.
    package static let folderNameBytes = 160
    /// Lines of an attempt's log that are shown with its failure.
    package static let tailLines = 50
    /// Bytes at the end of a log in which those lines are looked for.
    package static let tailBytes = 64 << 10
    /// UTF-8 bytes of a found text that a message repeats.
    package static let excerptBytes = 60
    /// Attempts of a step that are made again, in one epoch, because whoever ran them is gone.
    package static let lostAttempts = 3
}
