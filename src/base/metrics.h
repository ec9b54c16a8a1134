// SPDX-License-Identifier: Apache-2.0
// The registry made from spec/metrics.def, and its Prometheus text. Called by: httpd, pipeline, reconcile, app.
// Must never: grow without bound (256 series per metric, then an "other" series), or take a lock to count.
#pragma once

#include "base/buf.h"

enum metric {
#define METRIC(id, type, name, help) M_##id,
#include "spec/metrics.def"
#undef METRIC
    METRIC_COUNT_
};
// metric_series: index of the series with these labels (`route="x",status="200"`; "" for none), made on
// first use. Thread-safe; look it up once and keep it.
unsigned metric_series(enum metric m, const char *labels);
void metric_add(enum metric m, unsigned series, int64_t n);      // counter and gauge
void metric_set(enum metric m, unsigned series, int64_t v);      // gauge, or a counter that is kept elsewhere
void metric_observe(enum metric m, unsigned series, int64_t ns); // histogram
int64_t metric_value(enum metric m, unsigned series);            // for tests
void metrics_text(struct buf *out);                              // text exposition format 0.0.4
void metrics_reset(void);                                        // tests only
