/* SPDX-License-Identifier: Apache-2.0 */
/* ct_flow: a connection's ends in text. */
#ifndef CT_FLOW_H
#define CT_FLOW_H

#include "control/ct_record.h"

#define CT_ADDRESS_SIZE 48
#define CT_ENDPOINT_SIZE 64

/* Also IPv4 addresses that are mapped into IPv6 (RFC 4291 2.5.5.2), which is how ct_flow holds them. */
bool ct_flow_is_ipv4(const struct ct_flow *f);
/* Of struct ct_flow's src or dst: "10.0.0.1", "2001:db8::1". */
void ct_flow_address(const uint8_t address[16], char out[CT_ADDRESS_SIZE]);
/* As Suricata writes it in its records: an IPv6 address with all its digits. */
void ct_flow_address_full(const uint8_t address[16], char out[CT_ADDRESS_SIZE]);
/* "10.0.0.1:25", "[2001:db8::1]:25" */
void ct_flow_endpoint(const uint8_t address[16], uint16_t port, char out[CT_ENDPOINT_SIZE]);

#endif
