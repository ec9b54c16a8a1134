// SPDX-License-Identifier: Apache-2.0
// Which notices an event makes (spec/notices.def), and their way into the outbox. Called by: core only (audit.c, and
// tests). Must never: be called outside the transaction of the event, or fail because the outbox is full.
#pragma once

#include "core/audit.h"

// Pure. about NULL: the event is not about a connection.
notice_set notices_of(enum audit_type type, const struct audit_subject *about);
// Whether spec/notices.def says anything of the event, be it that it is silent.
bool notices_know(enum audit_type type);
// The messages of one event, as webhooks will be sent them.
enum err notices_write(struct store_tx *tx, const struct audit *a, enum audit_type type, const struct event_row *event,
                       const struct audit_subject *about, struct error *err) MUST_CHECK;
