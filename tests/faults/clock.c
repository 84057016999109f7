/* A wall clock that can be set wrong: loaded ahead of libc, by LD_PRELOAD.
 *
 * It is the machine's, and so many seconds more as the file STEPPED_CLOCK holds at that
 * moment. Who waits until a moment of it waits until that moment of the machine's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Seconds: what is more is since 1970, what is less since the machine's start. */
#define SINCE_1970 1000000000

/* Where libc has what is wrapped here. */
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static const volatile int64_t *ahead;

__attribute__((constructor)) static void find_file(void)
{
    const char *path = getenv("STEPPED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        ahead = mapped;
    close(file);
}

static time_t ahead_s(void)
{
    return ahead ? (time_t)*ahead : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime);
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead_s();
    return failed;
}

int timespec_get(struct timespec *now, int base)
{
    REAL(timespec_get);
    int set = real(now, base);
    if (set == TIME_UTC)
        now->tv_sec += ahead_s();
    return set;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec at;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (where)
        *where = at.tv_sec;
    return at.tv_sec;
}

static struct timespec of_machine(const struct timespec *until)
{
    struct timespec at = *until;
    if (at.tv_sec > SINCE_1970)
        at.tv_sec -= ahead_s();
    return at;
}

int pthread_cond_timedwait(pthread_cond_t *restrict changed,
                           pthread_mutex_t *restrict lock,
                           const struct timespec *restrict until)
{
    REAL(pthread_cond_timedwait);
    struct timespec at = of_machine(until);
    return real(changed, lock, &at);
}

int cnd_timedwait(cnd_t *restrict changed, mtx_t *restrict lock,
                  const struct timespec *restrict until)
{
    REAL(cnd_timedwait);
    struct timespec at = of_machine(until);
    return real(changed, lock, &at);
}

int sem_timedwait(sem_t *restrict free, const struct timespec *restrict until)
{
    REAL(sem_timedwait);
    struct timespec at = of_machine(until);
    return real(free, &at);
}
