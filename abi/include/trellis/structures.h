/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Structures and flags of the native calls (calls.toml says which call takes
 * which). Sizes are bytes, times are nanoseconds since boot unless said
 * otherwise. Padding is explicit and written as zero.
 */
#pragma once

#include <stdint.h>

#include <trellis/object.h>
#include <trellis/pager.h>
#include <trellis/weight.h>

#define DEADLINE_NEVER UINT64_MAX
#define DEADLINE_NOW UINT64_C(0) /* do not wait */

/* Protection and options of a mapping: map, protect, remap, space_inspect. */
enum map_flag {
    MAP_READ = 1u << 0,
    MAP_WRITE = 1u << 1,
    MAP_EXECUTE = 1u << 2,       /* never together with MAP_WRITE unless MAP_ALLOW_WX */
    MAP_PRIVATE_COPY = 1u << 3,  /* writes go to private pages; without it they reach the object */
    MAP_FIXED_ADDRESS = 1u << 4, /* at exactly this address, replacing what is there */
    MAP_NO_REPLACE = 1u << 5,    /* with MAP_FIXED_ADDRESS: EXISTS instead of replacing */
    MAP_GROWS_DOWN = 1u << 6,    /* a stack: a fault just below extends it */
    MAP_POPULATE = 1u << 7,      /* have the pages present now */
    MAP_LIBRARY = 1u << 8,  /* choose the address in the library's region, above USER_LIBRARY */
    MAP_ALLOW_WX = 1u << 9, /* a program's own wish: writable and executable at once */
    MAP_HIDDEN = 1u << 10,  /* space_inspect reports it only when asked for hidden ones */
};
#define MAP_PROTECTION (MAP_READ | MAP_WRITE | MAP_EXECUTE)

enum remap_flag {
    REMAP_MAY_MOVE = 1u << 0,
    REMAP_FIXED = 1u << 1, /* to exactly new_address, replacing what is there */
};

/* One mapping, as space_inspect tells of it. */
struct mapping_information {
    uint64_t start, end; /* page aligned */
    uint64_t flags;      /* enum map_flag: protection, PRIVATE_COPY, GROWS_DOWN, HIDDEN */
    uint64_t object_id;  /* of the memory object, 0 for anonymous private memory */
    uint64_t object_offset;
    uint64_t resident_pages; /* present in this address space */
    uint64_t tag;            /* as given by memory_tag: the file system's name for the file */
};

enum memory_flag {
    MEMORY_FIXED_SIZE =
        1u << 0, /* memory_resize refuses for ever: safe to map from another domain */
    MEMORY_PAGER_BACKED = 1u << 1, /* pages come from its pager (pager.h) */
};

struct memory_information {
    uint64_t size; /* bytes */
    uint64_t resident_pages;
    uint64_t flags;    /* enum memory_flag */
    uint64_t mappings; /* how many mappings name it, in all processes */
    uint64_t tag;
};

enum process_flag {
    PROCESS_CRITICAL = 1u << 0,     /* its end stops the machine; made only by one that is such */
    PROCESS_KEEP_HANDLES = 1u << 1, /* its handles outlive it, to be inherited from it */
};

enum process_state {
    PROCESS_NEW = 0, /* no thread was ever made */
    PROCESS_RUNNING = 1,
    PROCESS_ENDING = 2, /* its handles are being closed */
    PROCESS_ENDED = 3,
};

enum end_reason {
    END_NONE = 0,
    END_EXIT = 1,   /* the last thread ended, or the process ended itself; code is its own */
    END_KILLED = 2, /* process_end by the holder of a handle; code is the caller's */
    END_FAULT = 3,  /* an exception nobody could take; code is the enum fault_kind */
};

/* The code of a process that ends itself for want of memory; other codes are its own. */
#define END_NO_MEMORY UINT64_C(0x6d656d6f7279)

struct process_information {
    uint32_t state;  /* enum process_state */
    uint32_t reason; /* enum end_reason */
    uint64_t code;
    uint64_t fault_pc, fault_address; /* with END_FAULT */
    uint64_t threads;
    uint64_t handles;
    uint64_t mapped_bytes;
    uint64_t resident_pages;
    uint64_t user_ns, kernel_ns; /* processor time, ended threads included */
    uint64_t children_faults;    /* page faults resolved by the kernel, so far */
    uint64_t suspended;          /* nesting of process_suspend */
};

/* Where a process with the IDENTITY right's caller starts a thread, and as whom. */
struct thread_start {
    uint64_t pc, sp;
    uint64_t argument; /* in the first argument register; the frame's address is in the second */
    uint64_t tls;      /* the architecture's thread pointer; 0 for none */
    uint64_t identity; /* used if the handle has IDENTITY, else the caller's own is inherited */
    uint32_t priority; /* 0 lowest to PRIORITY_COUNT - 1; at most the caller's own ceiling */
    uint32_t flags;    /* enum thread_flag */
    uint64_t cpus;     /* a bit for each it may run on; 0: all */
    uint64_t weight;   /* as for thread_set_weight; 0: the caller's own */
};

enum thread_flag {
    THREAD_SUSPENDED = 1u << 0, /* does not run before thread_resume */
};

#define PRIORITY_COUNT 8
#define PRIORITY_IDLE 0
#define PRIORITY_BATCH 1
#define PRIORITY_NORMAL 3
#define PRIORITY_SERVER 5
#define PRIORITY_DRIVER 6

struct thread_information {
    uint32_t state; /* enum thread_state */
    uint32_t priority;
    uint64_t process_id; /* object ids */
    uint64_t thread_id;
    uint64_t identity;
    uint64_t user_ns, kernel_ns;
    uint64_t frame; /* user address of its frame */
    uint64_t suspended;
    uint64_t cpus; /* a bit for each that it may run on, of those there are */
    uint64_t cpu;  /* where it runs, or ran last */
};

enum thread_state {
    THREAD_RUNNABLE = 0,
    THREAD_CALLING = 1, /* queued at, or answered by, an endpoint */
    THREAD_RECEIVING = 2,
    THREAD_WAITING = 3, /* for signals or an address */
    THREAD_STOPPED = 4,
    THREAD_ENDED = 5,
};

/* What process_clone makes: handles in the caller's process. */
struct process_clone_result {
    handle_t process;
    handle_t thread;
    handle_t reply; /* answers the child's copy of the call that the parent waits in */
};

enum event_flag {
    EVENT_COUNTER = 1u << 0, /* a 64-bit count: SIGNAL_COUNT stands while it is above zero */
};

enum take_flag {
    TAKE_ONE = 1u << 0, /* event_take: one of the count, not all of it */
};

enum observe_flag {
    OBSERVE_ONCE = 1u << 0, /* removed when it has fired */
    OBSERVE_EDGE = 1u << 1, /* fires at each raise, also of a bit that stands, and if one stands at
                             * first; without it while a bit stands */
};

/* What a port gives out. */
struct observation {
    uint64_t key;
    uint64_t signals; /* the observed bits that stand, or stood when an edge fired */
};

/* One of the things wait_many waits for. */
struct wait_item {
    handle_t handle;
    uint32_t mask;  /* signals that end the wait */
    uint32_t fired; /* out: which stand */
};
#define WAIT_MANY_MAX 64

#define STREAM_ATOMIC 4096 /* a write of at most this many bytes is never split */

enum stream_flag {
    STREAM_MESSAGES = 1u << 0, /* stream_create: boundaries are kept */
};

enum stream_io_flag {
    STREAM_PEEK = 1u << 0,    /* read without taking */
    STREAM_HANDLES = 1u << 1, /* also the handles in the frame, frame.handle_count of them */
};

struct stream_handles {
    handle_t read_end;
    handle_t write_end;
};

struct stream_information {
    uint64_t capacity;
    uint64_t available; /* bytes to read; with STREAM_MESSAGES what all of them take up */
    uint64_t next;      /* bytes of the next message; equal to available without STREAM_MESSAGES */
    uint32_t readers, writers; /* handles */
    /* Ever: bytes, with STREAM_MESSAGES messages. So who is started again learns whether its last
     * read or write took place. */
    uint64_t read, written;
};

/* What ioport_inspect tells: the range, and how many bytes its handles have ever moved. */
struct ioport_information {
    uint32_t first, count;
    uint64_t read, written;
};

enum address_flag {
    ADDRESS_SHARED = 1u << 0, /* key by (memory object, offset): works across processes */
};

/* Arguments of address_requeue, more than registers carry. */
struct requeue_request {
    uint64_t from, to;
    uint32_t wake, requeue; /* at most so many of each */
    uint32_t expected;      /* *from must still have this value, if `compare` */
    uint32_t compare;
    uint32_t flags; /* enum address_flag */
    uint32_t unused;
};

/* Allowances; UINT64_MAX: whatever the accounts above have. What is used of the last two never
 * comes back: they are sums, and account_refill adds to them. */
struct account_limits {
    uint64_t pages;
    uint64_t handles;
    uint64_t threads;
    uint64_t processes;
    uint64_t cpu_ns;   /* processor time; whose account has none left does not run */
    uint64_t messages; /* calls and sends; answers are free */
};

#define ACCOUNT_UNLIMITED                                                                          \
    {                                                                                              \
        UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX                     \
    }

struct account_information {
    struct account_limits limits;
    struct account_limits used; /* with all accounts below it */
};

/* budget_inspect. In every period so much time of one CPU; what is not used in it does not come back. */
struct budget_information {
    uint64_t runtime_ns, period_ns;
    int64_t left_ns;   /* of this period; below zero: used too much, and paid back in the next */
    uint64_t deadline; /* of this period: ns since boot */
    uint64_t missed;   /* deadlines at which time was left though somebody wanted it */
    uint64_t used_up;  /* how often nothing was left */
    uint64_t cpu;
};

enum interrupt_flag {
    INTERRUPT_LEVEL = 1u << 0,
    INTERRUPT_ACTIVE_LOW = 1u << 1,
};

/* machine_stop. */
enum machine_stop {
    MACHINE_OFF = 0,
    MACHINE_RESTART = 1,
    MACHINE_EXIT = 2, /* off; the console is told `code`, where no driver speaks for it */
};

/* The machine as a whole, for /proc and init. */
struct machine_information {
    uint64_t pages_total, pages_free;
    uint64_t cpu_count;
    uint64_t processes, threads;
};

/* One processor. What is neither time was idle; a turn's time is told at its end. */
struct cpu_information {
    uint64_t user_ns, kernel_ns;
    uint64_t switches, calls, faults, interrupts;
    uint64_t node, node_pages_free; /* its NUMA node, whose memory it takes first */
};

/*
 * The time page: read by everybody, written once by the kernel, except that
 * the holder of its memory object with WRITE sets realtime_offset_ns. `version`
 * is odd while a field changes; a reader that sees it odd or changed starts over.
 * ns since boot = ((counter - base) * multiplier) >> shift, in 128 bits.
 */
struct time_page {
    uint32_t version;
    uint32_t shift;
    uint64_t multiplier;
    uint64_t base;
    uint64_t frequency_hz;
    int64_t realtime_offset_ns; /* real time = ns since boot + this; 0 until a clock was read */
};

#define LOG_SIZE 32768
#define LOG_HEADER 4096 /* of which the counters are the first; the bytes follow it */

/* The kernel's log, for who shows it: byte n ever written is at n % LOG_SIZE. */
struct log_memory {
    _Atomic uint64_t end;       /* bytes ever written */
    _Atomic uint64_t shown_end; /* of them the kernel itself has put on the console */
    uint8_t unused[LOG_HEADER - 2 * sizeof(uint64_t)];
    char bytes[LOG_SIZE];
};

/*
 * The handles init is started with: its start argument is the user address of
 * this structure, mapped read-only.
 */
struct init_handles {
    uint64_t size;         /* of this structure */
    handle_t process;      /* init itself, all rights */
    handle_t account;      /* the root account, all rights */
    handle_t archive;      /* memory: the boot archive, read and execute */
    handle_t boot_info;    /* memory: struct boot_info, read only */
    handle_t time;         /* memory: struct time_page, read and write */
    handle_t ioports;      /* the whole port space, or HANDLE_NONE */
    handle_t iospace;      /* physical memory that is not RAM */
    handle_t interrupts;   /* from which interrupt objects are made */
    handle_t log;          /* memory: struct log_memory, read only */
    uint64_t archive_size; /* bytes of the archive that are real */
};
