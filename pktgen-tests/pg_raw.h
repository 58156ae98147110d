/* SPDX-License-Identifier: Apache-2.0 */
/* pg_raw: the frames of a kernel interface, by a raw packet socket.
 *
 * Frames come and go whole: with the virtio_net_hdr that says what is left to do to them, so that one which the kernel has not yet
 * cut up or summed is passed on as it is; and with the VLAN tag that the kernel may have taken out.
 *
 * Owner: the caller, one thread. */
#ifndef PG_RAW_H
#define PG_RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pg_raw {
	int fd; /* receiving never waits, sending does */
	const char *name; /* the caller's */
};

/* Promiscuous, blind to what it sends itself. 0, or -errno with one line in err. */
int pg_raw_open(struct pg_raw *r, const char *interface, char *err, size_t err_size);

/* The next frame, its header before it, somewhere in buf: *at. Its length; 0 when there is none now; -EMSGSIZE or another -errno
 * for one that was there and cannot be had. */
ssize_t pg_raw_receive(struct pg_raw *r, uint8_t *buf, size_t size, uint8_t **at);
/* Header and frame, as they were received. 0 or -errno. */
int pg_raw_send(struct pg_raw *r, const uint8_t *frame, size_t len);
/* Frames that came and found the socket's buffer full, since the last time. */
uint64_t pg_raw_missed(struct pg_raw *r);
void pg_raw_close(struct pg_raw *r);

#endif
