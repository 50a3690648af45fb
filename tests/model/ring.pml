/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One direction of lib/ring: a sender, a receiver, and an event for each, with
 * either of them dying at any point and being replaced.
 *
 * Checked: every byte is received once and in order, and nobody waits for ever
 * (a wait that is never ended is an invalid end state). An instance remembers
 * nothing but the two sides: what it sends next follows from `sent`.
 *
 * small: -DBYTES=4 -DDEATHS=1
 * large: -DBYTES=9 -DDEATHS=3
 * mutant: PUBLISH_FIRST       the counter is stored before the byte
 * mutant: CLEAR_AFTER_LOOKING the event's bit is lowered after looking
 * mutant: WAIT_AT_START       a new instance waits before it looks
 * mutant: SILENT_START        a new instance does not raise what its predecessor may have failed to
 * mutant: TAKE_FIRST          room is given before the byte was copied
 * mutant: NO_ROOM_NOTICE      the sender is not told of room
 */

#define CAPACITY 2
#define MODULUS  8 /* of the counters: more than the capacity, a power of two */
#define VALUE(n) ((n) & 3)

byte data[CAPACITY];
byte sent, taken;       /* counters, each with one writer */
bool data_bit, room_bit; /* of the receiver's and of the sender's event */

byte published, received; /* what the model knows; the programs do not read it but at their end */
byte deaths;

#define ROOM    ((sent - taken + MODULUS) % MODULUS < CAPACITY)
#define WAITING ((sent - taken + MODULUS) % MODULUS > 0)

/* Dies here, perhaps: the next instance starts at the beginning. */
inline perhaps_die(dies)
{
    if
    :: deaths < DEATHS -> deaths++; dies = true
    :: dies = false
    fi
}

active proctype sender()
{
    bool died;
beginning:
#ifndef SILENT_START
    data_bit = true;
#endif
#ifdef WAIT_AT_START
    room_bit;
#endif
    do
    :: published == BYTES -> break
    :: else ->
#ifndef CLEAR_AFTER_LOOKING
        room_bit = false;
#endif
        if
        :: ROOM ->
#ifdef PUBLISH_FIRST
            sent = (sent + 1) % MODULUS;
            data[(sent + MODULUS - 1) % CAPACITY] = VALUE(published);
            published++;
#else
            data[sent % CAPACITY] = VALUE(published);
            perhaps_die(died);
            if
            :: died -> goto beginning
            :: else
            fi;
            d_step { sent = (sent + 1) % MODULUS; published++ }
#endif
            perhaps_die(died);
            if
            :: died -> goto beginning
            :: else
            fi;
            data_bit = true
        :: else ->
#ifdef CLEAR_AFTER_LOOKING
            room_bit = false;
#endif
            room_bit
        fi
    od
}

active proctype receiver()
{
    bool died;
    byte value;
beginning:
#ifndef SILENT_START
    room_bit = true;
#endif
#ifdef WAIT_AT_START
    data_bit;
#endif
    do
    :: received == BYTES -> break
    :: else ->
#ifndef CLEAR_AFTER_LOOKING
        data_bit = false;
#endif
        if
        :: WAITING ->
#ifdef TAKE_FIRST
            taken = (taken + 1) % MODULUS;
            value = data[(taken + MODULUS - 1) % CAPACITY];
            assert(value == VALUE(received));
            received++;
#else
            value = data[taken % CAPACITY];
            perhaps_die(died);
            if
            :: died -> goto beginning
            :: else
            fi;
            assert(value == VALUE(received));
            d_step { taken = (taken + 1) % MODULUS; received++ }
#endif
            perhaps_die(died);
            if
            :: died -> goto beginning
            :: else
            fi;
#ifndef NO_ROOM_NOTICE
            room_bit = true
#endif
        :: else ->
#ifdef CLEAR_AFTER_LOOKING
            data_bit = false;
#endif
            data_bit
        fi
    od
}
