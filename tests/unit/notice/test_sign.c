// SPDX-License-Identifier: Apache-2.0
// Signatures against values computed with Python's hmac and the openssl command. Run by: meson test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "net/crypto.h"
#include "notice/sign.h"

static void vectors(void **state)
{
    uint8_t rising[32], full[32], later[32];
    char out[SIGN_TEXT];
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        rising[i] = (uint8_t)i;
        full[i] = 0xff;
        later[i] = (uint8_t)(100 + i);
    }
    sign_message(rising, SLICE("6b0550dd9a108b25c300000c"), 1614265330, SLICE("{\"test\": 2432232314}"), out);
    assert_string_equal(out, "v1,64AaLn01D9ieS+d2xObpQ1ZWZP/WDCPMDZPo7+eePtU=");
    sign_message(full, (struct slice){NULL, 0}, 0, (struct slice){NULL, 0}, out);
    assert_string_equal(out, "v1,eNv5tmx8lPTbNnyduHmD/Gp2n9vPGJTqHqdVZLQ87Gc=");
    sign_message(later, SLICE("000000000000000000000001"), INT64_C(4102444800), SLICE("{\"é\":\"☃\"}"), out);
    assert_string_equal(out, "v1,KMwF/B4aEVOkN+Iqc5DLVCGDYK9rd+ya00HF1mgNAAo=");
}

static void secrets_are_spelled_as_receivers_expect(void **state)
{
    uint8_t secret[32];
    char text[WEBHOOK_SECRET_TEXT];
    (void)state;
    for (unsigned i = 0; i < 32; i++) secret[i] = (uint8_t)i;
    webhook_secret_text(secret, text);
    assert_string_equal(text, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(secrets_are_spelled_as_receivers_expect),
    };
    struct error err;
    if (crypto_init(&err) != ERR_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
