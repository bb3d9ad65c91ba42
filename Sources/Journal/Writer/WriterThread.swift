import CLinux
import Glibc

/// The thread that runs a ``WriterLoop``. It takes no signals.
struct WriterThread: Sendable {
    private let handle: pthread_t

    init(_ loop: consuming WriterLoop, path: String) throws(JournalFault) {
        let box = Unmanaged.passRetained(Box(loop))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil,
            { raw in
                rf_set_name("rf-journal")
                guard let raw else { return nil }
                Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().loop.run()
                return nil
            }, box.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard error == 0 else {
            box.release()
            throw JournalFault(errorNumber: error, path: path, "start the journal's thread")
        }
        self.handle = handle
    }

    /// Waits for the end of the thread; on the thread itself, lets it end alone.
    func join() {
        if pthread_equal(handle, pthread_self()) != 0 {
            pthread_detach(handle)
        } else {
            pthread_join(handle, nil)
        }
    }

    private final class Box {
        var loop: WriterLoop
        init(_ loop: consuming WriterLoop) { self.loop = loop }
    }
}
