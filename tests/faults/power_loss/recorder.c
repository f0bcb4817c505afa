/* LD_PRELOAD recorder: logs every change below $PL_ROOT, in order, to $PL_LOG.
 *
 * $PL_KILL=n ends the process with SIGKILL just before its n-th change or sync, with $PL_SYNCS
 * before its n-th sync (each process counts its own). An fsync is logged, but not really done: it changes nothing that can be seen, and takes
 * long. Calls that would move bytes past us (reflinks, copy_file_range, sendfile) are refused, so
 * that programs fall back to plain writes.
 *
 * A record: u32 length of the rest, u8 type, u32 pid, u64 inode, u64 offset, u32 length and path,
 * u32 length and data. Types:
 *   C  a file was created            D  a folder was made
 *   W  data was written at offset    T  truncated or extended to offset
 *   Z  extended with zeros to offset (fallocate)
 *   S  fsync of a file or folder     A  sync of everything
 *   R  renamed, data is the new path, offset the flags of renameat2
 *   L  linked, data is the new path  U  unlinked (file or empty folder)
 *   O  written to stdout
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FICLONE_REQUEST 0x40049409ul
#define FICLONERANGE_REQUEST 0x4020940dul
#define LOG_FD 900

static const char *root;
static size_t root_length;
static int log_fd = -1;
static long kill_at, count;
static int only_syncs;
static pthread_mutex_t *mutex; /* shared by all recorded processes: the log's order is the order */
static __thread int inside;

__attribute__((constructor)) static void begin(void) {
  const char *log = getenv("PL_LOG"), *kill_before = getenv("PL_KILL");
  root = getenv("PL_ROOT");
  if (!root || !log) { root = 0; return; }
  root_length = strlen(root);
  if (kill_before) kill_at = atol(kill_before);
  only_syncs = getenv("PL_SYNCS") != 0;
  int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0) return;
  log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
  syscall(SYS_close, fd);
  char lock[PATH_MAX];
  snprintf(lock, sizeof lock, "%s.lock", log);
  int lock_fd = syscall(SYS_openat, AT_FDCWD, lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  flock(lock_fd, LOCK_EX);
  struct stat st;
  fstat(lock_fd, &st);
  int fresh = st.st_size == 0;
  if (fresh && syscall(SYS_ftruncate, lock_fd, 4096)) _exit(120);
  mutex = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, lock_fd, 0);
  if (fresh) {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &how);
  }
  flock(lock_fd, LOCK_UN);
  syscall(SYS_close, lock_fd);
}

static void enter(void) {
  if (mutex && pthread_mutex_lock(mutex) == EOWNERDEAD) pthread_mutex_consistent(mutex);
  inside = 1;
}

static void leave(void) {
  int kept = errno;
  inside = 0;
  if (mutex) pthread_mutex_unlock(mutex);
  errno = kept;
}

/* Entered: one more change is about to happen, unless the process ends before it. */
static void step(int is_sync) {
  if (kill_at && (is_sync || !only_syncs) && ++count == kill_at) {
    leave();
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
}

static const char *absolute(int folder, const char *path, char *buffer) {
  char start[PATH_MAX];
  if (path[0] == '/') return snprintf(buffer, PATH_MAX, "%s", path) < PATH_MAX ? buffer : 0;
  if (folder == AT_FDCWD) {
    if (syscall(SYS_getcwd, start, sizeof start) < 0) return 0;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t n = readlink(link, start, sizeof start - 1);
    if (n < 0) return 0;
    start[n] = 0;
  }
  return snprintf(buffer, PATH_MAX, "%s/%s", start, path) < PATH_MAX ? buffer : 0;
}

static int below(const char *path) {
  return root && path && !strncmp(path, root, root_length) &&
         (path[root_length] == '/' || !path[root_length]);
}

static const char *path_of(int fd, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, buffer, PATH_MAX - 1);
  if (n < 0) return 0;
  buffer[n] = 0;
  return buffer;
}

static uint64_t inode(const char *path) {
  struct stat st;
  return syscall(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

static uint64_t inode_of(int fd, int *regular) {
  struct stat st;
  if (syscall(SYS_fstat, fd, &st)) return 0;
  if (regular) *regular = S_ISREG(st.st_mode);
  return st.st_ino;
}

static void put(char type, uint64_t ino, uint64_t offset, const char *path, const void *data,
                size_t size) {
  if (log_fd < 0) return;
  uint32_t path_size = strlen(path), pid = getpid(), data_size = size;
  uint32_t length = 1 + 4 + 8 + 8 + 4 + path_size + 4 + data_size;
  char *record = malloc(length + 4), *at = record;
#define ADD(from, n) (memcpy(at, from, n), at += n)
  ADD(&length, 4); ADD(&type, 1); ADD(&pid, 4); ADD(&ino, 8); ADD(&offset, 8);
  ADD(&path_size, 4); ADD(path, path_size); ADD(&data_size, 4);
  if (data_size) ADD(data, data_size);
#undef ADD
  for (size_t done = 0; done < length + 4;) {
    ssize_t n = syscall(SYS_write, log_fd, record + done, length + 4 - done);
    if (n <= 0) _exit(121); /* a log with holes would be worse than none */
    done += n;
  }
  free(record);
}

/* ---------------------------------------------------------------- names */

static int do_open(int folder, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *full;
  if (inside || !root || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
      !(full = absolute(folder, path, buffer)) || !below(full))
    return syscall(SYS_openat, folder, path, flags, mode);
  enter();
  int was_there = inode(full) != 0;
  int truncates = was_there && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY;
  if (!was_there || truncates) step(0);
  int fd = syscall(SYS_openat, folder, path, flags, mode);
  if (fd >= 0 && !was_there) put('C', inode_of(fd, 0), 0, full, 0, 0);
  else if (fd >= 0 && truncates) put('T', inode_of(fd, 0), 0, full, 0, 0);
  leave();
  return fd;
}

#define MODE                              \
  mode_t mode = 0;                        \
  if (flags & (O_CREAT | O_TMPFILE)) {    \
    va_list rest;                         \
    va_start(rest, flags);                \
    mode = va_arg(rest, int);             \
    va_end(rest);                         \
  }
int open(const char *path, int flags, ...) { MODE return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) {
  MODE return do_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int d, const char *path, int flags, ...) { MODE return do_open(d, path, flags, mode); }
int openat64(int d, const char *path, int flags, ...) { MODE return do_open(d, path, flags, mode); }
int __open_2(const char *path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
int __openat_2(int d, const char *path, int flags) { return do_open(d, path, flags, 0); }
int __openat64_2(int d, const char *path, int flags) { return do_open(d, path, flags, 0); }
int creat(const char *path, mode_t mode) {
  return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  const char *full;
  if (inside || !root || !(full = absolute(folder, path, buffer)) || !below(full))
    return syscall(SYS_mkdirat, folder, path, mode);
  enter();
  if (!inode(full)) step(0);
  int result = syscall(SYS_mkdirat, folder, path, mode);
  if (!result) put('D', inode(full), 0, full, 0, 0);
  leave();
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int folder, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *full;
  if (inside || !root || !(full = absolute(folder, path, buffer)) || !below(full))
    return syscall(SYS_unlinkat, folder, path, flags);
  enter();
  if (inode(full)) step(0);
  int result = syscall(SYS_unlinkat, folder, path, flags);
  if (!result) put('U', 0, 0, full, 0, 0);
  leave();
  return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int renameat2(int d, const char *from, int e, const char *to, unsigned flags) {
  char first[PATH_MAX], second[PATH_MAX];
  const char *a, *b;
  if (inside || !root || !(a = absolute(d, from, first)) || !(b = absolute(e, to, second)) ||
      (!below(a) && !below(b)))
    return syscall(SYS_renameat2, d, from, e, to, flags);
  enter();
  step(0);
  int result = syscall(SYS_renameat2, d, from, e, to, flags);
  if (!result) put('R', inode(b), flags, a, b, strlen(b));
  leave();
  return result;
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int d, const char *from, int e, const char *to) { return renameat2(d, from, e, to, 0); }

int linkat(int d, const char *from, int e, const char *to, int flags) {
  char first[PATH_MAX], second[PATH_MAX];
  const char *a, *b;
  if (inside || !root || !(a = absolute(d, from, first)) || !(b = absolute(e, to, second)) ||
      !below(b))
    return syscall(SYS_linkat, d, from, e, to, flags);
  enter();
  step(0);
  int result = syscall(SYS_linkat, d, from, e, to, flags);
  if (!result) put('L', inode(b), 0, a, b, strlen(b));
  leave();
  return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

/* ---------------------------------------------------------------- data */

static int recorded(int fd, char *buffer, const char **path, uint64_t *ino) {
  if (inside || !root) return 0;
  int regular = 0;
  *ino = inode_of(fd, &regular);
  if (!regular) return 0;
  *path = path_of(fd, buffer);
  return below(*path);
}

static ssize_t really_write(int fd, const struct iovec *parts, int n, off_t at) {
  return at < 0 ? syscall(SYS_writev, fd, parts, n) : syscall(SYS_pwritev, fd, parts, n, at, 0);
}

static void put_parts(char type, uint64_t ino, uint64_t offset, const char *path,
                      const struct iovec *parts, int n, size_t written) {
  size_t total = 0;
  for (int i = 0; i < n; i++) total += parts[i].iov_len;
  char *all = malloc(total + 1), *end = all;
  for (int i = 0; i < n; i++) {
    memcpy(end, parts[i].iov_base, parts[i].iov_len);
    end += parts[i].iov_len;
  }
  put(type, ino, offset, path, all, written);
  free(all);
}

static ssize_t do_write(int fd, const struct iovec *parts, int n, off_t at) {
  char buffer[PATH_MAX];
  const char *path = "";
  uint64_t ino = 0;
  int is_stdout = fd == 1 && root && !inside;
  if (!is_stdout && !recorded(fd, buffer, &path, &ino)) return really_write(fd, parts, n, at);
  enter();
  if (!is_stdout) step(0);
  ssize_t result = really_write(fd, parts, n, at);
  if (result > 0 && is_stdout) put_parts('O', 0, 0, "", parts, n, result);
  else if (result > 0) {
    off_t offset = at < 0 ? syscall(SYS_lseek, fd, 0, SEEK_CUR) - result : at;
    put_parts('W', ino, offset, path, parts, n, result);
  }
  leave();
  return result;
}
#define ONE struct iovec part = {(void *)data, size}
ssize_t write(int fd, const void *data, size_t size) { ONE; return do_write(fd, &part, 1, -1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  ONE; return do_write(fd, &part, 1, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  ONE; return do_write(fd, &part, 1, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) { return do_write(fd, parts, n, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) {
  return do_write(fd, parts, n, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t at) {
  return do_write(fd, parts, n, at);
}

ssize_t sendfile(int out, int in, off_t *at, size_t size) {
  char buffer[PATH_MAX];
  const char *path;
  uint64_t ino;
  if (recorded(out, buffer, &path, &ino)) { errno = EINVAL; return -1; }
  return syscall(SYS_sendfile, out, in, at, size);
}
ssize_t sendfile64(int out, int in, off_t *at, size_t size) { return sendfile(out, in, at, size); }

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t size,
                        unsigned flags) {
  char buffer[PATH_MAX];
  const char *path;
  uint64_t ino;
  if (recorded(out, buffer, &path, &ino)) { errno = EXDEV; return -1; }
  return syscall(SYS_copy_file_range, in, in_at, out, out_at, size, flags);
}

int ioctl(int fd, unsigned long request, ...) {
  char buffer[PATH_MAX];
  const char *path;
  uint64_t ino;
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if ((request == FICLONE_REQUEST || request == FICLONERANGE_REQUEST) &&
      recorded(fd, buffer, &path, &ino)) { errno = EOPNOTSUPP; return -1; }
  return syscall(SYS_ioctl, fd, request, argument);
}

int ftruncate(int fd, off_t size) {
  char buffer[PATH_MAX];
  const char *path;
  uint64_t ino;
  if (!recorded(fd, buffer, &path, &ino)) return syscall(SYS_ftruncate, fd, size);
  enter();
  step(0);
  int result = syscall(SYS_ftruncate, fd, size);
  if (!result) put('T', ino, size, path, 0, 0);
  leave();
  return result;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int truncate(const char *path, off_t size) {
  char buffer[PATH_MAX];
  const char *full;
  if (inside || !root || !(full = absolute(AT_FDCWD, path, buffer)) || !below(full))
    return syscall(SYS_truncate, path, size);
  enter();
  step(0);
  int result = syscall(SYS_truncate, path, size);
  if (!result) put('T', inode(full), size, full, 0, 0);
  leave();
  return result;
}
int truncate64(const char *path, off_t size) { return truncate(path, size); }

int posix_fallocate(int fd, off_t offset, off_t size) {
  char buffer[PATH_MAX];
  const char *path;
  uint64_t ino;
  if (!recorded(fd, buffer, &path, &ino))
    return syscall(SYS_fallocate, fd, 0, offset, size) ? errno : 0;
  enter();
  step(0);
  int result = syscall(SYS_fallocate, fd, 0, offset, size) ? errno : 0;
  if (!result) put('Z', ino, offset + size, path, 0, 0);
  leave();
  return result;
}
int posix_fallocate64(int fd, off_t offset, off_t size) { return posix_fallocate(fd, offset, size); }

/* ---------------------------------------------------------------- syncs */

static int do_sync(int fd, long call) {
  char buffer[PATH_MAX];
  const char *path;
  if (inside || !root || !below(path = path_of(fd, buffer))) return syscall(call, fd);
  enter();
  step(1);
  put('S', inode_of(fd, 0), 0, path, 0, 0);
  leave();
  return 0;
}
int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }

static int sync_all(void) {
  enter();
  step(1);
  put('A', 0, 0, "", 0, 0);
  leave();
  return 0;
}
int syncfs(int fd) { return root && !inside ? sync_all() : syscall(SYS_syncfs, fd); }
void sync(void) {
  if (root && !inside) sync_all();
  else syscall(SYS_sync);
}
