#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that dp_hold's tests find what they are there to find: breaks dp_hold.c in one place after the other, and each time
a test that is named here must fail.

usage: pg_hold_mutants.py ROOT COMPILER [ARGUMENT...]      ROOT: of the project. By hand: ... . cc

A text that is no longer in the source fails, too: when dp_hold.c changes, this list changes with it."""
import os
import shlex
import subprocess
import sys
import tempfile

EXPLORE, RANDOM, WORK_ANY, WORK_ORDER, ACK = "every*", "long*", "without*", "in_order*", "an_ack*"
PROGRAMS = {RANDOM: "dp_hold_random_test"}  # that the test is in; the others:
PROGRAM = "dp_hold_test"
LIMIT = 120  # seconds: a test that does not end has failed, too

# The test that must fail; the text; what takes its place.
MUTANTS = [
    # dp_hold_may, condition by condition
    (WORK_ANY, "\tif (h->limit == DP_HOLD_NO_LIMIT)\n\t\treturn len;\n", ""),
    (EXPLORE, "end = min_u64(off + len, h->limit), stretch", "end = off + len, stretch"),
    (EXPLORE, "= h->edge_run ? h->edge_run : h->head;", "= h->edge_run;"),
    (WORK_ORDER, "= h->edge_run ? h->edge_run : h->head;", "= h->head;"),
    (EXPLORE, "r && (r->off <= end || r->off == stretch_end)", "r && (r->off < end || r->off == stretch_end)"),
    (EXPLORE, "r && (r->off <= end || r->off == stretch_end)", "r && r->off <= end"),
    (EXPLORE, "r && (r->off <= end || r->off == stretch_end)", "r && r->off == stretch_end"),
    (EXPLORE, "r && (r->off <= end || r->off == stretch_end)", "r"),
    (EXPLORE, "\t\tif (r->off != stretch_end)\n", ""),
    (EXPLORE, "\t\tif (r->off != stretch_end)\n\t\t\tstretch = r->off;\n", ""),
    (EXPLORE, "stretch_end = sent_end(r);", "stretch_end = run_end(r);"),
    (EXPLORE, "if (stretch_end > h->limit)", "if (stretch_end >= h->limit)"),
    (EXPLORE, "if (stretch_end > h->limit)", "if (false)"),
    (EXPLORE, "return stretch > off ? (uint32_t)(stretch - 1 - off) : 0;", "return (uint32_t)(stretch - 1 - off);"),
    (EXPLORE, "return stretch > off ? (uint32_t)(stretch - 1 - off) : 0;", "return 0;"),
    (EXPLORE, "(uint32_t)(stretch - 1 - off)", "(uint32_t)(stretch - off)"),
    (EXPLORE, "return end > off ? (uint32_t)(end - off) : 0;", "return (uint32_t)(end - off);"),
    # the comparison of what comes again
    (EXPLORE, "max_u64(off, h->acked), end", "off, end"),
    (EXPLORE, "\tif (!agrees(r, mem, &s))\n\t\treturn DP_HOLD_CONTRADICTS;\n", ""),
    (EXPLORE, "r && r->off < s->end; r = r->next", "false; r = r->next"),
    (EXPLORE, "from < to && !mem->same", "!mem->same"),
    (EXPLORE, "uint64_t from = max_u64(r->off, s->off), to", "uint64_t from = r->off, to"),
    (EXPLORE, "to = min_u64(run_end(r), s->end);\n\t\tif", "to = run_end(r);\n\t\tif"),
    (EXPLORE, "r->skip + (uint32_t)(from - r->off), s->ref", "r->skip, s->ref"),
    (EXPLORE, "s->base + (uint32_t)(from - s->off),\n", "s->base,\n"),
    (EXPLORE, ".base = (uint32_t)(from - off) }", ".base = 0 }"),
    (EXPLORE, "return h->tail && off >= h->tail->off ? h->tail : h->head;", "return h->tail;"),
    (WORK_ORDER, "return h->tail && off >= h->tail->off ? h->tail : h->head;", "return h->head;"),
    # remembering, and its room
    (EXPLORE, "if (*from < (*r)->off) {", "if (false) {"),
    (EXPLORE, "*from = max_u64(*from, run_end(*r));", "*from = run_end(*r);"),
    (EXPLORE, ".skip = s->base + (uint32_t)(from - s->off), .cost", ".skip = s->base, .cost"),
    (EXPLORE, "count_holes(r, from, end), cost, from > h->read", "1, cost, from > h->read"),
    (EXPLORE, "cost, from > h->read)", "cost, false)"),
    (EXPLORE, "cost, from > h->read)", "cost, true)"),
    (EXPLORE, "cost, from > h->read)", "cost, from >= h->read)"),
    (EXPLORE, "h->cost + more + reserve(mem->max, cost, early) > mem->max ||", ""),
    (EXPLORE, "h->cost + more + reserve(mem->max, cost, early) > mem->max", "h->cost + more > mem->max"),
    (RANDOM, "||\n\t    mem->held + more + reserve(mem->held_max, cost, early) > mem->held_max", ""),
    (RANDOM, "mem->held + more + reserve(mem->held_max, cost, early) >", "mem->held + more >"),
    (RANDOM, "mem->runs->used + runs + reserve(mem->runs->size, 1, early) >", "mem->runs->used + runs >"),
    (RANDOM, "mem->runs->used + runs + reserve(mem->runs->size, 1, early) > mem->runs->size", "false"),
    # what the receiver may have
    (EXPLORE, "r && r->off <= h->edge; r = r->next", "r && r->off < h->edge; r = r->next"),
    (EXPLORE, "r && r->off <= h->edge; r = r->next", "r; r = r->next"),
    (EXPLORE, "h->edge = sent_end(r);", "h->edge = run_end(r);"),
    (WORK_ORDER, "go_on(h, h->edge_run); r && r->off <=", "h->head; r && r->off <="),
    (WORK_ORDER, "\t\th->edge_run = r;\n\t\th->edge = ", "\t\th->edge = "),
    (EXPLORE, "\tadvance_edge(h);\n", ""),
    (EXPLORE, "to = min_u64(run_end(r), end);\n\t\tif (to <= off", "to = end;\n\t\tif (to <= off"),
    (EXPLORE, "to <= off || to <= sent_end(r)", "to <= sent_end(r)"),
    (EXPLORE, "to <= off || to <= sent_end(r)", "to <= off"),
    (EXPLORE, "h->unsent -= r->sent == r->len;", ""),
    (EXPLORE, "while (r && r->sent == r->len)", "while (false)"),
    # reading and forgetting
    (EXPLORE, "if (!r || r->off > h->read)", "if (!r)"),
    (EXPLORE, "while (r && run_end(r) <= h->read)", "while (r && run_end(r) < h->read)"),
    (EXPLORE, "*skip = r->skip + past;", "*skip = r->skip;"),
    (ACK, "\tif (!known)\n\t\tto = h->edge;\n", ""),
    (EXPLORE, "if (to <= h->acked)\n\t\treturn known;", "return known;"),
    (RANDOM, "\tif (to <= h->acked)\n\t\treturn known;\n", ""),
    (EXPLORE, "run_end(h->head) <= to)", "run_end(h->head) < to)"),
    (EXPLORE, "run_end(h->head) <= to)", "h->head->off < to)"),
    (EXPLORE, "h->unsent -= r->sent < r->len;", ""),
    (EXPLORE, "\tif (h->edge_run == r)\n\t\th->edge_run = NULL;\n", ""),
    (EXPLORE, "\tif (h->read_run == r)\n\t\th->read_run = NULL;\n", ""),
    (EXPLORE, "\tif (!h->head)\n\t\th->tail = NULL;\n", ""),
]


def fails(test, which):
    """How the test failed, or None."""
    try:
        done = subprocess.run([test, which], capture_output=True, timeout=LIMIT, env={**os.environ, "MAILWEIR_DEEP": "0"})
    except subprocess.TimeoutExpired:
        return "did not end"
    if b"[ RUN" not in done.stdout + done.stderr:
        sys.exit(f"pg_hold_mutants: {which}: no test of that name runs")
    return f"status {done.returncode}" if done.returncode else None


def main():
    root, compiler = sys.argv[1], sys.argv[2:]
    if not compiler:
        sys.exit(__doc__)
    cc = [*compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-I", root]
    libs = shlex.split(subprocess.run(["pkg-config", "--cflags", "--libs", "cmocka"], capture_output=True, text=True,
                                      check=True).stdout)
    with open(os.path.join(root, "dataplane/dp_hold.c"), encoding="utf-8") as f:
        source = f.read()
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        for name in "dataplane/dp_hold_test", "dataplane/dp_hold_random_test", "reassembly/rs_pool":
            subprocess.run([*cc, "-c", os.path.join(root, name + ".c"), "-o", os.path.join(folder, os.path.basename(name) + ".o")],
                           check=True)

        def build(text, which):
            path, test = os.path.join(folder, "dp_hold.c"), os.path.join(folder, "test")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            objects = [os.path.join(folder, name + ".o") for name in (PROGRAMS.get(which, PROGRAM), "rs_pool")]
            subprocess.run([*cc, "-w", path, *objects, *libs, "-o", test], check=True)
            return test

        for which in sorted({m[0] for m in MUTANTS}):
            if how := fails(build(source, which), which):
                sys.exit(f"pg_hold_mutants: {which} fails without a change ({how})")
        for which, old, new in MUTANTS:
            if source.count(old) != 1:
                sys.exit(f"pg_hold_mutants: {old!r} is {source.count(old)} times in dp_hold.c, not once: bring the list up to date")
            how = fails(build(source.replace(old, new), which), which)
            print(f"{which}: {how or 'SURVIVED'}: {old!r} -> {new!r}", flush=True)
            if not how:
                survived.append(old)
    if survived:
        sys.exit(f"pg_hold_mutants: {len(survived)} of {len(MUTANTS)} changes were not found, see above: "
                 "a condition that nothing needs, or a test that does not look")
    print(f"{len(MUTANTS)} changes, each found")


if __name__ == "__main__":
    main()
