/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address space identifiers: kernel/arch/shared/context.c and fresh.c, each process a CPU.
 *
 * CPUs load spaces, look at the one page that each space has, and change what one has mapped there.
 * One translation is remembered, by the first CPU, whichever the search chooses, in user mode or
 * before; more would not see more. Identifiers run out, also by those given to spaces that nobody looks at.
 * A CPU serves what others ask in user mode and while it waits. Memory is in one order for all:
 * where a machine's is not, the barriers of its translation.c between what a CPU says and what it looks at
 * or loads see to that (load of RISC-V, load_renewed of AArch64). AArch64 has of this context.c alone.
 *
 * Checked: no CPU uses a translation of another space, or one that was changed by a call that has
 * returned; nobody waits for each other for ever (an invalid end state).
 *
 * small: -DCPUS=2 -DCHANGES=1 -DGENERATIONS=2 -DFIRST_CHANGER=1 -DLAST_IDLER=0
 * large: -DCPUS=2 -DCHANGES=1 -DGENERATIONS=2 -DFIRST_CHANGER=0 -DLAST_IDLER=1
 * mutant: GIVE_BEFORE_ALL_HAVE_BEGUN  a new generation's identifiers are given at once
 * mutant: LOADED_NOT_KEPT             what is loaded may be given to another space
 * mutant: BEGUN_WITHOUT_FORGETTING    an old generation's translations stay
 * mutant: LOADED_SAID_BEFORE_CHOOSING a table with an old context goes over into the new generation
 * mutant: LOOK_BEFORE_SAYING          a CPU looks whether it is fresh, then says what it loads
 * mutant: FORGOTTEN_BEFORE_FRESH      a CPU forgets, then says that it is fresh
 * mutant: RUNNING_READ_FIRST          who runs a space is read before freshness is taken away
 * mutant: OTHERS_STAY_FRESH           who does not run the space stays fresh
 */

#define SPACES 2
#define NONE SPACES
#define IDENTIFIERS (CPUS + 2) /* 0 is not given */
#define FRESH(space, cpu) fresh[(space) * CPUS + (cpu)]
#define ASKED(asked, asker) asked_by[(asked) * CPUS + (asker)]

/* The allocator. */
bool allocator_lock;
byte generation = 1, next_identifier = 1;
bool kept[IDENTIFIERS];
byte context_generation[SPACES], context_identifier[SPACES]; /* one word */

/* Spaces: what is mapped, and since which change no CPU may see older. */
bool space_lock[SPACES];
bool fresh[SPACES * CPUS]; /* of a space one word */
byte mapped[SPACES], settled[SPACES], changes;

/* CPUs: what they say, and what the machine has. */
byte table[CPUS], cpu_generation[CPUS];
byte loaded[CPUS], loaded_identifier[CPUS];
bool remembered;
byte cached_identifier, cached_space, cached_page;

/* Requests: for a space, or NONE for a new generation. */
bool asked_by[CPUS * CPUS];
byte request[CPUS], waiting[CPUS];

inline forget_if(which)
{
    if
    :: remembered && self == 0 && which ->
        remembered = false;
        cached_identifier = 0;
        cached_space = 0;
        cached_page = 0
    :: else
    fi
}

inline forget(identifier)
{
    forget_if(cached_identifier == identifier)
}

/* A translation of what is loaded comes to be remembered. */
inline fill()
{
    remembered = true;
    cached_identifier = loaded_identifier[self];
    cached_space = loaded[self];
    cached_page = mapped[loaded[self]]
}

#define IS_USED (remembered && self == 0 && cached_identifier == loaded_identifier[self])

/* What a CPU does when a generation begins; others see of it only what becomes of the context. */
inline begin()
{
    cpu_generation[self] = generation;
#ifndef BEGUN_WITHOUT_FORGETTING
    forget_if(true);
#endif
    if
    :: table[self] != NONE ->
        context_generation[table[self]] = generation;
#ifndef LOADED_NOT_KEPT
        kept[context_identifier[table[self]]] = true
#endif
    :: else
    fi
}

inline serve()
{
    d_step {
        asker = 0;
        do
        :: !ASKED(self, asker) -> asker++
        :: else -> break
        od;
        ASKED(self, asker) = false;
        if
        :: request[asker] == NONE -> begin()
        :: else -> forget(context_identifier[request[asker]])
        fi;
        waiting[asker]--;
        asker = 0
    }
}

#define IS_ASKED (ASKED(self, 0) || ASKED(self, 1) || (CPUS > 2 && ASKED(self, CPUS - 1)))

inline acquire(which)
{
    do
    :: atomic { !which -> which = true }; break
    :: IS_ASKED -> serve()
    od;
    skip
}

inline await_answers()
{
    do
    :: waiting[self] == 0 -> break
    :: IS_ASKED -> serve()
    od;
    skip
}

inline ask(cpu)
{
    waiting[self]++;
    ASKED(cpu, self) = true
}

inline begin_generation()
{
    d_step {
        generation++;
        next_identifier = 1;
        i = 0;
        do
        :: i < IDENTIFIERS -> kept[i] = false; i++
        :: else -> break
        od;
        request[self] = NONE;
        i = 0;
        do
        :: i < CPUS && i != self -> ask(i); i++
        :: i == self -> i++
        :: i == CPUS -> i = 0; break
        od
    }
#ifndef GIVE_BEFORE_ALL_HAVE_BEGUN
    await_answers();
#endif
    d_step { begin() }
}

/* With the last generation used up too, `to` becomes NONE. */
inline renew()
{
    acquire(allocator_lock);
    atomic {
        do
        :: context_generation[to] == generation -> break
        :: context_generation[to] != generation && next_identifier < IDENTIFIERS ->
            if
            :: !kept[next_identifier] ->
                context_generation[to] = generation;
                context_identifier[to] = next_identifier
            :: else
            fi;
            next_identifier++
        :: context_generation[to] != generation && next_identifier == IDENTIFIERS &&
           generation < GENERATIONS -> begin_generation()
        :: context_generation[to] != generation && next_identifier == IDENTIFIERS &&
           generation == GENERATIONS -> to = NONE; break
        od;
        cpu_generation[self] = generation;
        allocator_lock = false
    }
#ifdef GIVE_BEFORE_ALL_HAVE_BEGUN
    await_answers()
#endif
}

/* A space that nobody looks at is given one. */
inline give_away()
{
    acquire(allocator_lock);
    atomic {
        if
        :: next_identifier < IDENTIFIERS -> next_identifier++
        :: next_identifier == IDENTIFIERS && generation < GENERATIONS -> begin_generation()
        :: else
        fi;
        cpu_generation[self] = generation;
        allocator_lock = false
    }
#ifdef GIVE_BEFORE_ALL_HAVE_BEGUN
    await_answers()
#endif
}

inline switch_to_none()
{
    d_step { loaded[self] = NONE; loaded_identifier[self] = 0; table[self] = NONE }
}

inline switch()
{
#ifdef LOADED_SAID_BEFORE_CHOOSING
    table[self] = to;
#endif
    atomic {
        identifier = context_identifier[to];
        is_current = context_generation[to] == cpu_generation[self]
    }
    if
    :: is_current
    :: else ->
        renew();
        if
        :: to != NONE -> identifier = context_identifier[to]
        :: else
        fi
    fi;
    if
    :: to == NONE -> switch_to_none()
    :: else ->
#ifdef LOOK_BEFORE_SAYING
        is_fresh = FRESH(to, self);
        table[self] = to;
#else
        table[self] = to;
        is_fresh = FRESH(to, self);
#endif
        atomic {
            loaded[self] = to;
            loaded_identifier[self] = identifier;
            if
            :: self == 0 && !remembered -> fill()
            :: true
            fi
        }
        if
        :: is_fresh
        :: else ->
#ifdef FORGOTTEN_BEFORE_FRESH
            d_step { forget(identifier) }
            if
            :: self == 0 && !remembered -> d_step { fill() }
            :: true
            fi;
            FRESH(to, self) = true
#else
            FRESH(to, self) = true;
            d_step { forget(identifier) }
#endif
        fi
    fi;
    d_step { to = 0; identifier = 0; is_current = false; is_fresh = false }
}

/* Of those that were fresh, who has it loaded? */
inline read_running()
{
    d_step {
        i = 0;
        do
        :: i < CPUS -> running[i] = table[i] == to; i++
        :: else -> i = 0; break
        od
    }
}

inline take_freshness()
{
    d_step {
        i = 0;
        do
        :: i < CPUS ->
            was_fresh[i] = FRESH(to, i);
#ifdef OTHERS_STAY_FRESH
            FRESH(to, i) = FRESH(to, i) && table[i] != to;
#else
            FRESH(to, i) = false;
#endif
            i++
        :: else -> i = 0; break
        od
    }
}

/* Another page is mapped in space `to`. */
inline change()
{
    acquire(space_lock[to]);
    mapped[to]++;
#ifdef RUNNING_READ_FIRST
    read_running();
    take_freshness();
#else
    take_freshness();
    read_running();
#endif
    d_step {
        request[self] = to;
        i = 0;
        do
        :: i < CPUS ->
            running[i] = running[i] && was_fresh[i];
            if
            :: running[i] && i != self -> ask(i)
            :: else
            fi;
            i++
        :: else -> i = 0; break
        od
    }
    await_answers();
    d_step {
        if
        :: running[self] -> forget(context_identifier[to])
        :: else
        fi;
        i = 0;
        do
        :: i < CPUS ->
            FRESH(to, i) = FRESH(to, i) || running[i];
            running[i] = false;
            was_fresh[i] = false;
            i++
        :: else -> i = 0; break
        od;
        settled[to] = mapped[to];
        request[self] = 0;
        space_lock[to] = false;
        to = 0
    }
}

proctype cpu(byte self)
{
    byte i, asker, to, identifier;
    bool is_current, is_fresh, running[CPUS], was_fresh[CPUS];

    do
    :: IS_ASKED -> serve()
    :: d_step { self == 0 && loaded[self] != NONE && !remembered -> fill() }
    :: d_step {
        loaded[self] != NONE && IS_USED ->
        assert(cached_space == loaded[self]);
        assert(cached_page >= settled[loaded[self]])
    }
    :: atomic { table[self] != 0 -> to = 0 }; switch()
    :: atomic { table[self] != 1 -> to = 1 }; switch()
    :: atomic { changes < CHANGES && self >= FIRST_CHANGER -> changes++; to = 0 }; change()
    :: self <= LAST_IDLER && table[self] != NONE -> switch_to_none()
    :: self == 1 -> give_away()
    od
}

init {
    byte n = 0;
    d_step {
        do
        :: n < CPUS -> table[n] = NONE; loaded[n] = NONE; cpu_generation[n] = 255; n++
        :: else -> n = 0; break
        od;
    }
    atomic {
        do
        :: n < CPUS -> run cpu(n); n++
        :: else -> break
        od
    }
}
