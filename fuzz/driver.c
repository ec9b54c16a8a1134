// SPDX-License-Identifier: Apache-2.0
// Replays a fuzz target's corpus without libFuzzer, each file also in a few mutants, so that any compiler runs it as a
// unit test. Called by: meson test. Must never: depend on anything that changes between two runs.
//   TARGET [--mutants N] FILE|DIRECTORY…
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t rng_state = 88172645463325252u;
static unsigned long inputs, mutants_each = 64;

static size_t roll(size_t below)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return below ? (size_t)(rng_state % below) : 0;
}

// The target gets memory of exactly its size, so that a sanitizer sees a read past the end.
static void give(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    if (size) memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static size_t mutate(uint8_t *data, size_t size)
{
    static const char spice[] = "\r\n\0:;, \t\"\\%{}[]<>&=0123456789aAfF\x7f\x80\xff";
    size_t at = roll(size), len = 1 + roll(8);
    switch (roll(6)) {
    case 0:
        data[at] ^= (uint8_t)(1u << roll(8));
        return size;
    case 1:
        data[at] = (uint8_t)spice[roll(sizeof spice - 1)];
        return size;
    case 2: // drop
        len = len > size - at ? size - at : len;
        memmove(data + at, data + at + len, size - at - len);
        return size - len;
    case 3: // insert
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)spice[roll(sizeof spice - 1)];
        return size + 1;
    case 4: // say it twice
        len = len > size - at ? size - at : len;
        memmove(data + at + len, data + at, size - at);
        return size + len;
    default: // cut short
        return at;
    }
}

static void replay_file(const char *path)
{
    static uint8_t data[INPUT_MAX + 64], work[INPUT_MAX + 64];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t n = fread(data, 1, INPUT_MAX, f);
    (void)fclose(f);
    give(data, n);
    for (unsigned long k = 0; n && k < mutants_each; k++) {
        memcpy(work, data, n);
        size_t m = n;
        for (size_t changes = 1 + roll(4); changes && m && m < INPUT_MAX; changes--) m = mutate(work, m);
        give(work, m);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path);
        return;
    }
    // Sorted, since the mutants of one file depend on those before it.
    static char *names[65536];
    size_t count = 0;
    DIR *dir = opendir(path);
    if (!dir) exit(1);
    for (struct dirent *e; (e = readdir(dir)) && count < 65536;) {
        char *full = NULL;
        if (e->d_name[0] != '.' && asprintf(&full, "%s/%s", path, e->d_name) > 0) names[count++] = full;
    }
    (void)closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        replay_file(names[i]);
        free(names[i]);
    }
}

int main(int argc, char **argv)
{
    int i = 1;
    if (argc > 2 && strcmp(argv[1], "--mutants") == 0) {
        mutants_each = strtoul(argv[2], NULL, 10);
        i = 3;
    }
    for (; i < argc; i++) replay(argv[i]);
    printf("%lu inputs\n", inputs);
    return inputs ? 0 : 1;
}
