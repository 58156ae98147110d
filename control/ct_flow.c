/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_flow.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool mapped(const uint8_t a[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	return !memcmp(a, prefix, sizeof prefix);
}

bool ct_flow_is_ipv4(const struct ct_flow *f)
{
	return mapped(f->src) && mapped(f->dst);
}

void ct_flow_address(const uint8_t address[16], char out[CT_ADDRESS_SIZE])
{
	bool v4 = mapped(address);
	if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address, out, CT_ADDRESS_SIZE))
		out[0] = '\0';
}

void ct_flow_address_full(const uint8_t address[16], char out[CT_ADDRESS_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (memcmp(address, mapped, sizeof mapped) == 0) {
		ct_flow_address(address, out);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		snprintf(out + i * 5, CT_ADDRESS_SIZE - i * 5, "%02x%02x%s", address[2 * i], address[2 * i + 1], i < 7 ? ":" : "");
}

void ct_flow_endpoint(const uint8_t address[16], uint16_t port, char out[CT_ENDPOINT_SIZE])
{
	char text[CT_ADDRESS_SIZE];
	ct_flow_address(address, text);
	snprintf(out, CT_ENDPOINT_SIZE, mapped(address) ? "%s:%u" : "[%s]:%u", text, port);
}
