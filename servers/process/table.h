/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The table of processes: numbers, threads, families.
 *
 * A process here is what Linux calls a thread group: a pid. It runs in a
 * process of the kernel, which several pids share between vfork and exec. What
 * a program may see of itself stands in its info page; there is no second copy
 * of it: credentials, limits, group, session and nice value are read from and
 * written to process->info.
 *
 * Nothing in table, family, job, signal, kill, credentials and limits makes a
 * native call: what they cause is in effects.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <list/list.h>
#include <protocols/process.h>
#include <trellis/object.h>

#define PID_INIT 1
#define PID_MAX 32768
#define PROCESS_COMM 16

enum life {
    LIFE_RUNNING,
    LIFE_STOPPED, /* by a signal */
    LIFE_ENDING,  /* its status is decided; its handles are being closed */
    LIFE_ZOMBIE,  /* ended, and its parent has not asked yet */
};

/* What wait can tell of a process that lives. */
enum news { NEWS_STOPPED = 1u << 0, NEWS_CONTINUED = 1u << 1 };

/* A process of the kernel. */
struct kernel_process {
    handle_t process;
    uint32_t observer;   /* the pid under which its end is announced */
    struct list members; /* pids that run in it */
};

/* Signals that have arrived and were not taken. */
struct pending {
    uint64_t set;      /* bit n-1: signal n */
    struct list queue; /* of struct queued_signal, in order of arrival */
    uint32_t count;    /* of the queue */
};

struct thread {
    struct list_node number_link;
    struct list_node link; /* process->threads */
    struct process *process;
    uint32_t tid;
    uint32_t slot; /* in the signal page */
    handle_t handle;
    struct pending pending;
    char name[PROCESS_COMM];
};

/* ITIMER_REAL. */
struct alarm {
    handle_t event;              /* HANDLE_NONE until first used */
    uint64_t deadline, interval; /* ns since boot, ns; deadline 0: disarmed */
};

/* ITIMER_VIRTUAL and ITIMER_PROF. */
enum cpu_timer_kind { CPU_TIMER_VIRTUAL, CPU_TIMER_PROF, CPU_TIMERS };
struct cpu_timer {
    uint64_t expiry_ns, interval_ns; /* of what the process has used; 0: disarmed */
};

/* Where a process' info and signal pages are in its memory. */
struct page_addresses {
    uint64_t info, signals;
};

/* Tokens in the process' own handle table, for the start block. */
struct process_tokens {
    handle_t server, tty, time;
};

struct account;
struct allowances;

struct process {
    struct list_node number_link;
    struct list_node all_link;
    struct list_node sibling;
    struct process *parent; /* NULL only for init */
    struct list children;
    struct list threads;
    uint32_t thread_count;
    uint32_t pid;
    enum life life;
    uint32_t news;  /* enum news */
    int32_t status; /* as wait4 gives it; of a stop too */
    uint32_t exit_signal;

    struct kernel_process *kernel; /* NULL for init and for zombies */
    struct list_node kernel_link;  /* kernel->members; in no list once it is to leave it */
    struct process_info_page *info;
    struct process_signal_page *signals;
    struct page_addresses at;
    struct process_tokens tokens;
    handle_t child_event;
    handle_t ended_event; /* for pidfds; HANDLE_NONE until asked for */
    struct account *account;
    struct allowances *allowances; /* of the account, one pid of which is this one's; NULL: none */

    struct pending pending;
    struct alarm alarm;
    struct cpu_timer cpu_timers[CPU_TIMERS];
    uint64_t cpu_warning_ns;             /* no SIGXCPU before it has used so much */
    struct process_usage usage;          /* its own, when it has ended */
    struct process_usage children_usage; /* of those waited for */
    uint64_t user_ns, system_ns;         /* of kernel processes it had before exec */
    uint64_t start_ns;

    bool has_run_program; /* exec since fork: setpgid by the parent is too late */
    bool vforked;         /* its parent waits for exec or the end */
    bool dumpable;
    bool traced; /* --trace: its library writes a line about its end */
    bool subreaper;
    uint32_t death_signal; /* PR_SET_PDEATHSIG */
    char name[PROCESS_COMM];
    char *path; /* of the program; NULL: none */
};

/* What a process shares with its library; part of the pages' pool (pages.h). */
struct process_pages {
    struct process_info_page *info;
    struct process_signal_page *signals;
};

/* With init, pid 1, in it. False: no memory. */
bool table_init(const struct process_pages *pages);
struct process *table_init_process(void);

/*
 * Linked as a child of `parent`, with a new number and a copy of what parent's
 * info page says. NULL if there is no memory or no number.
 */
struct process *process_create(struct process *parent, const struct process_pages *pages);
/* Its threads, queued signals, pages and handles go too. Children must have been given away. */
void process_destroy(struct process *process);
struct process *process_find(uint32_t pid);
/* One that this pid is to run in, announced under it; NULL: no memory. Released by whoever ends it. */
struct kernel_process *kernel_process_create(handle_t handle, uint32_t observer);
void kernel_process_join(struct kernel_process *kernel, struct process *process);
/* The number that was given out last. */
uint32_t table_last_number(void);
/* All of them by rising pid, init first. */
const struct list *process_all(void);
/* The first whose pid is at least this; at once if the one before it is there. NULL: none. */
struct process *process_from(uint32_t pid);

/* With a slot; `tid` 0: a new number. NULL: no memory, no number or no slot. */
struct thread *thread_create(struct process *process, uint32_t tid);
/* As thread_create, in a slot of the caller's choice which must be free. */
struct thread *thread_create_at(struct process *process, uint32_t tid, uint32_t slot);
/* The same in two steps, the second of which cannot fail; what is not placed is to be released. */
struct thread *thread_reserve(void);
void thread_place(struct thread *thread, struct process *process, uint32_t tid, uint32_t slot);
void thread_destroy(struct thread *thread);
struct thread *thread_find(uint32_t tid);
/* The name is cut where it is too long; the first thread's is its process' too. */
void thread_rename(struct thread *thread, const char *name, size_t length);
/* The thread called as the process, else any; NULL when there is none. */
struct thread *process_first_thread(const struct process *process);

#define container_of_process(node, member) container_of(node, struct process, member)
#define container_of_thread(node) container_of(node, struct thread, link)

/* Around changes of the info page: its reader starts over. */
static inline void info_begin(struct process *process)
{
    __atomic_store_n(&process->info->version, process->info->version + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void info_end(struct process *process)
{
    __atomic_store_n(&process->info->version, process->info->version + 1, __ATOMIC_RELEASE);
}

static inline bool process_is_alive(const struct process *process)
{
    return process->life == LIFE_RUNNING || process->life == LIFE_STOPPED;
}
