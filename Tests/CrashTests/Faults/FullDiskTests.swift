import CLinux
import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// Nothing can be written any more.
    @Suite struct FullDisk {
        /// A file system of its own for the runs, until the test ends. Nil where mounting is not permitted.
        private final class SmallDisk {
            let path: String

            init?(at path: String, bytes: Int) throws {
                self.path = path
                mkdir(path, 0o700)
                guard try Self.mount(["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path]) else { return nil }
            }

            deinit { umount2(path, Int32(MNT_DETACH)) }

            func change(_ options: String) throws {
                guard try Self.mount(["-o", "remount,\(options)", path]) else { throw TestFault("\(path) cannot be remounted") }
            }

            private static func mount(_ arguments: [String]) throws -> Bool {
                let mount = try RunningProgram(
                    "/bin/mount", arguments, environment: [:], folder: "/", outputs: "/tmp/rfc-mount-\(getpid())")
                defer {
                    unlink(mount.outputPath)
                    unlink(mount.errorPath)
                }
                return try mount.wait() == .exited(0)
            }
        }

        @Test("a run whose disk is full stops with exit code 5 and is completed by resume", arguments: [160, 400, 900])
        func full(_ kilobytes: Int) throws {
            let place = try Place()
            guard let disk = try SmallDisk(at: place.home, bytes: kilobytes << 10) else {
                return print("full disk: skipped, this user may not mount a tmpfs")
            }
            let workflow = LayeredWorkflow(log: place.log)
            let run = try CrashedRun(place, workflow.text)
            run.context = "\(kilobytes) KiB"
            let program = try run.begin()
            #expect(try program.wait() == .exited(5), "\(program.errors)")
            #expect(program.errors.contains("No space left on device"), "\(program.errors)")
            #expect(program.errors.contains("resume"), "\(program.errors)")
            place.expectNothingLeft(run.context)
            try disk.change("size=64m")
            try run.noteDeath()
            try run.check(
                try run.complete(), outputs: LayeredWorkflow.outputs, positions: workflow.positions, stepsMayFail: true)
        }

        @Test("a run folder that cannot be written is refused with exit code 5 before anything runs")
        func readOnly() throws {
            let place = try Place()
            guard let disk = try SmallDisk(at: place.home, bytes: 1 << 20) else {
                return print("read-only disk: skipped, this user may not mount a tmpfs")
            }
            try disk.change("ro")
            let run = try CrashedRun(place, LayeredWorkflow(log: place.log).text)
            let program = try run.begin()
            #expect(try program.wait() == .exited(5), "\(program.errors)")
            #expect(program.errors.contains("Read-only file system") && program.errors.contains(place.home), "\(program.errors)")
            #expect(place.lines.isEmpty)
            place.expectNothingLeft("read-only")
        }

        @Test("a run folder that belongs to somebody else is refused with exit code 5 before anything runs")
        func foreign() throws {
            let place = try Place()
            guard geteuid() == 0, access("/usr/bin/setpriv", X_OK) == 0 else {
                return print("foreign folder: skipped, only root can be another user")
            }
            let nobody: uid_t = 65534
            for folder in [place.path, place.work, place.temporary] { chmod(folder, 0o755) }
            chown(place.temporary, nobody, nobody)
            mkdir(place.home, 0o755)
            try TextFile.write(LayeredWorkflow(log: place.log).text, to: place.work + "/workflow.yaml")
            let program = try place.start("rayflow", ["run", "workflow.yaml"], asUser: nobody)
            #expect(try program.wait() == .exited(5), "\(program.errors)")
            #expect(program.errors.contains("Permission denied") && program.errors.contains(place.home), "\(program.errors)")
            #expect(place.lines.isEmpty)
            place.expectNothingLeft("foreign")
        }
    }
}
