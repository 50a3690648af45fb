/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* How Linux' structures look in a trace: the fields that strace shows when it abbreviates. */
#include "trace_format.h"

#include <posix/copy.h>
#include <posix/linux/file.h>
#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/linux/time.h>

#define STRUCTURE_MAX 512
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_word(struct trace_line *line, const void *structure)
{
    trace_add(line, "[%d]", *(const int32_t *)structure);
}

static void add_pipe(struct trace_line *line, const void *structure)
{
    const int32_t *ends = structure;

    trace_add(line, "[%d, %d]", ends[0], ends[1]);
}

static void add_status(struct trace_line *line, const void *structure)
{
    unsigned status = *(const uint32_t *)structure;

    if (status == 0xffff) {
        trace_add(line, "[{WIFCONTINUED(s)}]");
    } else if ((status & 0x7f) == 0) {
        trace_add(line, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", status >> 8 & 0xff);
    } else if ((status & 0xff) == 0x7f) {
        trace_add(line, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
        trace_add_signal(line, (int)(status >> 8 & 0xff));
        trace_add(line, "}]");
    } else {
        trace_add(line, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
        trace_add_signal(line, (int)(status & 0x7f));
        trace_add(line, "%s}]", (status & LINUX_STATUS_CORE) != 0 ? " && WCOREDUMP(s)" : "");
    }
}

static void add_timespec(struct trace_line *line, const void *structure)
{
    const struct linux_timespec *time = structure;

    if (time->nanoseconds == LINUX_UTIME_NOW)
        trace_add(line, "UTIME_NOW");
    else if (time->nanoseconds == LINUX_UTIME_OMIT)
        trace_add(line, "UTIME_OMIT");
    else
        trace_add(line, "{tv_sec=%ld, tv_nsec=%ld}", (long)time->seconds, (long)time->nanoseconds);
}

static void add_timespecs(struct trace_line *line, const void *structure)
{
    const struct linux_timespec *times = structure;

    trace_add(line, "[");
    add_timespec(line, &times[0]);
    trace_add(line, ", ");
    add_timespec(line, &times[1]);
    trace_add(line, "]");
}

static void add_timeval(struct trace_line *line, const void *structure)
{
    const struct linux_timeval *time = structure;

    trace_add(line, "{tv_sec=%ld, tv_usec=%ld}", (long)time->seconds, (long)time->microseconds);
}

static void add_timer(struct trace_line *line,
                      void (*add)(struct trace_line *line, const void *structure),
                      const void *interval, const void *value)
{
    trace_add(line, "{it_interval=");
    add(line, interval);
    trace_add(line, ", it_value=");
    add(line, value);
    trace_add(line, "}");
}

static void add_itimerval(struct trace_line *line, const void *structure)
{
    const struct linux_itimerval *timer = structure;

    add_timer(line, add_timeval, &timer->interval, &timer->value);
}

static void add_itimerspec(struct trace_line *line, const void *structure)
{
    const struct linux_itimerspec *timer = structure;

    add_timer(line, add_timespec, &timer->interval, &timer->value);
}

void trace_add_mode(struct trace_line *line, uint32_t mode)
{
    static const struct flag_name types[] = {
        {LINUX_S_IFSOCK, "S_IFSOCK"}, {LINUX_S_IFLNK, "S_IFLNK"}, {LINUX_S_IFREG, "S_IFREG"},
        {LINUX_S_IFBLK, "S_IFBLK"},   {LINUX_S_IFDIR, "S_IFDIR"}, {LINUX_S_IFCHR, "S_IFCHR"},
        {LINUX_S_IFIFO, "S_IFIFO"},
    };
    static const struct flag_name bits[] = {
        {04000, "S_ISUID|"}, {02000, "S_ISGID|"}, {01000, "S_ISVTX|"}};

    for (unsigned i = 0; i < COUNT(types); i++) {
        if ((mode & LINUX_S_IFMT) == types[i].value)
            trace_add(line, "%s|", types[i].name);
    }
    for (unsigned i = 0; i < COUNT(bits); i++) {
        if ((mode & bits[i].value) != 0)
            trace_add(line, "%s", bits[i].name);
    }
    trace_add(line, "%#03o", mode & 0777);
}

static void add_size(struct trace_line *line, uint32_t mode, uint64_t size, uint64_t rdev)
{
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFCHR || (mode & LINUX_S_IFMT) == LINUX_S_IFBLK)
        trace_add(line, "_rdev=makedev(%#lx, %#lx), ...}", (unsigned long)(rdev >> 8 & 0xfff),
                  (unsigned long)((rdev & 0xff) | (rdev >> 12 & 0xfff00)));
    else
        trace_add(line, "_size=%lu, ...}", (unsigned long)size);
}

static void add_stat(struct trace_line *line, const void *structure)
{
    const struct linux_stat *status = structure;

    trace_add(line, "{st_mode=");
    trace_add_mode(line, status->mode);
    trace_add(line, ", st");
    add_size(line, status->mode, (uint64_t)status->size, status->rdev);
}

static void add_statx(struct trace_line *line, const void *structure)
{
    const struct linux_statx *status = structure;
    uint64_t minor = status->rdev_minor;

    trace_add(line, "{stx_mask=%#x, stx_mode=", status->mask);
    trace_add_mode(line, status->mode);
    trace_add(line, ", stx");
    add_size(line, status->mode, status->size,
             (uint64_t)status->rdev_major << 8 | (minor & 0xff) | (minor & 0xfff00) << 12);
}

static void add_statfs(struct trace_line *line, const void *structure)
{
    const struct linux_statfs *status = structure;

    trace_add(line, "{f_type=%#lx, f_bsize=%lu, f_blocks=%lu, f_bfree=%lu, ...}",
              (unsigned long)status->type, (unsigned long)status->block_size,
              (unsigned long)status->blocks, (unsigned long)status->blocks_free);
}

/* The shorter of what is in it and what is not. */
static void add_set(struct trace_line *line, uint64_t set)
{
    const char *separator = "";
    bool inverted = __builtin_popcountll(set) > 32;

    trace_add(line, inverted ? "~[" : "[");
    for (int number = 1; number <= 64; number++) {
        if ((set >> (number - 1) & 1) == inverted)
            continue;
        const char *name = trace_signal_name(number);
        trace_add(line, "%s", separator);
        if (name != NULL)
            trace_add(line, "%s", name);
        else if (number == LINUX_SIGRTMIN)
            trace_add(line, "RTMIN");
        else
            trace_add(line, "RT_%d", number - LINUX_SIGRTMIN);
        separator = " ";
    }
    trace_add(line, "]");
}

static void add_sigset(struct trace_line *line, const void *structure)
{
    add_set(line, *(const uint64_t *)structure);
}

static void add_sigaction(struct trace_line *line, const void *structure)
{
    static const struct flag_name flags[] = {
        {LINUX_SA_RESTORER, "SA_RESTORER"},
        {LINUX_SA_ONSTACK, "SA_ONSTACK"},
        {LINUX_SA_RESTART, "SA_RESTART"},
        {LINUX_SA_NODEFER, "SA_NODEFER"},
        {LINUX_SA_RESETHAND, "SA_RESETHAND"},
        {LINUX_SA_SIGINFO, "SA_SIGINFO"},
        {LINUX_SA_NOCLDSTOP, "SA_NOCLDSTOP"},
        {LINUX_SA_NOCLDWAIT, "SA_NOCLDWAIT"},
        {0, NULL},
    };
    const struct linux_sigaction *action = structure;

    if (action->handler == LINUX_SIG_DFL)
        trace_add(line, "{sa_handler=SIG_DFL");
    else if (action->handler == LINUX_SIG_IGN)
        trace_add(line, "{sa_handler=SIG_IGN");
    else
        trace_add(line, "{sa_handler=%#lx", (unsigned long)action->handler);
    trace_add(line, ", sa_mask=");
    add_set(line, action->mask);
    trace_add(line, ", sa_flags=");
    trace_add_flags(line, flags, 0, (uint32_t)action->flags);
    if (linux_sigaction_restorer(action) != 0)
        trace_add(line, ", sa_restorer=%#lx", (unsigned long)linux_sigaction_restorer(action));
    trace_add(line, "}");
}

static void add_stack(struct trace_line *line, const void *structure)
{
    static const struct flag_name flags[] = {{LINUX_SS_ONSTACK, "SS_ONSTACK"},
                                             {LINUX_SS_DISABLE, "SS_DISABLE"},
                                             {LINUX_SS_AUTODISARM, "SS_AUTODISARM"},
                                             {0, NULL}};
    const struct linux_stack *stack = structure;

    trace_add(line, "{ss_sp=");
    trace_add_pointer(line, stack->sp);
    trace_add(line, ", ss_flags=");
    trace_add_flags(line, flags, 0, (uint32_t)stack->flags);
    trace_add(line, ", ss_size=%lu}", (unsigned long)stack->size);
}

static void add_code(struct trace_line *line, int signal, int code)
{
    static const struct {
        int signal, code;
        const char *name;
    } codes[] = {
        {0, LINUX_SI_USER, "SI_USER"},
        {0, LINUX_SI_KERNEL, "SI_KERNEL"},
        {0, LINUX_SI_QUEUE, "SI_QUEUE"},
        {0, LINUX_SI_TIMER, "SI_TIMER"},
        {0, LINUX_SI_TKILL, "SI_TKILL"},
        {LINUX_SIGCHLD, LINUX_CLD_EXITED, "CLD_EXITED"},
        {LINUX_SIGCHLD, LINUX_CLD_KILLED, "CLD_KILLED"},
        {LINUX_SIGCHLD, LINUX_CLD_DUMPED, "CLD_DUMPED"},
        {LINUX_SIGCHLD, LINUX_CLD_STOPPED, "CLD_STOPPED"},
        {LINUX_SIGCHLD, LINUX_CLD_CONTINUED, "CLD_CONTINUED"},
        {LINUX_SIGSEGV, LINUX_SEGV_MAPERR, "SEGV_MAPERR"},
        {LINUX_SIGSEGV, LINUX_SEGV_ACCERR, "SEGV_ACCERR"},
        {LINUX_SIGBUS, LINUX_BUS_ADRALN, "BUS_ADRALN"},
        {LINUX_SIGBUS, LINUX_BUS_ADRERR, "BUS_ADRERR"},
        {LINUX_SIGILL, LINUX_ILL_ILLOPN, "ILL_ILLOPN"},
        {LINUX_SIGFPE, LINUX_FPE_INTDIV, "FPE_INTDIV"},
        {LINUX_SIGFPE, LINUX_FPE_FLTINV, "FPE_FLTINV"},
        {LINUX_SIGTRAP, LINUX_TRAP_BRKPT, "TRAP_BRKPT"},
        {LINUX_SIGTRAP, LINUX_TRAP_TRACE, "TRAP_TRACE"},
    };

    for (unsigned i = 0; i < COUNT(codes); i++) {
        if (codes[i].code == code && (codes[i].signal == 0 || codes[i].signal == signal)) {
            trace_add(line, "%s", codes[i].name);
            return;
        }
    }
    trace_add(line, "%d", code);
}

void trace_add_siginfo(struct trace_line *line, const struct linux_siginfo *information)
{
    int number = information->number;
    bool faulted = number == LINUX_SIGSEGV || number == LINUX_SIGBUS || number == LINUX_SIGILL ||
                   number == LINUX_SIGFPE || number == LINUX_SIGTRAP;

    trace_add(line, "{si_signo=");
    trace_add_signal(line, number);
    trace_add(line, ", si_code=");
    add_code(line, number, information->code);
    if (faulted && information->code > 0) {
        trace_add(line, ", si_addr=");
        trace_add_pointer(line, information->fault.address);
    } else if (information->code == LINUX_SI_TIMER) {
        trace_add(line, ", si_timerid=%#x, si_overrun=%d", (unsigned)information->timer.id,
                  information->timer.overrun);
    } else if (information->code != LINUX_SI_KERNEL) {
        trace_add(line, ", si_pid=%u, si_uid=%u", information->child.pid, information->child.uid);
    }
    if (number == LINUX_SIGCHLD && information->code == LINUX_CLD_EXITED) {
        trace_add(line, ", si_status=%d", information->child.status);
    } else if (number == LINUX_SIGCHLD && information->code > 0) {
        trace_add(line, ", si_status=");
        trace_add_signal(line, information->child.status);
    }
    trace_add(line, "}");
}

static void add_siginfo(struct trace_line *line, const void *structure)
{
    trace_add_siginfo(line, structure);
}

static void add_limit_value(struct trace_line *line, uint64_t value)
{
    if (value == LINUX_RLIM_INFINITY)
        trace_add(line, "RLIM64_INFINITY");
    else if (value > 1024 && value % 1024 == 0)
        trace_add(line, "%lu*1024", (unsigned long)(value / 1024));
    else
        trace_add(line, "%lu", (unsigned long)value);
}

static void add_limit(struct trace_line *line, const void *structure)
{
    const uint64_t *limit = structure;

    trace_add(line, "{rlim_cur=");
    add_limit_value(line, limit[0]);
    trace_add(line, ", rlim_max=");
    add_limit_value(line, limit[1]);
    trace_add(line, "}");
}

static void add_utsname(struct trace_line *line, const void *structure)
{
    const struct linux_utsname *name = structure;

    trace_add(line, "{sysname=\"%.64s\", nodename=\"%.64s\", ...}", name->system, name->node);
}

static void add_lock(struct trace_line *line, const void *structure)
{
    static const char *const types[] = {"F_RDLCK", "F_WRLCK", "F_UNLCK"};
    static const char *const origins[] = {"SEEK_SET", "SEEK_CUR", "SEEK_END"};
    const struct linux_flock *lock = structure;
    unsigned type = (uint16_t)lock->type, whence = (uint16_t)lock->whence;

    trace_add(line, "{l_type=%s, l_whence=%s, l_start=%ld, l_len=%ld}",
              type < COUNT(types) ? types[type] : "?",
              whence < COUNT(origins) ? origins[whence] : "?", (long)lock->start,
              (long)lock->length);
}

void trace_add_poll_bits(struct trace_line *line, const char *prefix, uint32_t events)
{
    static const struct flag_name bits[] = {
        {LINUX_POLLIN, "IN"},         {LINUX_POLLPRI, "PRI"},       {LINUX_POLLOUT, "OUT"},
        {LINUX_POLLERR, "ERR"},       {LINUX_POLLHUP, "HUP"},       {LINUX_POLLNVAL, "NVAL"},
        {LINUX_POLLRDNORM, "RDNORM"}, {LINUX_POLLRDBAND, "RDBAND"}, {LINUX_POLLWRNORM, "WRNORM"},
        {LINUX_POLLRDHUP, "RDHUP"},   {1u << 30, "ONESHOT"},        {1u << 31, "ET"},
    };
    const char *separator = "";

    if (events == 0)
        trace_add(line, "0");
    for (unsigned i = 0; i < COUNT(bits); i++) {
        if ((events & bits[i].value) != 0) {
            trace_add(line, "%s%s%s", separator, prefix, bits[i].name);
            separator = "|";
        }
    }
}

static void add_event(struct trace_line *line, const void *structure)
{
    const struct linux_epoll_event *event = structure;

    trace_add(line, "{events=");
    trace_add_poll_bits(line, "EPOLL", event->events);
    trace_add(line, ", data=%#lx}", (unsigned long)event->data);
}

void trace_add_structure(struct trace_line *line, enum argument_kind kind, uint64_t address)
{
    static const struct {
        size_t size;
        void (*add)(struct trace_line *line, const void *structure);
    } structures[ARGUMENT_KINDS] = {
        [ARGUMENT_WORD] = {sizeof(int32_t), add_word},
        [ARGUMENT_PIPE] = {2 * sizeof(int32_t), add_pipe},
        [ARGUMENT_STATUS] = {sizeof(int32_t), add_status},
        [ARGUMENT_TIMESPEC] = {sizeof(struct linux_timespec), add_timespec},
        [ARGUMENT_TIMESPECS] = {2 * sizeof(struct linux_timespec), add_timespecs},
        [ARGUMENT_TIMEVAL] = {sizeof(struct linux_timeval), add_timeval},
        [ARGUMENT_ITIMERVAL] = {sizeof(struct linux_itimerval), add_itimerval},
        [ARGUMENT_ITIMERSPEC] = {sizeof(struct linux_itimerspec), add_itimerspec},
        [ARGUMENT_STAT] = {sizeof(struct linux_stat), add_stat},
        [ARGUMENT_STATX] = {sizeof(struct linux_statx), add_statx},
        [ARGUMENT_STATFS] = {sizeof(struct linux_statfs), add_statfs},
        [ARGUMENT_SIGSET] = {LINUX_SIGNAL_SET_SIZE, add_sigset},
        [ARGUMENT_SIGACTION] = {sizeof(struct linux_sigaction), add_sigaction},
        [ARGUMENT_STACK] = {sizeof(struct linux_stack), add_stack},
        [ARGUMENT_SIGINFO] = {sizeof(struct linux_siginfo), add_siginfo},
        [ARGUMENT_LIMIT] = {2 * sizeof(uint64_t), add_limit},
        [ARGUMENT_UTSNAME] = {sizeof(struct linux_utsname), add_utsname},
        [ARGUMENT_LOCK] = {sizeof(struct linux_flock), add_lock},
        [ARGUMENT_EVENT] = {sizeof(struct linux_epoll_event), add_event},
    };
    uint64_t structure[STRUCTURE_MAX / sizeof(uint64_t)];

    if (address == 0 || structures[kind].add == NULL ||
        copy_from_program(structure, address, structures[kind].size) != 0)
        trace_add_pointer(line, address);
    else
        structures[kind].add(line, structure);
}
