// What Glibc's Swift module lacks: thin wrappers over Linux calls, one a line, no policy.
// Every function returns what the system call returns, with errno set.
#ifndef CLINUX_H
#define CLINUX_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline int rf_memfd_create(const char *name) { return (int)syscall(SYS_memfd_create, name, 0x0001u | 0x0002u); } // CLOEXEC | ALLOW_SEALING
static inline int rf_seal_size(int fd) { return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW); }
static inline int rf_get_seals(int fd) { return fcntl(fd, F_GET_SEALS); }
static inline int rf_size_is_sealed(int fd) { int s = rf_get_seals(fd); return s >= 0 && (s & (F_SEAL_SHRINK | F_SEAL_GROW)) == (F_SEAL_SHRINK | F_SEAL_GROW); }
static inline int rf_fallocate(int fd, off_t offset, off_t length) { return fallocate(fd, 0, offset, length); }
static inline int rf_fallocate_keep_size(int fd, off_t offset, off_t length) { return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length); }
static inline int rf_punch_hole(int fd, off_t offset, off_t length) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length); }
static inline int rf_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int rf_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
static inline int rf_pidfd_send_signal(int fd, int sig) { return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0); }
static inline int rf_set_parent_death_signal(int sig) { return prctl(PR_SET_PDEATHSIG, sig); }
static inline int rf_set_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }
static inline int rf_set_name(const char *name) { return prctl(PR_SET_NAME, name); }
static inline int rf_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }
static inline int rf_pipe_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }
static inline int rf_socketpair_cloexec(int fds[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds); }
static inline int rf_accept_cloexec(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC); }
static inline int rf_gettid(void) { return (int)syscall(SYS_gettid); }
static inline uint64_t rf_monotonic_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
static inline uint64_t rf_wall_ns(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
static inline uint64_t rf_thread_cpu_ns(void) { struct timespec t; clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
static inline uint64_t rf_process_cpu_ns(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }

// Open-file-description locks: released by the kernel with the last descriptor, never by another close in the process.
static inline int rf_ofd_lock(int fd, int exclusive, int wait) {
    struct flock l = {.l_type = (short)(exclusive ? F_WRLCK : F_RDLCK), .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
}
static inline int rf_ofd_unlock(int fd) {
    struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    return fcntl(fd, F_OFD_SETLK, &l);
}
// 1: somebody else holds an exclusive (or, when `exclusive` is asked for, any) lock; 0: free; -1: errno.
static inline int rf_ofd_is_locked(int fd, int exclusive) {
    struct flock l = {.l_type = (short)(exclusive ? F_WRLCK : F_RDLCK), .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    if (fcntl(fd, F_OFD_GETLK, &l) != 0) return -1;
    return l.l_type != F_UNLCK;
}

static inline int rf_spawn_chdir(posix_spawn_file_actions_t *a, const char *path) { return posix_spawn_file_actions_addchdir_np(a, path); }
static inline int rf_spawn_closefrom(posix_spawn_file_actions_t *a, int from) { return posix_spawn_file_actions_addclosefrom_np(a, from); }
static inline int rf_wait_exited(int status) { return WIFEXITED(status); }
static inline int rf_wait_status(int status) { return WEXITSTATUS(status); }
static inline int rf_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
static inline int rf_open(const char *path, int flags, int mode) { return open(path, flags | O_CLOEXEC, mode); }
static inline int rf_fcntl_int(int fd, int cmd, int arg) { return fcntl(fd, cmd, arg); }
static inline void rf_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline uint64_t rf_load_acquire_u64(const void *p) { return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE); }
static inline void rf_store_release_u64(void *p, uint64_t v) { __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE); }
static inline int rf_cas_u64(void *p, uint64_t expected, uint64_t desired) { return __atomic_compare_exchange_n((uint64_t *)p, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); }
static inline uint64_t rf_add_u64(void *p, uint64_t v) { return __atomic_fetch_add((uint64_t *)p, v, __ATOMIC_SEQ_CST); }
extern char **environ;
static inline char **rf_environ(void) { return environ; }
#include <sys/signalfd.h>
static inline int rf_signalfd(const sigset_t *mask) { return signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK); }
static inline short rf_spawn_flag_setsid(void) { return POSIX_SPAWN_SETSID; }
static inline int rf_siginfo_status(const siginfo_t *i) { return i->si_status; }
// CRC-32C (Castagnoli): pass 0 or the value so far, get the value with these bytes added.
static inline uint32_t rf_crc32c_table(uint32_t crc, const void *data, size_t count) {
    static const uint32_t nibble[16] = {
        0x00000000u, 0x105EC76Fu, 0x20BD8EDEu, 0x30E349B1u, 0x417B1DBCu, 0x5125DAD3u, 0x61C69362u, 0x7198540Du,
        0x82F63B78u, 0x92A8FC17u, 0xA24BB5A6u, 0xB21572C9u, 0xC38D26C4u, 0xD3D3E1ABu, 0xE330A81Au, 0xF36E6F75u,
    };
    const unsigned char *p = (const unsigned char *)data;
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static inline uint32_t rf_crc32c_sse42(uint32_t crc, const void *data, size_t count) {
    const unsigned char *p = (const unsigned char *)data;
    uint64_t state = (uint32_t)~crc;
    for (; count >= 8; p += 8, count -= 8) { uint64_t word; __builtin_memcpy(&word, p, 8); state = __builtin_ia32_crc32di(state, word); }
    for (; count > 0; p++, count--) state = __builtin_ia32_crc32qi((uint32_t)state, *p);
    return ~(uint32_t)state;
}
static inline uint32_t rf_crc32c(uint32_t crc, const void *data, size_t count) {
    return __builtin_cpu_supports("sse4.2") ? rf_crc32c_sse42(crc, data, count) : rf_crc32c_table(crc, data, count);
}
#else
static inline uint32_t rf_crc32c(uint32_t crc, const void *data, size_t count) { return rf_crc32c_table(crc, data, count); }
#endif
typedef struct { uint64_t user_ns, system_ns, max_resident_bytes; } rf_usage; // struct rusage clashes with Glibc's own in Swift
static inline uint64_t rf_timeval_ns(struct timeval t) { return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u; }
static inline pid_t rf_wait_any(int *status, rf_usage *usage) {
    struct rusage r;
    pid_t pid = wait4(-1, status, WNOHANG, &r);
    if (pid > 0) *usage = (rf_usage){rf_timeval_ns(r.ru_utime), rf_timeval_ns(r.ru_stime), (uint64_t)r.ru_maxrss * 1024};
    return pid;
}
#endif
