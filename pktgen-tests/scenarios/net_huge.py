# SPDX-License-Identifier: Apache-2.0
"""Huge pages for a test. Their number is the whole machine's: a process of its own raises it, and puts the old one back when the
test has ended, however it ends. Tests that do so wait for each other.

As a program: net_huge.py PAGES, which says `ready` or why not, and goes on until its standard input ends."""
import fcntl
import os
import subprocess
import sys

POOL = "/sys/kernel/mm/hugepages/hugepages-2048kB"
PAGE = 2 << 20
SPARE = 1 << 30  # of memory, that stays free beside them

_guards = []


def _read(name):
    with open(os.path.join(POOL, name)) as f:
        return int(f.read())


def _write(number):
    with open(os.path.join(POOL, "nr_hugepages"), "w") as f:
        f.write(str(number))


def _available():
    with open("/proc/meminfo") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable:"))


def reserve(pages):
    """Makes so many free, until this process ends. Why it cannot, or ''. Call it outside of the test's world: its guard stays when
    that ends."""
    guard = subprocess.Popen([sys.executable, os.path.abspath(__file__), str(pages)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             start_new_session=True)
    said = guard.stdout.readline().decode().strip()
    _guards.append(guard)  # its standard input ends with this process
    return "" if said == "ready" else said or "what reserves huge pages has failed"


def _raise(old, pages):
    missing = pages - _read("free_hugepages")
    if missing <= 0:
        return ""
    if _available() < missing * PAGE + SPARE:
        return "no memory to spare for %d huge pages of 2 MB" % missing
    _write(old + missing)
    free = _read("free_hugepages")
    return "" if free >= pages else "the kernel found room for %d of %d huge pages" % (free, pages)


def _guard(pages):
    if not os.path.isdir(POOL):
        print("this kernel has no huge pages of 2 MB", flush=True)
        return
    lock = os.open(POOL, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    old = _read("nr_hugepages")
    try:
        try:
            why = _raise(old, pages)
        except OSError as error:
            why = "huge pages cannot be reserved here: %s" % error
        print(why or "ready", flush=True)
        if not why:
            sys.stdin.read()
    finally:
        if _read("nr_hugepages") != old:
            _write(old)


if __name__ == "__main__":
    _guard(int(sys.argv[1]))
