/* SPDX-License-Identifier: Apache-2.0 */
/* mt_class: what a classtype says about a rule, as Suricata's classification.config has it. */
#ifndef MT_CLASS_H
#define MT_CLASS_H

#include <stddef.h>
#include <stdint.h>

struct mt_class {
	const char *name, *description;
	uint32_t priority; /* 1 is the highest */
};

/* NULL when there is no such classtype. */
const struct mt_class *mt_class_find(const char *name, size_t n);

#endif
