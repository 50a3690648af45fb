/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Event wake-up: kernel/object/signal.c, port.c and kernel/core/scheduler_wait.c,
 * each process a CPU.
 *
 * Producers make work and raise an event's bit; a consumer observes the event
 * through a port, waits for it, lowers the bit and takes all work. The bit may
 * stand before the consumer observes it, and a deadline may end any of its waits.
 *
 * Checked: no work is left behind (a wait that nobody ends is an invalid end
 * state), and a wait ends once, whoever wants to end it at the same time.
 *
 * small: -DPRODUCERS=2 -DROUNDS=1 -DDEADLINES=1
 * large: -DPRODUCERS=3 -DROUNDS=2 -DDEADLINES=2
 * mutant: LOOK_BEFORE_LOCKING  what stands is read before the queue is locked
 * mutant: FIRE_BEFORE_SETTING  observers are fired before the bit is set
 * mutant: LOWER_AFTER_WORK     the consumer lowers the bit after taking the work
 * mutant: ADD_WITHOUT_LOOKING  a bit that stood before the observation is missed
 * mutant: WAIT_UNLOCKED        the port is found empty and the wait begun in two steps
 * mutant: END_WITHOUT_CLAIM    who ends a wait does not claim it first
 */

#define TOTAL (PRODUCERS * ROUNDS)

bool event_lock, port_lock;
bool raised;   /* event_lock, but the consumer reads it without */
bool linked;   /* event_lock: the observer is on the event's list */
bool fired;    /* port_lock: the observer is on the port's list */
bool readable; /* port_lock: the port's own signal */
bool waiting;  /* who sets it to false owns the end of the wait */
byte wakes;    /* ends of the present wait */
bool deadline_armed;

byte work, done;

inline lock(which)
{
    atomic { !which -> which = true }
}

/* End the wait, if it is ours to end. */
inline end_wait()
{
#ifdef END_WITHOUT_CLAIM
    if
    :: waiting ->
        waiting = false;
        wakes++
    :: else
    fi
#else
    atomic {
        if
        :: waiting ->
            waiting = false;
            wakes++
        :: else
        fi
    }
#endif
}

/* observer_fire, with the event locked. */
inline fire()
{
    lock(port_lock);
    if
    :: !fired ->
        fired = true;
        readable = true;
        end_wait()
    :: else
    fi;
    port_lock = false
}

active [PRODUCERS] proctype producer()
{
    byte round;
    do
    :: round == ROUNDS -> break
    :: else ->
        work++;
        lock(event_lock);
#ifndef FIRE_BEFORE_SETTING
        raised = true;
#endif
        if
        :: linked -> fire()
        :: else
        fi;
#ifdef FIRE_BEFORE_SETTING
        raised = true;
#endif
        event_lock = false;
        round++
    od
}

active proctype timer()
{
    byte count;
    do
    :: count == DEADLINES -> break
    :: deadline_armed ->
        deadline_armed = false;
        end_wait();
        count++
    :: done == TOTAL -> break
    od
}

inline take_work()
{
    d_step { done = done + work; work = 0 }
}

active proctype consumer()
{
    bool stands, found;

    lock(event_lock);
    linked = true;
#ifndef ADD_WITHOUT_LOOKING
    if
    :: raised -> fire()
    :: else
    fi;
#endif
    event_lock = false;

    do
    :: done == TOTAL -> break
    :: else ->
        found = false;
#ifdef LOOK_BEFORE_LOCKING
        stands = raised;
#endif
        lock(port_lock);
        if
        :: fired ->
#ifndef LOOK_BEFORE_LOCKING
            stands = raised;
#endif
            if
            :: stands -> found = true
            :: else -> fired = false
            fi
        :: else
        fi;
        readable = fired;
        port_lock = false;
        if
        :: found ->
#ifdef LOWER_AFTER_WORK
            take_work();
#endif
            lock(event_lock);
            raised = false;
            event_lock = false;
#ifndef LOWER_AFTER_WORK
            take_work();
#endif
        :: else ->
            lock(port_lock);
            if
            :: readable -> port_lock = false
            :: else ->
#ifdef WAIT_UNLOCKED
                port_lock = false;
                lock(port_lock);
#endif
                wakes = 0;
                waiting = true;
                port_lock = false;
                deadline_armed = true;
                !waiting;
                assert(wakes <= 1);
                deadline_armed = false
            fi
        fi
    od
}
