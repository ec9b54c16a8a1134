// SPDX-License-Identifier: Apache-2.0
// The only place that reads a clock of the system, and the civil calendar in integer arithmetic.
// Called by: everything, through struct clock and the wall_… formats.
// Must never: depend on TZ, the locale, or libc's broken-down time; or write past the documented buffers.

#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define SEC_PER_DAY INT64_C(86400)
#define SEC_MAX     INT64_C(253402300799) // 9999-12-31T23:59:59Z, the last second that the formats can hold

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char day_names[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct civil {
    unsigned year, month, day; // month and day from 1
    unsigned hour, minute, second, milli;
    unsigned weekday; // 0 = Sunday
};

static struct timespec read_clock(clockid_t id)
{
    struct timespec ts;
    ASSERT(clock_gettime(id, &ts) == 0);
    return ts;
}

static struct mono system_mono(void *ctx)
{
    struct timespec ts = read_clock(CLOCK_MONOTONIC);
    return (struct mono){(int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec};
}

static struct wall system_wall(void *ctx)
{
    struct timespec ts = read_clock(CLOCK_REALTIME);
    return (struct wall){(int64_t)ts.tv_sec * US_PER_SEC + ts.tv_nsec / 1000};
}

const struct clock clock_system = {system_mono, system_wall, NULL};

static struct mono manual_mono(void *ctx)
{
    struct manual_clock *m = ctx;
    return (struct mono){m->mono_ns};
}

static struct wall manual_wall(void *ctx)
{
    struct manual_clock *m = ctx;
    return (struct wall){m->wall_us};
}

struct clock clock_manual(struct manual_clock *m)
{
    return (struct clock){manual_mono, manual_wall, m};
}

void manual_clock_advance(struct manual_clock *m, int64_t ns)
{
    // The wall hand follows the monotonic one, so that many advances below 1 us are not lost.
    int64_t before = atomic_fetch_add(&m->mono_ns, ns);
    atomic_fetch_add(&m->wall_us, (before + ns) / 1000 - before / 1000);
}

// ---- calendar -----------------------------------------------------------------------------

static bool is_leap(unsigned y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static unsigned days_in_month(unsigned y, unsigned m)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && is_leap(y) ? 1U : 0U);
}

// Days before 1 January of year y, counted from 1 January of year 1.
static int64_t days_before_year(unsigned y)
{
    int64_t p = (int64_t)y - 1;
    return p * 365 + p / 4 - p / 100 + p / 400;
}

static unsigned days_before_month(unsigned y, unsigned m)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return before[m - 1] + (m > 2 && is_leap(y) ? 1U : 0U);
}

// Days since 1970-01-01; the date is valid and not before 1970.
static int64_t days_since_epoch(unsigned y, unsigned m, unsigned d)
{
    return days_before_year(y) - days_before_year(1970) + days_before_month(y, m) + (d - 1);
}

static struct civil civil_of(struct wall w)
{
    // A time outside what four year digits hold is shown as the nearest that is inside.
    int64_t us = MAX(w.us, 0);
    int64_t sec = MIN(us / US_PER_SEC, SEC_MAX);
    int64_t days = sec / SEC_PER_DAY;
    unsigned rest = (unsigned)(sec % SEC_PER_DAY);
    struct civil c = {.hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60};
    c.milli = (unsigned)(us % US_PER_SEC / 1000);
    c.weekday = (unsigned)((days + 4) % 7); // 1970-01-01 was a Thursday
    // The mean length of a year guesses right or one beside.
    unsigned y = (unsigned)(1970 + days * 400 / 146097);
    if (days_since_epoch(y, 1, 1) > days) y--;
    if (days_since_epoch(y + 1, 1, 1) <= days) y++;
    unsigned yday = (unsigned)(days - days_since_epoch(y, 1, 1));
    unsigned m = yday / 31 + 1; // never too high, and at most one too low
    if (m < 12 && days_before_month(y, m + 1) <= yday) m++;
    c.year = y;
    c.month = m;
    c.day = yday - days_before_month(y, m) + 1;
    return c;
}

// ---- formats ------------------------------------------------------------------------------

static char *put_digits(char *p, unsigned v, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        p[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    return p + digits;
}

static char *put_date(char *p, const struct civil *c, const char *sep)
{
    p = put_digits(p, c->year, 4);
    if (*sep) *p++ = *sep;
    p = put_digits(p, c->month, 2);
    if (*sep) *p++ = *sep;
    return put_digits(p, c->day, 2);
}

static char *put_time(char *p, const struct civil *c, const char *sep)
{
    p = put_digits(p, c->hour, 2);
    if (*sep) *p++ = *sep;
    p = put_digits(p, c->minute, 2);
    if (*sep) *p++ = *sep;
    return put_digits(p, c->second, 2);
}

static char *put_text(char *p, const char *text)
{
    size_t n = strlen(text);
    memcpy(p, text, n);
    return p + n;
}

void wall_rfc3339(struct wall w, char out[21])
{
    struct civil c = civil_of(w);
    char *p = put_date(out, &c, "-");
    *p++ = 'T';
    p = put_time(p, &c, ":");
    *p++ = 'Z';
    *p = '\0';
}

void wall_rfc3339_ms(struct wall w, char out[25])
{
    struct civil c = civil_of(w);
    char *p = put_date(out, &c, "-");
    *p++ = 'T';
    p = put_time(p, &c, ":");
    *p++ = '.';
    p = put_digits(p, c.milli, 3);
    *p++ = 'Z';
    *p = '\0';
}

void wall_sigv4(struct wall w, char out[17])
{
    struct civil c = civil_of(w);
    char *p = put_date(out, &c, "");
    *p++ = 'T';
    p = put_time(p, &c, "");
    *p++ = 'Z';
    *p = '\0';
}

void wall_http_date(struct wall w, char out[30])
{
    struct civil c = civil_of(w);
    char *p = put_text(out, day_names[c.weekday]);
    p = put_text(p, ", ");
    p = put_digits(p, c.day, 2);
    *p++ = ' ';
    p = put_text(p, month_names[c.month - 1]);
    *p++ = ' ';
    p = put_digits(p, c.year, 4);
    *p++ = ' ';
    p = put_time(p, &c, ":");
    p = put_text(p, " GMT");
    *p = '\0';
}

uint32_t wall_yyyymmdd(struct wall w)
{
    struct civil c = civil_of(w);
    return c.year * 10000 + c.month * 100 + c.day;
}

// ---- parsers ------------------------------------------------------------------------------
// Each take_… moves *s past what it read; false means that the text is something else.

static bool take_digits(struct slice *s, unsigned digits, unsigned *ret)
{
    unsigned v = 0;
    if (s->n < digits) return false;
    for (unsigned i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return false;
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    s->p += digits;
    s->n -= digits;
    *ret = v;
    return true;
}

static bool take_text(struct slice *s, const char *text)
{
    size_t n = strlen(text);
    if (s->n < n || memcmp(s->p, text, n) != 0) return false;
    s->p += n;
    s->n -= n;
    return true;
}

static bool take_char(struct slice *s, const char *any)
{
    if (s->n == 0 || s->p[0] == '\0' || strchr(any, s->p[0]) == NULL) return false;
    s->p++;
    s->n--;
    return true;
}

static bool take_name(struct slice *s, const char (*names)[4], unsigned count, unsigned *ret)
{
    for (unsigned i = 0; i < count; i++) {
        if (take_text(s, names[i])) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool date_valid(const struct civil *c)
{
    return c->year >= 1970 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month);
}

static bool take_date(struct slice *s, const char *sep, struct civil *c)
{
    return take_digits(s, 4, &c->year) && take_text(s, sep) && take_digits(s, 2, &c->month) && take_text(s, sep) &&
           take_digits(s, 2, &c->day) && date_valid(c);
}

// Second 60 passes here; the callers decide whether a leap second can be meant.
static bool take_time(struct slice *s, const char *sep, struct civil *c)
{
    return take_digits(s, 2, &c->hour) && take_text(s, sep) && take_digits(s, 2, &c->minute) && take_text(s, sep) &&
           take_digits(s, 2, &c->second) && c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

static int64_t civil_sec(const struct civil *c)
{
    return days_since_epoch(c->year, c->month, c->day) * SEC_PER_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

// Leap seconds exist only as 23:59:60 UTC; they become the first second of the next day.
static bool leap_ok(const struct civil *c, int64_t sec)
{
    return c->second < 60 || sec % SEC_PER_DAY == 0;
}

// Microseconds; further digits are cut off.
static bool take_fraction(struct slice *s, int64_t *ret_us)
{
    int64_t us = 0, unit = US_PER_SEC / 10;
    unsigned digit;
    if (!take_char(s, ".")) return true;
    if (!take_digits(s, 1, &digit)) return false;
    do {
        us += digit * unit;
        unit /= 10;
    } while (take_digits(s, 1, &digit));
    *ret_us = us;
    return true;
}

static bool take_offset(struct slice *s, int64_t *ret_sec)
{
    if (take_char(s, "Zz")) return true;
    unsigned hour, minute;
    bool minus = s->n > 0 && s->p[0] == '-';
    if (!take_char(s, "+-") || !take_digits(s, 2, &hour) || !take_text(s, ":") || !take_digits(s, 2, &minute))
        return false;
    if (hour > 23 || minute > 59) return false;
    *ret_sec = (int64_t)(hour * 3600 + minute * 60) * (minus ? -1 : 1);
    return true;
}

bool wall_parse_rfc3339(struct slice s, struct wall *ret)
{
    struct civil c = {0};
    int64_t us = 0, offset = 0;
    if (!take_date(&s, "-", &c) || !take_char(&s, "Tt") || !take_time(&s, ":", &c)) return false;
    if (!take_fraction(&s, &us) || !take_offset(&s, &offset) || s.n > 0) return false;
    int64_t sec = civil_sec(&c) - offset;
    if (sec < 0 || sec > SEC_MAX || !leap_ok(&c, sec)) return false;
    ret->us = sec * US_PER_SEC + us;
    return true;
}

bool wall_parse_sigv4(struct slice s, struct wall *ret)
{
    struct civil c = {0};
    if (!take_date(&s, "", &c) || !take_text(&s, "T") || !take_time(&s, "", &c)) return false;
    if (!take_text(&s, "Z") || s.n > 0 || c.second > 59) return false;
    *ret = wall_from_sec(civil_sec(&c));
    return true;
}

bool wall_parse_http_date(struct slice s, struct wall *ret)
{
    struct civil c = {0};
    if (!take_name(&s, day_names, 7, &c.weekday) || !take_text(&s, ", ") || !take_digits(&s, 2, &c.day)) return false;
    if (!take_text(&s, " ") || !take_name(&s, month_names, 12, &c.month) || !take_text(&s, " ")) return false;
    c.month++;
    if (!take_digits(&s, 4, &c.year) || !take_text(&s, " ") || !take_time(&s, ":", &c)) return false;
    if (!take_text(&s, " GMT") || s.n > 0 || !date_valid(&c)) return false;
    int64_t sec = civil_sec(&c);
    if (sec > SEC_MAX || !leap_ok(&c, sec)) return false;
    if ((days_since_epoch(c.year, c.month, c.day) + 4) % 7 != (int64_t)c.weekday) return false;
    *ret = wall_from_sec(sec);
    return true;
}

bool date_parse_ymd(struct slice s, uint32_t *ret_yyyymmdd)
{
    struct civil c = {0};
    if (!take_date(&s, "-", &c) || s.n > 0) return false;
    *ret_yyyymmdd = c.year * 10000 + c.month * 100 + c.day;
    return true;
}
