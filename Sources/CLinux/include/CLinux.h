// What Glibc's Swift module lacks: thin wrappers over Linux calls, no policy.
// Every function returns what the system call returns, with errno set.
// Only declarations here: with _GNU_SOURCE the system's headers differ from what Swift's own modules have made of them.
#ifndef CLINUX_H
#define CLINUX_H
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int rf_memfd_create(const char *name); // CLOEXEC | ALLOW_SEALING
int rf_seal_size(int fd);
int rf_get_seals(int fd);
int rf_size_is_sealed(int fd);
int rf_fallocate(int fd, off_t offset, off_t length);
int rf_fallocate_keep_size(int fd, off_t offset, off_t length);
int rf_punch_hole(int fd, off_t offset, off_t length);
int rf_eventfd(void);
int rf_pidfd_open(pid_t pid);
int rf_pidfd_send_signal(int fd, int sig);
int rf_set_parent_death_signal(int sig);
int rf_set_child_subreaper(void);
int rf_set_name(const char *name);
/* What is printed leaves this process with the end of each line, whatever standard output is. */
int rf_line_buffer_stdout(void);
int rf_close_range(unsigned first, unsigned last);
int rf_pipe_cloexec(int fds[2]);
int rf_socketpair_cloexec(int fds[2]);
int rf_accept_cloexec(int fd);
int rf_gettid(void);
uint64_t rf_monotonic_ns(void);
uint64_t rf_wall_ns(void);
uint64_t rf_thread_cpu_ns(void);
uint64_t rf_process_cpu_ns(void);

// Open-file-description locks: released by the kernel with the last descriptor, never by another close in the process.
int rf_ofd_lock(int fd, int exclusive, int wait);
int rf_ofd_unlock(int fd);
// 1: somebody else holds an exclusive (or, when `exclusive` is asked for, any) lock; 0: free; -1: errno.
int rf_ofd_is_locked(int fd, int exclusive);

int rf_spawn_chdir(posix_spawn_file_actions_t *a, const char *path);
int rf_spawn_closefrom(posix_spawn_file_actions_t *a, int from);
int rf_wait_exited(int status);
int rf_wait_status(int status);
int rf_wait_signal(int status);
int rf_open(const char *path, int flags, int mode);
int rf_fcntl_int(int fd, int cmd, int arg);
static inline void rf_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline uint64_t rf_load_acquire_u64(const void *p) { return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE); }
static inline void rf_store_release_u64(void *p, uint64_t v) { __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE); }
static inline int rf_cas_u64(void *p, uint64_t expected, uint64_t desired) { return __atomic_compare_exchange_n((uint64_t *)p, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); }
static inline uint64_t rf_add_u64(void *p, uint64_t v) { return __atomic_fetch_add((uint64_t *)p, v, __ATOMIC_SEQ_CST); }
char **rf_environ(void);
int rf_signalfd(const sigset_t *mask);
short rf_spawn_flag_setsid(void);
int rf_siginfo_status(const siginfo_t *i);
// CRC-32C (Castagnoli): pass 0 or the value so far, get the value with these bytes added.
uint32_t rf_crc32c(uint32_t crc, const void *data, size_t count);
// The portable way, for processors without the instruction.
uint32_t rf_crc32c_table(uint32_t crc, const void *data, size_t count);
typedef struct { uint64_t user_ns, system_ns, max_resident_bytes; } rf_usage; // struct rusage clashes with Glibc's own in Swift
pid_t rf_wait_any(int *status, rf_usage *usage);
#endif
