#define _GNU_SOURCE 1
#include <stdio.h>
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int rf_memfd_create(const char *name) { return (int)syscall(SYS_memfd_create, name, 0x0001u | 0x0002u); }
int rf_seal_size(int fd) { return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW); }
int rf_get_seals(int fd) { return fcntl(fd, F_GET_SEALS); }
int rf_size_is_sealed(int fd) { int s = rf_get_seals(fd); return s >= 0 && (s & (F_SEAL_SHRINK | F_SEAL_GROW)) == (F_SEAL_SHRINK | F_SEAL_GROW); }
int rf_fallocate(int fd, off_t offset, off_t length) { return fallocate(fd, 0, offset, length); }
int rf_fallocate_keep_size(int fd, off_t offset, off_t length) { return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length); }
int rf_punch_hole(int fd, off_t offset, off_t length) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length); }
int rf_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
int rf_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
int rf_pidfd_send_signal(int fd, int sig) { return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0); }
int rf_set_parent_death_signal(int sig) { return prctl(PR_SET_PDEATHSIG, sig); }
int rf_set_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }
int rf_set_name(const char *name) { return prctl(PR_SET_NAME, name); }

int rf_line_buffer_stdout(void) { return setvbuf(stdout, NULL, _IOLBF, 0); }
int rf_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }
int rf_pipe_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }
int rf_socketpair_cloexec(int fds[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds); }
int rf_accept_cloexec(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC); }
int rf_gettid(void) { return (int)syscall(SYS_gettid); }
uint64_t rf_monotonic_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
uint64_t rf_wall_ns(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
uint64_t rf_thread_cpu_ns(void) { struct timespec t; clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
uint64_t rf_process_cpu_ns(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
int rf_ofd_lock(int fd, int exclusive, int wait) {
    struct flock l = {.l_type = (short)(exclusive ? F_WRLCK : F_RDLCK), .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
}
int rf_ofd_unlock(int fd) {
    struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    return fcntl(fd, F_OFD_SETLK, &l);
}
int rf_ofd_is_locked(int fd, int exclusive) {
    struct flock l = {.l_type = (short)(exclusive ? F_WRLCK : F_RDLCK), .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    if (fcntl(fd, F_OFD_GETLK, &l) != 0) return -1;
    return l.l_type != F_UNLCK;
}
int rf_spawn_chdir(posix_spawn_file_actions_t *a, const char *path) { return posix_spawn_file_actions_addchdir_np(a, path); }
int rf_spawn_closefrom(posix_spawn_file_actions_t *a, int from) { return posix_spawn_file_actions_addclosefrom_np(a, from); }
int rf_wait_exited(int status) { return WIFEXITED(status); }
int rf_wait_status(int status) { return WEXITSTATUS(status); }
int rf_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
int rf_open(const char *path, int flags, int mode) { return open(path, flags | O_CLOEXEC, mode); }
int rf_fcntl_int(int fd, int cmd, int arg) { return fcntl(fd, cmd, arg); }
char **rf_environ(void) { return environ; }
int rf_signalfd(const sigset_t *mask) { return signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK); }
short rf_spawn_flag_setsid(void) { return POSIX_SPAWN_SETSID; }
int rf_siginfo_status(const siginfo_t *i) { return i->si_status; }
uint32_t rf_crc32c_table(uint32_t crc, const void *data, size_t count) {
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
uint32_t rf_crc32c(uint32_t crc, const void *data, size_t count) {
    return __builtin_cpu_supports("sse4.2") ? rf_crc32c_sse42(crc, data, count) : rf_crc32c_table(crc, data, count);
}
#else
uint32_t rf_crc32c(uint32_t crc, const void *data, size_t count) { return rf_crc32c_table(crc, data, count); }
#endif
static inline uint64_t rf_timeval_ns(struct timeval t) { return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u; }
pid_t rf_wait_any(int *status, rf_usage *usage) {
    struct rusage r;
    pid_t pid = wait4(-1, status, WNOHANG, &r);
    if (pid > 0) *usage = (rf_usage){rf_timeval_ns(r.ru_utime), rf_timeval_ns(r.ru_stime), (uint64_t)r.ru_maxrss * 1024};
    return pid;
}
