// SPDX-License-Identifier: Apache-2.0
// Words in braces are replaced, all else stays. Called by: core. Must never: write more than its buffer holds.
#include "model/name_tag.h"

#include "base/buf.h"
#include "model/name.h"

#define PUNCTUATION " +-=._:/@"

static const char *word_of(struct slice word, const struct connection *c)
{
    const struct {
        const char *name, *value;
    } words[] = {{"requesterAccountId", c->requester_account},
                 {"requesterVpcId", c->requester_vpc},
                 {"requesterRegion", c->requester_region},
                 {"accepterVpcId", c->accepter_vpc},
                 {"connectionId", c->name}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_eq_cstr(word, words[i].name)) return words[i].value;
    return NULL;
}

// False: a word that is not known, a brace without its other, or no room.
static bool expand(struct slice t, const struct connection *c, struct buf *out)
{
    while (t.n) {
        struct slice text = t, word;
        const char *open = memchr(t.p, '{', t.n);
        if (open) text.n = (size_t)(open - t.p);
        if (memchr(text.p, '}', text.n)) return false;
        buf_slice(out, text);
        if (!open) break;
        t = slice_skip(t, text.n + 1);
        if (!memchr(t.p, '}', t.n) || !slice_cut(&t, '}', &word)) return false;
        const char *value = word_of(word, c);
        if (!value) return false;
        buf_str(out, value);
    }
    return out->fail == BUF_OK;
}

enum err name_tag_check(struct slice template, struct error *err)
{
    static const struct connection longest = {.name = "pcx-0123456789abcdef0",
                                              .requester_account = "123456789012",
                                              .requester_vpc = "vpc-0123456789abcdef0",
                                              .requester_region = "us-gov-northeast-1x",
                                              .accepter_vpc = "vpc-0123456789abcdef0"};
    struct buf value;
    enum err code = ERR_OK;
    buf_init(&value, 16 * NAME_TAG_BYTES);
    if (template.n > NAME_TAG_BYTES || !expand(template, &longest, &value))
        code = error_set(err, ERR_INVALID, "the words of a name tag are %s", NAME_TAG_WORDS);
    else if (!name_valid(buf_view(&value), NAME_TAG_CHARS, PUNCTUATION))
        code = error_set(err, ERR_INVALID,
                         "a name tag has 1 to %d letters, digits, spaces and %s, as AWS allows, words included",
                         NAME_TAG_CHARS, "+-=._:/@");
    else if (slice_trim(template, " ").n != template.n)
        code = error_set(err, ERR_INVALID, "a name tag neither begins nor ends with a space");
    else if (template.n >= 4 && slice_eq_nocase(slice_n(template.p, 4), SLICE("aws:")))
        code = error_set(err, ERR_INVALID, "values that begin with aws: belong to AWS");
    buf_done(&value);
    return code;
}

void name_tag_expand(struct slice template, const struct connection *c, char ret[NAME_TAG_BYTES])
{
    struct buf value;
    buf_init(&value, 16 * NAME_TAG_BYTES);
    bool ok = expand(template, c, &value) && slice_copy(buf_view(&value), ret, NAME_TAG_BYTES);
    if (!ok) ret[0] = '\0'; // no memory: the connection goes without
    buf_done(&value);
}
