/* SPDX-License-Identifier: Apache-2.0 */
/* pg_link: the tester's two ends of the way through a device: numbered, stamped UDP frames go in at one and come out at the other.
 * They are no mail: IPv4 to port 9, discard.
 *
 * Owner:  the caller, one thread.
 * Memory: heap; for memif an mbuf pool.
 * Units:  bytes of a frame are without its check sequence; stamps are the caller's. */
#ifndef PG_LINK_H
#define PG_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PG_LINK_BURST 32
#define PG_LINK_FLOWS 64 /* frame n is of flow n modulo so many: work for every queue */
#define PG_LINK_SIZE_MIN 60
#define PG_LINK_SIZE_MAX 1514

struct pg_link;

struct pg_arrival {
	uint64_t number, stamp;
};

/* Over two kernel interfaces of this namespace: what goes out at `in` is to come in at `out`. 0, or -errno with one line in err. */
int pg_link_open_raw(struct pg_link **to, const char *in, const char *out, size_t size, char *err, size_t err_size);
/* Over memif, as the server of ids 0 (in) and 1 (out) of an abstract socket. EAL has been started. */
int pg_link_open_memif(struct pg_link **to, const char *socket, size_t size, char *err, size_t err_size);
void pg_link_free(struct pg_link *l);

/* Whether there is somebody at both ends. Of kernel interfaces it cannot be told: true. memif ports are not to be used while it is
 * false, nor while the other side may be going. */
bool pg_link_ready(const struct pg_link *l);

/* n frames (at most PG_LINK_BURST) from this number, not 0, on. How many were taken. */
unsigned pg_link_send(struct pg_link *l, uint64_t number, unsigned n, uint64_t stamp);
/* Up to PG_LINK_BURST of our frames that came out, as they were sent; what else comes is passed over. */
unsigned pg_link_receive(struct pg_link *l, struct pg_arrival *to);

#endif
