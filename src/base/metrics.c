// SPDX-License-Identifier: Apache-2.0
// The metrics of spec/metrics.def: atomic series, found once and then counted without a lock, and their text.
// Called by: httpd, pipeline, reconcile, app. Must never: hold more than SERIES_MAX series and "other" per
// metric, lose a count when memory is out (it goes to "other"), or invalidate an index before metrics_reset.

#include "base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"

#define SERIES_MAX   256U
#define OTHER        SERIES_MAX // index of the series of all that found no place
#define OTHER_LABELS "other=\"true\""
#define LABELS_MAX   255U

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

struct metric_info {
    const char *name, *help;
    enum metric_type type;
};

static const struct metric_info infos[METRIC_COUNT_] = {
#define METRIC(id, kind, text, about) [M_##id] = {.name = text, .help = about, .type = kind},
#include "spec/metrics.def"
#undef METRIC
};

static const char *const type_names[] = {"counter", "gauge", "histogram"};

// Upper bounds, in nanoseconds and as they are written. One more bucket, +Inf, comes after them.
static const struct {
    int64_t ns;
    const char *le;
} bounds[] = {
    {500 * 1000, "0.0005"},    {NS_PER_MS, "0.001"},      {2500 * 1000, "0.0025"},  {5 * NS_PER_MS, "0.005"},
    {10 * NS_PER_MS, "0.01"},  {25 * NS_PER_MS, "0.025"}, {50 * NS_PER_MS, "0.05"}, {100 * NS_PER_MS, "0.1"},
    {250 * NS_PER_MS, "0.25"}, {500 * NS_PER_MS, "0.5"},  {NS_PER_SEC, "1"},        {2500 * NS_PER_MS, "2.5"},
    {5 * NS_PER_SEC, "5"},     {10 * NS_PER_SEC, "10"},
};
#define BUCKETS (ARRAY_LEN(bounds) + 1)

struct series {
    _Atomic int64_t value;           // counter and gauge; sum of nanoseconds of a histogram
    _Atomic int64_t bucket[BUCKETS]; // not cumulative
    const char *labels;              // immutable once published; lies behind the series
};

struct family {
    _Atomic unsigned count; // series below it are published
    _Atomic(struct series *) series[SERIES_MAX];
};

static struct {
    struct lock lock; // taken to make a series only
    struct family family[METRIC_COUNT_];
    struct series other[METRIC_COUNT_];
    _Atomic bool other_used[METRIC_COUNT_];
} g_metrics = {.lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = "metrics"}};

// ---- series -------------------------------------------------------------------------------

static bool find_series(struct family *f, const char *labels, unsigned from, unsigned *ret)
{
    unsigned count = f->count;
    for (unsigned i = from; i < count; i++) {
        struct series *s = f->series[i];
        if (strcmp(s->labels, labels) == 0) {
            *ret = i;
            return true;
        }
    }
    *ret = count;
    return false;
}

// lock held. False when there is no room or no memory.
static bool make_series(struct family *f, const char *labels)
{
    unsigned at = f->count;
    size_t n = strlen(labels) + 1;
    if (at == SERIES_MAX || n > LABELS_MAX + 1) return false;
    struct series *s = mem_zalloc(1, sizeof(*s) + n);
    if (s == NULL) return false;
    s->labels = memcpy(s + 1, labels, n);
    f->series[at] = s;
    f->count = at + 1;
    return true;
}

unsigned metric_series(enum metric m, const char *labels)
{
    ASSERT(m < METRIC_COUNT_);
    struct family *f = &g_metrics.family[m];
    unsigned at;
    if (find_series(f, labels, 0, &at)) return at;
    lock_take(&g_metrics.lock);
    // Only what others have added meanwhile is left to compare.
    if (!find_series(f, labels, at, &at) && !make_series(f, labels)) {
        g_metrics.other_used[m] = true;
        at = OTHER;
    }
    lock_drop(&g_metrics.lock);
    return at;
}

static struct series *series_at(enum metric m, unsigned at)
{
    ASSERT(m < METRIC_COUNT_ && (at == OTHER || at < SERIES_MAX));
    if (at == OTHER) return &g_metrics.other[m];
    struct series *s = atomic_load_explicit(&g_metrics.family[m].series[at], memory_order_acquire);
    ASSERT(s != NULL);
    return s;
}

void metric_add(enum metric m, unsigned series, int64_t n)
{
    struct series *s = series_at(m, series);
    ASSERT(infos[m].type == GAUGE || (infos[m].type == COUNTER && n >= 0));
    atomic_fetch_add_explicit(&s->value, n, memory_order_relaxed);
}

void metric_set(enum metric m, unsigned series, int64_t v)
{
    struct series *s = series_at(m, series);
    ASSERT(infos[m].type != HISTOGRAM);
    atomic_store_explicit(&s->value, v, memory_order_relaxed);
}

void metric_observe(enum metric m, unsigned series, int64_t ns)
{
    struct series *s = series_at(m, series);
    ASSERT(infos[m].type == HISTOGRAM);
    size_t b = 0;
    while (b < ARRAY_LEN(bounds) && ns > bounds[b].ns) b++;
    atomic_fetch_add_explicit(&s->bucket[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->value, MAX(ns, 0), memory_order_relaxed);
}

static int64_t load(_Atomic int64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

int64_t metric_value(enum metric m, unsigned series)
{
    struct series *s = series_at(m, series);
    if (infos[m].type != HISTOGRAM) return load(&s->value);
    int64_t count = 0;
    for (size_t b = 0; b < BUCKETS; b++) count += load(&s->bucket[b]);
    return count;
}

// ---- text ---------------------------------------------------------------------------------

// name[suffix][{labels[,le="…"]}] and a space.
static void put_name(struct buf *out, const struct metric_info *info, const char *suffix, const char *labels,
                     const char *le)
{
    buf_str(out, info->name);
    buf_str(out, suffix);
    if (labels[0] || le) {
        buf_char(out, '{');
        buf_str(out, labels);
        if (le) {
            if (labels[0]) buf_char(out, ',');
            buf_lit(out, "le=\"");
            buf_str(out, le);
            buf_char(out, '"');
        }
        buf_char(out, '}');
    }
    buf_char(out, ' ');
}

// Each bucket is read once and _count is their sum, so that one scrape never contradicts itself.
static void put_histogram(struct buf *out, const struct metric_info *info, struct series *s, const char *labels)
{
    int64_t count = 0, ns = load(&s->value);
    for (size_t b = 0; b < BUCKETS; b++) {
        count += load(&s->bucket[b]);
        put_name(out, info, "_bucket", labels, b < ARRAY_LEN(bounds) ? bounds[b].le : "+Inf");
        buf_i64(out, count);
        buf_char(out, '\n');
    }
    put_name(out, info, "_sum", labels, NULL);
    buf_fmt(out, "%" PRId64 ".%09" PRId64 "\n", ns / NS_PER_SEC, ns % NS_PER_SEC);
    put_name(out, info, "_count", labels, NULL);
    buf_i64(out, count);
    buf_char(out, '\n');
}

static void put_series(struct buf *out, const struct metric_info *info, struct series *s, const char *labels)
{
    if (info->type == HISTOGRAM) {
        put_histogram(out, info, s, labels);
        return;
    }
    put_name(out, info, "", labels, NULL);
    buf_i64(out, load(&s->value));
    buf_char(out, '\n');
}

void metrics_text(struct buf *out)
{
    for (unsigned m = 0; m < METRIC_COUNT_; m++) {
        const struct metric_info *info = &infos[m];
        buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name, type_names[info->type]);
        unsigned count = g_metrics.family[m].count;
        for (unsigned i = 0; i < count; i++) {
            struct series *s = g_metrics.family[m].series[i];
            put_series(out, info, s, s->labels);
        }
        if (g_metrics.other_used[m]) put_series(out, info, &g_metrics.other[m], OTHER_LABELS);
    }
}

static void clear_other(unsigned m)
{
    struct series *s = &g_metrics.other[m];
    s->value = 0;
    for (size_t b = 0; b < BUCKETS; b++) s->bucket[b] = 0;
    g_metrics.other_used[m] = false;
}

void metrics_reset(void)
{
    lock_take(&g_metrics.lock);
    for (unsigned m = 0; m < METRIC_COUNT_; m++) {
        struct family *f = &g_metrics.family[m];
        unsigned count = f->count;
        f->count = 0;
        for (unsigned i = 0; i < count; i++) {
            mem_free(f->series[i]);
            f->series[i] = NULL;
        }
        clear_other(m);
    }
    lock_drop(&g_metrics.lock);
}
