/* SPDX-License-Identifier: Apache-2.0 */
/* ct_writer: where lines go: a file that is added to, or standard output.
 *
 * What cannot be written is counted, not waited for: a full disk or a log reader that went away must not stop a sensor.
 *   - A line is written whole or not at all. What a failing write left of one in a file is cut off again; where it cannot be
 *     (a pipe has it already), the rest of it goes before anything else.
 *   - A pipe whose reader takes nothing is waited for CT_WRITER_WAIT milliseconds, once; until it takes something again, lines are
 *     lost without waiting. A regular file's disk is waited for as long as the kernel lets it.
 *   - `say` is told once when lines begin to be lost, and why; and when none was for CT_WRITER_CALM, and how many were.
 *
 * Owner:  made by main. Any thread of control writes: it has a lock of its own. Workers never do.
 * Memory: heap.
 * Units:  `now` in nanoseconds, of any clock that does not go back. */
#ifndef CT_WRITER_H
#define CT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_WRITER_WAIT 1000
#define CT_WRITER_CALM UINT64_C(5000000000)

struct ct_writer;

/* One line for a person, without line end. Called with the writer's lock held: it must not write to the writer. */
typedef void (*ct_writer_say)(void *arg, const char *line);

/* path: opened to be added to, made where it is not; a line that an earlier program left unfinished there is ended first.
 * 0, or -errno with *out NULL. */
int ct_writer_open(struct ct_writer **out, const char *path, ct_writer_say say, void *arg);
/* fd stays the caller's; name stands for it in what is said. */
int ct_writer_open_fd(struct ct_writer **out, int fd, const char *name, ct_writer_say say, void *arg);

/* One or more lines, each ended by \n: those that belong together. True: written. */
bool ct_writer_put(struct ct_writer *w, const char *lines, uint64_t now);

/* Opens the path again, for it was renamed. 0, or -errno, said: then lines go where they went. Of an fd: nothing. */
int ct_writer_reopen(struct ct_writer *w);

uint64_t ct_writer_lost(struct ct_writer *w); /* lines, so far */

/* 0, or -errno of what was still to be written and could not be. Takes NULL. */
int ct_writer_close(struct ct_writer *w);

#endif
