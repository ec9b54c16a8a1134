// SPDX-License-Identifier: Apache-2.0
// Asks the person at the terminal. Called by: cmd_accept.c, cmd_profile.c. Must never: ask where nobody sits, show what
// is typed as a secret, or keep more than one line.
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cmd.h"

bool prompt_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void prompt_say(const char *text)
{
    if (text) (void)!write(STDERR_FILENO, text, strlen(text)); // a terminal that is gone shows nothing
}

// One line without its end. False: nothing was there, or it is too long.
static bool read_line(char *ret, size_t cap)
{
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t got = read(STDIN_FILENO, &c, 1); // not a byte more: what follows is not ours
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || c == '\n') break;
        if (n + 1 >= cap) return false;
        ret[n++] = c;
    }
    if (n && ret[n - 1] == '\r') n--;
    ret[n] = '\0';
    return n > 0 && !memchr(ret, '\0', n);
}

enum err prompt_line(const char *question, bool hidden, char *ret, size_t cap, struct error *err)
{
    struct termios before, quiet;
    bool asks = prompt_possible();
    bool changed = asks && hidden && tcgetattr(STDIN_FILENO, &before) == 0;
    if (changed) { // before the question: what is typed in between would show
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    if (asks) prompt_say(question);
    bool whole = read_line(ret, cap);
    if (changed) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
        prompt_say("\n");
    }
    return whole ? ERR_OK : error_set(err, ERR_INVALID, "nothing was given, or a line of more than %zu bytes", cap - 1);
}
