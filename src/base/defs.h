// SPDX-License-Identifier: Apache-2.0
// Attributes and small macros that every file may use.
// Called by: everything. Must never: include a project header or hold state.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define NORETURN                __attribute__((noreturn))
#define UNUSED                  __attribute__((unused))
#define CLEANUP(fn)             __attribute__((cleanup(fn)))
#define ARRAY_LEN(a)            (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)               ((a) < (b) ? (a) : (b))
#define MAX(a, b)               ((a) > (b) ? (a) : (b))

// container_of: the struct of `type` whose `member` is at `ptr`.
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

NORETURN void assert_failed(const char *file, int line, const char *expr);

// Programmer errors only, never input. Stays on in release builds: prints file, line and
// expression as one log line and aborts.
#define ASSERT(cond) ((cond) ? (void)0 : assert_failed(__FILE__, __LINE__, #cond))

// Checked arithmetic: true when the result overflowed and *out must not be used.
#define add_overflows(a, b, out) __builtin_add_overflow((a), (b), (out))
#define mul_overflows(a, b, out) __builtin_mul_overflow((a), (b), (out))
