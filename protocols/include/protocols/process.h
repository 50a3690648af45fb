/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The process server: pids, families, signals, credentials, limits, exec.
 *
 * The caller is known by its identity word, never by what it says of itself:
 * low 32 bits pid (thread group), high 32 bits tid. Every POSIX process holds
 * one session with this server and two pages shared with it. Nothing here
 * blocks: what must wait is answered EAGAIN, and the process' child event or
 * its signal page says when to ask again. Replies carry a Linux errno in the
 * label.
 */
#pragma once

#include <stdint.h>

#include <trellis/message.h>
#include <trellis/processor.h>

static inline uint64_t process_identity(uint32_t pid, uint32_t tid)
{
    return (uint64_t)tid << 32 | pid;
}

#define PROCESS_OPERATIONS(X)                                                                           \
    /* [0] flags (enum process_clone_flag), [1] exit signal. The library's gate is closed. Reply to  \
     * the parent: [0] pid. Reply to the child: [0] 0, [1] its pid, [2] its handle to itself,        \
     * [3] to its child event, [4] to its account (MESSAGE_LONG; the parent's three are not cloned). \
     * The child's own info and signal pages stand where the parent's stood; its one thread keeps   \
     * the slot of the thread that called. */  \
    X(FORK, 1)                                                                                          \
    /* A thread in the caller's kernel process. text: struct process_thread. Reply: [0] tid, or the \
     * pid of the child with PROCESS_THREAD_NEW_PID; text: struct process_thread_result. With an     \
     * error: [1] a handle to close, or HANDLE_NONE. */   \
    X(THREAD, 2)                                                                                        \
    /* The calling thread is about to end (by thread_end). [0] wait status, used (as EXIT, and not   \
     * answered) if it is the last one of its pid. */  \
    X(THREAD_EXIT, 3)                                                                                   \
    /* [0] wait status as wait4 gives it. Not answered: the process ends, or of a vfork child its   \
     * threads. */   \
    X(EXIT, 4)                                                                                          \
    /* handles: the start block (memory, MOVEd); text: the new name, NUL, the executable's path.    \
     * Not answered when it works. [0] 1: the file is set-id, a second handle is its session: the    \
     * server checks it with its file server and replaces executable, executable_memory, root and    \
     * cwd in the block by its own, and interpreter by HANDLE_NONE: the new library then opens       \
     * PT_INTERP itself. */   \
    X(EXEC, 5)                                                                                          \
    /* [0] id type (P_ALL 0, P_PID 1, P_PGID 2), [1] id, [2] options (WNOHANG is the library's      \
     * business: EAGAIN says that nobody has changed), [3] 1: as waitid, which reports ends only     \
     * with WEXITED. Reply: [0] pid, [1] wait status, [2] uid,                                      \
     * text: struct process_usage of the child. ECHILD. */   \
    X(WAIT, 6)                                                                                          \
    /* [0] pid as kill takes it, [1] signal, [2] tid or 0, [3] bit 0: text is a struct              \
     * process_signal to queue (sigqueue). */   \
    X(KILL, 7)                                                                                          \
    /* [0] mask of the signals to leave alone, [1] 1: for sigtimedwait and signalfd, which take a    \
     * signal whatever its disposition. Without it only signals with a handler are given out: the    \
     * server carries out default actions itself. Reply: text struct process_signal; EAGAIN. */  \
    X(TAKE_SIGNAL, 8)                                                                                   \
    /* [0] pid or 0, [1] group or 0. */                                                                 \
    X(SET_GROUP, 9)                                                                                     \
    X(SET_SESSION, 10)                                                                                  \
    /* [0] pid or 0. Reply: [0] group, [1] session, [2] uid. */                                         \
    X(GET_GROUP, 11)                                                                                    \
    /* [0] enum process_identity_call, [1..3] the arguments (-1: unchanged); text: groups for        \
     * setgroups. Reply: the info page has changed; handles: new root, new working directory. The   \
     * request's handles: the old ones. */  \
    X(SET_CREDENTIALS, 12)                                                                              \
    /* [0] pid or 0, [1] resource, [2] 1 to set: text two u64 (soft, hard). Reply: text the old. */     \
    X(LIMIT, 13)                                                                                        \
    /* [0] which (PRIO_*), [1] who, [2] 1 to set, [3] nice. Reply: [0] nice (the lowest). */            \
    X(PRIORITY, 14)                                                                                     \
    /* [0] 0 self, 1 children, 2 thread; reply: text struct process_usage. */                           \
    X(USAGE, 15)                                                                                        \
    /* setitimer and alarm. [0] first expiry in ns from now (0: disarm), [1] interval, [2] bit 0:   \
     * only ask, [3] ITIMER_*. Reply: [0] what was left, [1] the old interval. */   \
    X(TIMER, 16)                                                                                        \
    /* [0] rdev of a terminal, [1] enum process_terminal, [2] group. Session and job control rules   \
     * are checked here. Reply: [0] session, [1] group, [2] 1: the caller's group is orphaned. */  \
    X(TERMINAL, 17)                                                                                     \
    /* Reply: text: for each mount u32 number, u32 parent mount, strings source, directory, type,    \
     * options; handle with [0] mount number: a session of its root for the caller. */  \
    X(MOUNT, 18)                                                                                        \
    /* [0] enum process_power (reboot). */                                                              \
    X(POWER, 19)                                                                                        \
    /* [0] 1 host name, 2 domain name; text: the new one; no text: reply has it. */                     \
    X(NAME, 20)                                                                                         \
    /* text: the calling thread's new name (prctl PR_SET_NAME). */                                      \
    X(THREAD_NAME, 21)                                                                                  \
    /* [0] pid. Reply: handle: an event with PROCESS_PID_ENDED when it has (pidfd). ESRCH. */           \
    X(OPEN_PID, 22)                                                                                     \
    /* Reply: text struct process_totals (sysinfo, load). */                                            \
    X(TOTALS, 23)                                                                                       \
    /* [0] prctl's PR_SET_DUMPABLE value: whether others of its user may look at it in /proc. */        \
    X(SET_DUMPABLE, 24)                                                                                 \
    /* PR_SET_CHILD_SUBREAPER and PR_SET_PDEATHSIG: [0] 1 or 2, [1] the value. */                       \
    X(SET_FAMILY, 25)                                                                                   \
    /* POSIX timers. [0] enum process_timer_operation, [1] the timer's number, SET: [2] first expiry \
     * in ns from now (0: disarm), [3] interval. CREATE: text struct process_timer; reply: [0] its   \
     * number. The others' reply, as it was: [0] what is left, [1] interval, [2] overrun, [3] clock. */  \
    X(CLOCK_TIMER, 26)                                                                                  \
    /* sched_setaffinity and sched_getaffinity. [0] tid or 0, [1] 1 to set, [2] the processors, a     \
     * bit for each. Asked: [0] those the thread may run on. */ \
    X(AFFINITY, 27)                                                                                     \
    /* [0] what real time is now, in ns since 1970. EPERM but for root; EINVAL: before boot. */         \
    X(SET_TIME, 28)                                                                                     \
    /* The kernel's log; EPERM but for root. [0] enum process_log_operation, [1] READ: the byte, of  \
     * all that were ever written, to begin with. Reply: [0] the first byte of the text, which is    \
     * later where that one is lost, [1] behind the last that was written, [2] behind those that     \
     * were cleared; text: as much as fits. */  \
    X(LOG, 29)                                                                                          \
    /* [0] TTY_NODE_CONSOLE, or _PTMX for a new pseudo-terminal. The reply is that of the tty        \
     * server's OPEN. */  \
    X(OPEN_TERMINAL, 30)

enum process_operation {
#define X(name, number) PROCESS_##name = (number),
    PROCESS_OPERATIONS(X)
#undef X
};

/* What uname and /proc/version say we are. */
#define PROCESS_SYSTEM "Linux"
#define PROCESS_RELEASE "6.1.0-trellis"
#define PROCESS_VERSION "#1 Trellis"

enum process_log_operation {
    PROCESS_LOG_READ = 0,
    PROCESS_LOG_CLEAR = 1, /* they stay; [2] of the reply tells from where on they are new */
};

enum process_clone_flag {
    PROCESS_CLONE_PARENT = 1u << 0, /* the child's parent is the caller's parent */
};

enum process_identity_call {
    PROCESS_SET_UID,
    PROCESS_SET_GID,
    PROCESS_SET_REUID,
    PROCESS_SET_REGID,
    PROCESS_SET_RESUID,
    PROCESS_SET_RESGID,
    PROCESS_SET_GROUPS,
    PROCESS_SET_FSUID,
    PROCESS_SET_FSGID,
};

enum process_terminal {
    PROCESS_TERMINAL_ASK,
    PROCESS_TERMINAL_ACQUIRE,
    PROCESS_TERMINAL_FOREGROUND,
    PROCESS_TERMINAL_LEAVE,
    /* [2] a signal: to the caller's group, if it is not the foreground; EIO: it is an orphan */
    PROCESS_TERMINAL_BACKGROUND
};
enum process_power { PROCESS_POWER_OFF, PROCESS_POWER_RESTART };

/* Where and as what a new thread begins. */
struct process_thread {
    uint64_t pc, sp, argument, tls;
    uint32_t flags; /* enum process_thread_flag */
    uint32_t exit_signal;
    uint64_t result; /* user address of a struct process_thread_result that is written before the
                           * thread runs, or 0 */
};

/*
 * Who the new thread is. The last three fields only with PROCESS_THREAD_NEW_PID:
 * the pages vanish and the thread is ended when its pid execs or ends; then the
 * library closes child_event.
 */
struct process_thread_result {
    uint32_t tid, pid;
    uint32_t slot, unused;
    uint64_t info, signals; /* user addresses of the new pid's pages */
    handle_t child_event;
};

enum process_thread_flag {
    PROCESS_THREAD_NEW_PID =
        1u << 0, /* vfork and CLONE_VM: another pid in the same kernel process */
};

enum process_timer_operation {
    PROCESS_TIMER_CREATE,
    PROCESS_TIMER_SET,
    PROCESS_TIMER_GET,
    PROCESS_TIMER_DELETE,
};

/* What happens when a timer expires. */
struct process_timer {
    uint32_t signal;  /* 0: nothing */
    uint32_t tid;     /* to this thread; 0: to the process */
    uint64_t value;   /* sigval */
    uint32_t clock;   /* the library's: which clock points in time are of */
    uint32_t used_by; /* it counts processor time: of this thread, or of all; 0: time passes */
};
#define PROCESS_TIMER_OF_ALL UINT32_MAX

struct process_usage {
    uint64_t user_us, system_us;
    uint64_t peak_kib, minor_faults, major_faults, voluntary, involuntary;
};

struct process_totals {
    uint64_t processes, threads, running;
    uint64_t pages_total, pages_free, pages_shared;
    uint64_t load[3]; /* scaled by 65536 */
};

/* One signal with its cause: Linux' siginfo in a neutral shape. */
struct process_signal {
    int32_t number, code, error;
    uint32_t pid, uid;
    int32_t status; /* SIGCHLD */
    uint64_t value; /* sigval, or the fault address */
    uint64_t user_ticks, system_ticks;
    uint32_t timer, overrun;
};

/* What programs are told of the processors; the same for all processes. */
struct process_hardware {
    uint64_t capabilities[2];            /* AT_HWCAP, AT_HWCAP2 */
    uint64_t processor[PROCESSOR_WORDS]; /* as boot_info has it */
    uint32_t cpu_count;
};

/*
 * The info page: written by the process server, read by the library (mapped
 * read-only). What a program asks about itself most is answered from here.
 */
struct process_info_page {
    uint32_t version; /* odd while it changes */
    uint32_t pid, parent, group, session;
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t groups[32];
    uint32_t terminal;      /* rdev of the controlling terminal, 0: none */
    uint64_t pending;       /* signals pending for the whole process; bit n-1 is signal n */
    uint64_t limits[16][2]; /* soft, hard: RLIMIT_* */
    int32_t nice;
    uint32_t secure; /* AT_SECURE of the running program */
    struct process_hardware hardware;
};

/*
 * Where things are in the program's memory, for /proc; written by the library.
 * 0: not known.
 */
struct process_layout {
    uint64_t arguments_start, arguments_end; /* argv's strings, each with NUL */
    uint64_t environment_start, environment_end;
    uint64_t heap_start, heap_end; /* brk */
    uint64_t stack_top;
    uint64_t code_start, code_end;
    uint64_t cwd_path;    /* NUL-terminated */
    uint64_t descriptors; /* of descriptor_count struct process_descriptor */
    uint64_t descriptor_count;
    uint64_t umask;
};

/* An open file as /proc/PID/fd shows it; `name` empty: the number is free. */
#define PROCESS_DESCRIPTOR_NAME 120
struct process_descriptor {
    uint32_t flags; /* O_* */
    uint32_t unused;
    char name[PROCESS_DESCRIPTOR_NAME]; /* path, or "pipe:[5]" ...; NUL-terminated */
};

/*
 * The signal pages: written by the library, except `pending`; the server reads
 * them as a hint. Slot n belongs to the thread that the server gave slot n. The
 * library stores a mask, then looks at `pending`; the server does it the other
 * way round, so that one of them sees the signal.
 */
#define PROCESS_SIGNAL_THREADS 500
#define PROCESS_SIGNALS_SIZE 16384 /* bytes mapped */
#define PROCESS_INFO_SIZE 4096
enum process_disposition {
    PROCESS_SIGNAL_DEFAULT = 0,
    PROCESS_SIGNAL_IGNORE = 1,
    PROCESS_SIGNAL_HANDLER = 2
};

struct process_signal_page {
    uint8_t disposition[65]; /* enum process_disposition, by signal number */
    uint8_t no_child_wait;   /* SIGCHLD has SA_NOCLDWAIT or is ignored: children are not kept */
    uint8_t no_child_stop;   /* SA_NOCLDSTOP */
    uint8_t unused[5];
    struct process_layout layout;
    struct {
        uint32_t tid; /* server */
        uint32_t unused;
        uint64_t mask;    /* library: blocked signals */
        uint64_t waiting; /* library: signals sigtimedwait or a signalfd wants though blocked */
        uint64_t pending; /* server: pending for this thread */
    } threads[PROCESS_SIGNAL_THREADS];
};

_Static_assert(sizeof(struct process_info_page) <= PROCESS_INFO_SIZE, "one page");
_Static_assert(sizeof(struct process_signal_page) <= PROCESS_SIGNALS_SIZE, "four pages");

/* Bits of the child event, level; the library clears before it asks again. */
#define PROCESS_CHILD_CHANGED (1u << 8)
#define PROCESS_SIGNAL_PENDING                                                                     \
    (1u << 9) /* a signal somebody waits for (signalfd, sigtimedwait) arrived */
/* Of an OPEN_PID event. */
#define PROCESS_PID_ENDED (1u << 8)
/* Of the vfork parent's child event: the child has called exec or ended. */
#define PROCESS_VFORK_DONE (1u << 10)
