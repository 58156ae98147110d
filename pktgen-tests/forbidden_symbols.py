#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails the build when code on the way of a packet uses what it must not: names the object, the symbol and what
takes its place.

usage: forbidden_symbols.py STAMP ARCHIVE[:OBJECT,...]...

Of an archive with a list, only those objects are looked at: the others run at start, or in control."""
import re
import subprocess
import sys

POOL = "an object of a pool taken at start (rs_pool_get)"
FORBIDDEN = {
    **dict.fromkeys("malloc calloc realloc reallocarray free strdup strndup aligned_alloc posix_memalign".split(), POOL),
    **dict.fromkeys("rte_malloc rte_zmalloc rte_calloc rte_free rte_malloc_socket rte_zmalloc_socket".split(), POOL),
    **dict.fromkeys("printf fprintf puts fputs putchar fwrite perror syslog rte_log snprintf vsnprintf".split(),
                    "a counter, and a record or note that control renders"),
    **dict.fromkeys("pthread_mutex_lock pthread_spin_lock pthread_rwlock_wrlock sem_wait".split(),
                    "nothing: a worker shares nothing on the way of a packet"),
    **dict.fromkeys("time gettimeofday clock_gettime clock".split(), "the packet's time (dp_meta, inspect.now)"),
    **dict.fromkeys("rand random srand drand48 getrandom".split(), "a number given at start"),
    **dict.fromkeys("open fopen read write close send recv socket ioctl fsync usleep sleep nanosleep sched_yield".split(),
                    "a ring to control: a worker makes no system call"),
    **dict.fromkeys("strcpy strcat sprintf gets strtok".split(), "a copy whose length is known"),
}


def undefined(archive):
    """Object name -> the symbols it wants from elsewhere."""
    objects, current = {}, None
    out = subprocess.run(["nm", "--undefined-only", archive], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        if line.endswith(":"):
            current = re.sub(r"\.c\.o:$", "", line.rsplit("/", 1)[-1])
            objects[current] = set()
        elif line.strip().startswith("U "):
            objects[current].add(line.split()[-1].split("@")[0])
    return objects


def main():
    stamp, faults, seen = sys.argv[1], [], 0
    for argument in sys.argv[2:]:
        archive, _, names = argument.partition(":")
        objects = undefined(archive)
        wanted = names.split(",") if names else list(objects)
        for name in wanted:
            # Meson puts the folder before a file's name: tcp_rs_stream.c.o
            found = [o for o in objects if o == name or o.endswith("_" + name)]
            if not found:
                sys.exit(f"forbidden_symbols: {archive} has no object {name}: has it moved?")
            for o in found:
                seen += 1
                for symbol in sorted(objects[o] & set(FORBIDDEN)):
                    faults.append(f"{o}: uses {symbol}; in its place: {FORBIDDEN[symbol]}")
    if faults:
        sys.exit("On the way of a packet:\n  " + "\n  ".join(faults))
    with open(stamp, "w", encoding="ascii") as f:
        f.write(f"{seen} objects\n")


if __name__ == "__main__":
    main()
