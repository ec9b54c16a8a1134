// SPDX-License-Identifier: Apache-2.0
// Keys and tokens of a provider, made by tests/support/make_oidc_tokens.py with another implementation.
// Called by: tests/unit/auth, fuzzing. Must never: be written by hand.
#pragma once

#define OIDC_NOW      1700000000
#define OIDC_ISSUER   "https://login.example.com/realms/main"
#define OIDC_AUDIENCE "peerage"

static const char oidc_jwks[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"2wHCSIA6de6DM01biEgKSMYS_DyAScE4SlOg-jJGZCgoAAc9zaoyTGjzIzf"
    "Z1gNyhqr44zEB8U3ZNnd0GKu4-z9JKda_SO2Zv82zH0xl9R4NStqhQbsjeTAPJl0ETf2iSkn30EQbtrt6cEkbmeZmC"
    "-IKtsLGjJusFMXQ6hItro7msbQ7GDXjqSAwkiul0_-qw1-u0V98Eou-qZre7RyM8ibocwAOeloKtpD5h2KuwI05YPT"
    "DNxc-bJxNEtejOmWBTtekzuchzUU-EdKY6JncLWysJD-k1Yuqbet9XC0efJ0hgmQAlc9X98PIdaPRE-oYGDv7o2o4I"
    "3Fts8FoXIJFRw\", \"e\": \"AQAB\", \"kid\": \"one\", \"use\": \"sig\", \"alg\": \"RS256\"}, {\"kty\": \"RSA\", \""
    "n\": \"zk82-Fw7Aqs8Esh2nd1M2j4CVdr3ieFPV1h7yo90WOlj8QE0Jqo0LyPP8BcktIGixywWyh_0KhFEjsW2oOPKw"
    "pls6ecDzIIzrd4LwjJ7XcwL6X_Mx0hNxS8_u4ovZBDjj1MCO5egaLJKjL9xmkv3YO9dU8j4RrNBOERWXTHRTk3ghrM"
    "KSc91ZZZA0dJSnA9Zc4sm6M4z3jFWICBzcbHN0H_4yhlVVhEqR4oEx58r7fLPrAb65ZkKQe599f18wPHKmrDS9ZlEw"
    "fRPH0QM-UORKqtWsGL87xU7vPzXOQwvmErGzU1FSx31qAlgCnwrdwy5cQtD4uWCuq17dNa_oOjbtQ\", \"e\": \"AQAB"
    "\", \"kid\": \"two\"}, {\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"6PxG-l_dnVoC56XJmJBO9yLmVBHWR6Hd5fzn"
    "UNaPHSo\", \"y\": \"cv00oN6D2ormmngveotUPkDLQ8xGeOg57WagJkAnqFM\", \"kid\": \"curve\", \"use\": \"sig\""
    "}, {\"kty\": \"RSA\", \"n\": \"u39pqKJSE3UrTsAlI6f7FBjV7nsiZNF1vLMvrI0jxiiu9W8WI4mw40diXHm24NrG0r"
    "6jM8aGUXr87TgKINLat_hfZVVUSQ3zAaBJ7fkneZZgg1CL4UTeh7hqLENtmkNjswMJ25dlT7FWBS9zS9GXi2kac_0h"
    "T4XB6kksIvBzN3U\", \"e\": \"AQAB\", \"kid\": \"small\"}, {\"kty\": \"EC\", \"crv\": \"P-384\", \"x\": \"_EOvq8"
    "C6XOdhZ6xX-vn6WigWa1wtcGSu8dqRhCzIAZRuCrfbaqijylCZwoRC1uXS\", \"y\": \"6Ucq-kwztxu7eQEhg0xwaCb"
    "PcrcARRedhJBUvSVT0gXs4DMbP-jlKxSOBXXzHavq\", \"kid\": \"big\"}, {\"kty\": \"RSA\", \"n\": \"qnCq65qoBL"
    "UO7oAmUjBgFbhkHJIZyXf8b_FoOmSQmQ1tsgfFsBGyJzVqv7MJ0GPlMeYarwjYSB5pYnoAE8IDNZJZ2q0aS237rgB3"
    "_BJiNWfJi5esbozyFVNJcfN85PGCsE21CUXhozz164Y8z3V9IjF8jNOt9raokpdabLWH1o-7Y-tzaA45aej22M6jRH"
    "mxueFKMq45v83m9jsDChAjqkWHeYiAEhKU0MEyWg0Ea5GR5t0lRJlHdAPd4SmxBNj2GrQpwPcUBF-rscpTSOEPnLdW"
    "HyiVym3TG9t3lw3M8Dw_fn4LXJhECLD9QzuB0gwO_LvLOp0z3JCNydC7WZr3qw\", \"e\": \"AQAB\", \"kid\": \"enc\""
    ", \"use\": \"enc\"}, {\"kty\": \"oct\", \"kid\": \"oct\", \"k\": \"c2VjcmV0\"}, {\"kty\": \"RSA\", \"n\": \"qnCq6"
    "5qoBLUO7oAmUjBgFbhkHJIZyXf8b_FoOmSQmQ1tsgfFsBGyJzVqv7MJ0GPlMeYarwjYSB5pYnoAE8IDNZJZ2q0aS23"
    "7rgB3_BJiNWfJi5esbozyFVNJcfN85PGCsE21CUXhozz164Y8z3V9IjF8jNOt9raokpdabLWH1o-7Y-tzaA45aej22"
    "M6jRHmxueFKMq45v83m9jsDChAjqkWHeYiAEhKU0MEyWg0Ea5GR5t0lRJlHdAPd4SmxBNj2GrQpwPcUBF-rscpTSOE"
    "PnLdWHyiVym3TG9t3lw3M8Dw_fn4LXJhECLD9QzuB0gwO_LvLOp0z3JCNydC7WZr3qw\", \"e\": \"AQAB\", \"kid\": "
    "\"pss\", \"alg\": \"PS256\"}]}";

static const char oidc_one_jwk[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"2wHCSIA6de6DM01biEgKSMYS_DyAScE4SlOg-jJGZCgoAAc9zaoyTGjzIzf"
    "Z1gNyhqr44zEB8U3ZNnd0GKu4-z9JKda_SO2Zv82zH0xl9R4NStqhQbsjeTAPJl0ETf2iSkn30EQbtrt6cEkbmeZmC"
    "-IKtsLGjJusFMXQ6hItro7msbQ7GDXjqSAwkiul0_-qw1-u0V98Eou-qZre7RyM8ibocwAOeloKtpD5h2KuwI05YPT"
    "DNxc-bJxNEtejOmWBTtekzuchzUU-EdKY6JncLWysJD-k1Yuqbet9XC0efJ0hgmQAlc9X98PIdaPRE-oYGDv7o2o4I"
    "3Fts8FoXIJFRw\", \"e\": \"AQAB\"}]}";

static const char oidc_no_kid[] =
    "eyJhbGciOiAiUlMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJ"
    "hdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxN"
    "zAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.15kb"
    "y42L2N_3PB7-P0Dyt0lDdieEkFICmHXJbaZogJUFljNY-_RUvuTr9f6GFdJl482ISo2-uis-G50vojYO_mQ9jgu7Xy"
    "UkId_iBTxj_YEVs7G9-djhPDwO0XLDPBmHk6A_4vcpDYh_4IWVaV5b99zh5fMoCKH_2wEvgk9frv40PRiv2SqDVr5z"
    "dwHr38VUyd6X_8Wh4bVr27hx_VYapbc7pv60_qcxypJWNcoLdlzYkJcq3k0HB2cLd-Uv-CXGcpLdqOjmnkYTxwctIa"
    "fmWZ12hMw20IA_3G4YZLD8_ULjwpT4CJHAoXIj7yCWueqrl5Z2e_21TSnj6vDQiZrT2g";

static const char oidc_unverified[] =
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
    "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
    "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
    "mVhZGVycyJdLCAiZW1haWxfdmVyaWZpZWQiOiBmYWxzZX0.ulfVLNZugMa2wsXXPAWJzqGOhaEBh74tm8SQgZ42fCR"
    "s6qv_Dw0dKRX1jbEGaZiBLkQ8hKRgq6Q67Qn_bGVuuXyuPFlx7a2k6YpwIYtfIRGanIBHy4pJ-JQccQgjZxMUiOQzU"
    "4KFROM7FOT5Aafwyv0kl9y2N4GH6wx6MulBZaNJb_k9hBiaTKJHul4ia7oy82PAdSgRybfopPJ9jqHJFGFBsZrZdww"
    "GkPQTlKMRpKe_FjyCWCPsMglWjDv5QqdtiBtB9_YP4QVCFUohdb3b2VNk-G4pCTw6fOKHkzir_wdXWCWyjRqmsossf"
    "SrbqrTrrpXSQ42VmSqxt4KibjiEEA";

static const struct {
    const char *what;
    enum oidc_verdict verdict;
    const char *token;
} oidc_cases[] = {
    {"RS256", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.sI9-e8B1K2IAMY93hOo2z9RVMuNq7wsuTqB2hYxITCQs0hK86Du0G6kdyCeVxkaw8qnC1LHA8X4n"
     "LLD21j4Unwxom3hPUUG4NNYBLaQOTdFCe0Fsl9qxidl2FfSsFO5rySysbL5SF7HNvxbymYRzPOPPJ491anr3s4UtUh"
     "n0ILO3ZSa4K0lRpQWaE8iB01J1MRqdzcWM34lpTpp1mCvo8RzwtJpI60MJoI3I_bB71BjeEozFvnsP2QugEGtL6oXw"
     "1XSLPCZkLFUmIFgOXTYFi8luUeT53CapYvyAg5CvoRWAlwgmB2jsY60X9Fo6UZBQiMQEfF0vFLdpRlBD06KOPg"},
    {"RS256 with the other key", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInR3byJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.Os7kHFDlvFnkfUFX-PvFsUojZLqOY_Ak1VQVj5v1Jn0RrBDmK8iqNwYYSiVmTHkQe3hc9qxMIM21"
     "5ImvP6VEjIvdb12ke_hUjz9DgIMEyDfytpdSBuvJPNRlPobIHQcnxQDfhisM5ZRIQRULuEd-PghiC-7UFQ1Y1h0ZXh"
     "mmn5_kEWy2aD1NydkIu5bQq1Bxjh1ChTNLLKsS_Twbanl-TQlqH0ThgpigH0sVJ3F8O-jErLOkzmwB9lnjd4AMCQ-W"
     "cB4KVWOWmBpiBvR6OdKWERPR2qdH3zv882Fzk4R88oIFVU9ClEfTBa2QaQr-P_c5k4NuSI0UFk3aqECxASl2pA"},
    {"ES256", OIDC_GOOD,
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImN1cnZlIiwgInR5cCI6ICJKV1QifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2d"
     "pbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsI"
     "jogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI"
     "6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.DvMnbGI2K6sfxAjjxxLaV80I1mRGX5Ktwjx2bPvtTwd-dtSwZKm827"
     "bdQV0DY5Ht9vOJ2VjNC1XsIPj7GuMmkw"},
    {"an access token's type", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSIsICJ0eXAiOiAiYXQrand0In0.eyJpc3MiOiAiaHR0cHM6Ly9sb2"
     "dpbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWls"
     "IjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3Vwcy"
     "I6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.O9qyLREAAxcKEVTUBcWwgk9y4G_mbGHoJ_UtKIDZfK5dP0la6KR9p"
     "rssAK0HmD5KKvWeCR3UXKqClOhGXNUqbk4r-25pTRUF3mwMjP55tJM962QXC3qMd5Dx1teiQCOdD2huWI1lCgu9EKA"
     "8vvLa9gYXNXiveuoHCulLgEaTCHsRzvyd0cJcjef2NVsHKIc2GpAGY4P3U8h0vdZEAO90h5mcW4LhTlvWhvhFPnVHn"
     "epjYFwplw9jx5Q-5bdtnRX1O1mDfo7JvPLElY38YAdpSV7D5kbyeqqBX6dT3LzTN9IcDWhjn-Jt4mvkCw6Dq6DhA7A"
     "IaILzei9gZYGKVFFaUQ"},
    {"audience in an array", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiBbIngiLCAicGVlcmFnZSJdLCAic3ViIjogInUtMSIsICJlbWFpbCI6ICJhZGFAZXh"
     "hbXBsZS5jb20iLCAiZXhwIjogMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb"
     "3JtIiwgInJlYWRlcnMiXX0.R7y416A5ScNT6ic3lAxqt0FfMX7AGKP0-rfWnv1X2X0W7Q74JFPVUOTKo2jOSKlxkM-"
     "gsmmuMKlZq7iSZdYEKtWHJ8dMvPjnI8FOZH8yssILjd2ftME7o2LkAA95BFSFQodjtZm-rj_W0UQQyMJ5JY-_1jV3E"
     "M6nuNtmF26vCQwTum8VnOvHEttyhOohtJCFf3g2KVUeRuocEWV8jszC2-OToc13id34wrDblNVJmLDEHn6PV8DtWrY"
     "z0sWzzDUtqhJLMx6AI2hdgkmInrGZ3sNa2_QssUtk6fMDVTG9mw39zgcFyysa8hv9l8xyOxSooyXW6CYWamPH0_4YA"
     "Nz3Eg"},
    {"fractions of seconds", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLjUsICJpYXQiOiAxNjk5OTk5OTk4LjUsICJncm91cHMiOiBbInBsYXRmb3JtI"
     "iwgInJlYWRlcnMiXX0.zH-aOP4KsC2DIoq_7AycrHEVYGKE_etIgGCBVydudKtz_IT1g9d_gKPtv5wLHEdezLY4MxH"
     "X-t6Ra7910tCyow6wQtmzwYqLDZFX1f231s9GDXI6hz0-L2Ai6F2ozx8g46gHvNg43dD8bHmIcqNKOnvXJ_2ZudU-N"
     "7NfzSzh3ObOAL7dRcy03yScoSK8CXwmX-coGMN13o1zf_jbpjDIdB0w-DfVBUiRxIezVDeNdmdU3TuBkS6a-INp718"
     "m7EDOfZfO7dpIC9r7lLvNRzUiySbSj5_j0e07UwkU-Vd7MZGsbpkP_Ro5282mz6Y3mqUo9GA4JzZFDiuB7uNmzOZNh"
     "Q"},
    {"one group as a string", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6ICJwbGF0Zm9ybSJ9.i816"
     "XD5rwIyUxviVL1a7o-7rcUCVcRt6JgdEXCnjjqunZTTGT9898JmzU7OUWimaZsV-nga1-L_6Z1dc1jG4u7qIHlG-bh"
     "3aD3oD0Hfml3g8XDhI3vjpEMEQgUevt-lYXws63hs9-Hw5VLhhtfNQo39mplDAJJZKAu0PUwvdZ-wwSZ22w2VuMHdw"
     "AZG-aWgPoTY3GOFCEgiVo0DfW_6CGXrR-xvIUnE8S5lHEWD_OVnUliiUvAvtRXEPk5DlfAM_qCEJLD7NpUn8y3vqfx"
     "faLEX0pH1Z41b_G_-ezHm3uby1uIz1M1IuTSrkrmQrF_6VgLc8UtumoHgYqybkRd_kLQ"},
    {"no groups", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NX0.XM_RrypblY-bdVHOgm3P8JrcGGuKbE7ga"
     "GDlMbcCSILbtQjsvCjW3uvGCPv2UpjCwgVOzIc5n5KBvzTDkAawDpqp-jdsW8Tf0baDqUAIlxB4Vw0RJJCHgPFTl5P"
     "YAb_9XfKJ9gDYuQaVDV01XTHSmyISjDf7iXGdVaqbN3M2ih05AFhlK1oGeorx4LJGfC4zoD_Be1CXQx2p71TgO9exe"
     "PFtLihjIWq9RSnUofM1SJbf_O9NN_-G6eFIi9eGMd1kGr5TE29RQa8Qlv-XkKNN_T9YOTkClHEZVncCXfBckmtPRpz"
     "AdOjngk_QKZCC55vg8U5BhGZsVm8OEdYBsoQ4EQ"},
    {"the provider's clock is a minute ahead", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTcwMDAwMDA2MCwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdLCAibmJmIjogMTcwMDAwMDA2MH0.ffJgj62fCNyF7PLle32_4gsMyqsEBdH38dlC-D8ya-SnefIuVIs"
     "69p_I1i-L48QQmC11qcmQBnfZdXWqNgL6E5JtV-oKLvRlr2Mw5Vmd2y2DUJvoIprNnUHiNdXS5VdsoKdXpgKaCMBZQ"
     "kfZJfopQKhpR1XnaJLUeI0NuSz3Wz3PeyuoDRnH5vAXEQ7p0xskoy_c3nvbPplTpaHDCRNbWSPOsAy4VfhaWvwICR1"
     "WDN4uCYzcQ28dctPnnaf1wu9YpcVtsAwuPVoAk2GTtQZhk88ou7PWs0ykxvFvE7qBormlnUhQjVtg65pex1COIRIaz"
     "OgdIQjhrWJGSraSn0b7hA"},
    {"expires in a second", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwMDAxLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.okok5aMafUe_9kHQAT6oUROJFluNpmu5tnqT79D6KEnJmc94w0hjLamJE4bazswoKWX6Zn6ZopmK"
     "rzQCF524euRtHHsGj6iRUklCri8UKk5y-hQZ9YELfITAAoGIZVyw3yEf_JblOplLT-1UFW8F693rm3E-e7JCtFsdeL"
     "l0ZyWuVHMOtjkciJs93tm6aGOg_HGwH3V-sYbIv_a2Zh3L6YVERTTj3IOSyyTcS11A6z7RtJJjoSOBoHyvbzcNYv-i"
     "PV-buk_-n5hmguGQdZenqoHN-eTGkXl58xZSl0xyb--ugRYxseTA1HSWB1cbgA_HsuPDCYwoaMiub1Nnfkj5dg"},
    {"expires now", OIDC_EXPIRED,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwMDAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.bV9nbeWf7NIrcOs2OK9jSsbMDllgvNnQ-oki5C4ygnZ4_A3ZnjgzLr2ZZtZ33dTRBoRueZTK1AMZ"
     "x_m88DueuxEaRxwnczzymIM8YI-Oj0_-KorA4cUioG_aj3cihPDbK2QHZt4Ore3GGTB7WRlrWwjxiTwXOJ_jyH207l"
     "k68unbvlOEW3tNns2tegJDoZW377DKBsdIYrSGQNcpmJQWhgWGVTFyRaCzq5ctC6ZRph5PC9C5l8qT7baGVXtVKdp5"
     "4GkrxRQStVz4p3CB_NhCXBTpy41_JdGOWXJRJ4Xc6Cwy9H2FjHRi9IBIS0vSTBOlQguKngs5d4I49uZF2BG5iw"},
    {"long over", OIDC_EXPIRED,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNjk5OTEzNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.tCaUXn6RzhXE_IYkc1xJyd3goTyGJu4vHJlU3Oze1LnsXVPUTfQooTakrBEWiz3RuQfal2Ff4Eyq"
     "3Kf4tgvi0CNMT7mUTEfMyLwNWwiufSW7Hf8tPhxfikhj-KEazFfWBhMe2-Q-AWJhuvBI1QZUHqtRubg0L1rBtLqHMb"
     "K3aj1q4cXdVUL2xFSUaAECfmuOmOO_Afls6OIIZb7fFtUaMmyQw5XUzs7518t0M0UFzMO6Z3h0zmKW99nZvDZLS4NS"
     "Fyx4N7WR88zYIRqNOa-eh3O2EekCK7aQEHflwwm_c92DYy46JVjf2Xa59zA5pEdGAPHKVfHHuVEymenW88j6kQ"},
    {"no expiry", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJpYXQiOiAxNjk5OTk5OTk1LCAiZ3JvdXBzIjogWyJwbGF0Zm9ybSIsICJyZWFkZXJzIl19.ILEEM5wQjYta"
     "4CV-2i8xuyKjIsF1axLklQEbNCIt5_oqy-rt6mYhHD7SuJgwex7OV5Bdoj9r611VWMrvrcVlxwg2ZU9NHX5wvKI3mW"
     "SwHKP-wdMOvK2PhInnGzqhxOuS1pRDlp6rOed5nm90-lwW4m5nPuynzGm6jqFOp4l8xQqnDksyhjFiJMem43ge8qJi"
     "xH-uwBKe65pywbEK4bPi0x1KpH9dd_xbfzBMAdjW89y40FdyR4BuIOWT8uGsRYQsbiZsf25ByZ5f6gVQnfO11av3gI"
     "hJwbcFWb00yC7najInAdzcb8lTbtPi-Sk9hXDtNHjo3vtOgBXA6PbSIcVEzw"},
    {"expiry as text", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAiMTcwMDAwMDYwMCIsICJpYXQiOiAxNjk5OTk5OTk1LCAiZ3JvdXBzIjogWyJwbGF0Zm9ybSIsI"
     "CJyZWFkZXJzIl19.U-pZaxaGBpbsjWdwHV25Vhq6K503tva7u4stiqvfmzTvNjJt0yuMRmN0GjRvmTQkhG2AgWX8V_"
     "m4NX-ik8Rupp96AoJc2axa0PgK3LQYyE9tjA87L3g1F160cvIsQbANil-P4guy8jMNah2ViXzsK_fGCZ2GTHAuh5k2"
     "aoZ8QGvKvh5gL4Bbd88kHxFefh0dRaUX5ZQ_vtVDiN-vROBUvPf1FPvoguDPwkSaFuihgfEu6ktMQvSRTjBFKUzWtX"
     "NCSr734CXYVv4UiYLl3BGgUgcRdGu4GGaFeUOXUyKk6UCEZqg-WTYcLn22HSOZFwE_IS4_Oj4UwlvCOYRZg6XudA"},
    {"not yet valid", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdLCAibmJmIjogMTcwMDAwMDA2MX0.dtJFkGEFI3tistnjCfnIetQHkQdJRWf3hOZhngthvHk81-WyoRZ"
     "vdTCYfc1pAh0urk_XPkJ7iZErxcw2aDYuBjjK0B2lEW9emoQ1crHVDLqXmLVRrl_SEXgfhVkRFrQllIt2MOljsZ3oj"
     "uw2VEZVA6id7nb0RpD4jOQadLTNIExkqS9RlLdvK0rBM4vMyhMyBmkKwwsxN0nqidkF9NQ2A3rNrf8XIFJd9I5ROXS"
     "CzieZlh8YzSB0L2ZmnBqYyYCfyEC6TycO62paL9EIKgE6wPs6boxcutYhtm3n7B_DXtx_oAlBoiiyVxPBnW4Ui9-DO"
     "O1d6M0dJhtF5RtDGb8t9Q"},
    {"from the future", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTcwMDAwMDA2MSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.ODVuqGyzsO8lUOfI-oUgCOLQXxbt2C0YwNbBjDmUKpr0FwJ5hEaOJC_E8R_BadUGDiexsSFPTowg"
     "ClIv9DBjXKEbVkexcxrU0HoLn0U2GuoRslIZ3Rf7-9Aqku6m6hSc1FQuKRKXQv7zj1b2ttE2Jv4CNv-MKFGfLNoJ_M"
     "va645DOezf3W9CZt18UdToe9LxZUtNvhjtWwRYsn25QKwixVQvtOFQ4hZSjPMwfDOyt9u0AveR242nYOmMxGx8GqTD"
     "AhdMLcVwDznk1MldCYg1MXsjn3jhJVQYL5p1vG9_gvspO0CKhwfrmFzK52m38qJKgR_iWt-NfpJwV-Slqnh39w"},
    {"another issuer", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbi8iLCAiYXVkIjogInBlZXJhZ2UiLCAic3ViIjogInUtMSIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5"
     "jb20iLCAiZXhwIjogMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgI"
     "nJlYWRlcnMiXX0.ZjqZ9bNQwsilDJZled7JaWUvNsXnm4_RPdt_2WUJ4VhvNMNtJ3Pw_fpQ-WLzsa84Lj9je6V8gQ_"
     "R8Ba7KX-N1zpJRk8tMkM7aGZTgF397wBBOWgHn2jzOMLzffGTIm9mLarKFW83-LOt5QptKHKzETo5AJ4Ewr-CVgK3D"
     "3ASyoa0jFl1GrGHCSAyUk7nmjBJwVGr7mlD2iYowXIEdp4aLS95cYKa6KoOwXGOae9FkWjybKw6nSo4sb0F7v7ZEwZ"
     "ySfBn6i1KKcO5mWmvPqxaf_lTegVn6N7bT22HKggZmFOAZWTb9BBRjxPol3LE3r_KkLUWnAbPaQDYxUTUZL2WDw"},
    {"no issuer", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtY"
     "WlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3V"
     "wcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.H1g91qWdJwSYHxUhJp7RN1LtznagUgHWAGhMNgdWro2vWN06RZ"
     "0a2l5H9L2JRQEi7jW-TqvytabK8fEljZu9dPAOUDGd5_YZzGNY5RBinL_ptNhow0HsieV30oqCePV66lbZ9LF-4Y8C"
     "0FoHr402snlxFRvRYKxbKRgt9ijA8T3wX5pXyv-XHDibkIIYmpppk5Gwoky-zc3ST9eRhu22o9VDKYWmQPUAMbvYaV"
     "KkgzK00ejc6IV-rmvvl_uTwE3fHsAZexdQIbCfJnoHrhqU9IPVDrSCyD3MabG9fCEQCnbqTgOkJo0lhzTJ3tPFLW7S"
     "MBqeiQmwU_8gb-X79tQNNw"},
    {"another audience", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZTIiLCAic3ViIjogInUtMSIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5"
     "jb20iLCAiZXhwIjogMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgI"
     "nJlYWRlcnMiXX0.rpGhFXMYvAEXmJRoHPU9vOHukQLv04-NXvibhNajf4Q4zuZxt4SCDozJ-Ip5wPv3VCYd5gvcfSS"
     "tmEgf708PbZK-je3Z5t-J9f8O5X0mQTaR0zucTSpZ0xtnnP-17zWeEPuPFT35wohZ_h7xTetP8yqtH5lqID8i6nk9w"
     "9PLjBNh29unZBPp_bQMT2xwwM1cgSWAh3IiyXPlH4kagW893yqFuc6gzxdeZIE-JCWnqAIaiJ6rMZ-HA1dpvvKUc2-"
     "goyr2YfoiJi3ZiKoS9LNWhEnUc4EXlvQbJ9ExvxHlQlGMkWq41PFgbLCaVRONK9N_dsrPonUC6f-5nsraT-1dEQ"},
    {"no audience", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDA"
     "wNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.EscQCsQpOm"
     "oDP324wno2fuGAQ4H1PfiWgnuMGEBoX35qUfmJWlY784NcypvPx64OIRn-eY-c5aCFB3aq5gfM7dk1hCt1EbFev8hY"
     "tt1kvSss9EM7eVQ_Mc4tsPLTefZgTxiysZQfMPUcebe_VavI6BDdFmPh0wYUh8xR07VswOC0DqhJls80Cd_6KPeoxs"
     "U5LXP2vm5HELvi92xIFVLldMoJI6NFhhupghjisqo8ei7ZuNr5BXmbOjB94ZuaG1LQqEm41uqpeCKMVl1OjlE7NIKl"
     "S4MimKP-W6TrUqzMeiAGUFSMNxiQ_KJC1dAbYZgXTUyCOyewCmvBC5qrWcXUNA"},
    {"an empty audience", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiBbXSwgInN1YiI6ICJ1LTEiLCAiZW1haWwiOiAiYWRhQGV4YW1wbGUuY29tIiwgImV"
     "4cCI6IDE3MDAwMDA2MDAsICJpYXQiOiAxNjk5OTk5OTk1LCAiZ3JvdXBzIjogWyJwbGF0Zm9ybSIsICJyZWFkZXJzI"
     "l19.G3dbdqHxLe3xs0pNoO6n5KdT1XpEcIDr5B5g7PvtkVJinUkaBYxHvQa19_UFE9ctx1SDOzMoBeTrk9JegXgFsT"
     "RsPVeq2dx3FmnN_7bXXbFjMBlpI8gPrOBp0VpgtyQ3Tf6cxKr81rpMshMsbH2GUfxovu9x7HExExieZrJziIOiPFHx"
     "sOfcg_QxEkMZTtYw0rq8s2Y3iX5NCoH-ZUpA0Vxe0SW06wSWPttm7ve4W9fOrIBTaY_ZYrsTsNEMi9zXk8xRFodtaM"
     "v5rDQjNXWF_1YBLTCcuH8wVanqse9jDLZSp7LVDpfzLLw6vf75wH1WuR2wWAlBleF4wlBiyPBENQ"},
    {"no name", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5jb20iLCAiZXhwIjogMTc"
     "wMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgInJlYWRlcnMiXX0.Dr5ox"
     "E7SOQAOAuSeSUGDfB9lFFuUugInxh6TEC07ExYX20y2T4ZQiygYVR3O4alMUnvTiDnZwLzueUaOotllIxAa9z8pFA6"
     "mLuoZ7gcMovjwjOVtymew0aj7CfF3TZlco5uCD09sYT_ma-VeGhwYCj7mNKr_PghMBiWOEX7MIC4NxdKbsrR2z0J3t"
     "IDvf-rmMQnAVtwl1GLual8hpd1TargrsxHWV5pyFKmMLIkrEy_yEgAVwRAFJdbar3gyOEIPMzdDPxFiZznlJQ3VTJF"
     "c_xiEye1fvS7_I88gzKyiddms0PqdLd9n89Y_zUeCoS-J9Um96xekpWCy1Y3l2ETTBQ"},
    {"an empty name", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAiIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSI"
     "sICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZ"
     "GVycyJdfQ.FyaNz-nkBEstjhsewUpdDzejelSQ7n-kT4CY5i8rKT9InyQMM846p0siDwTrDb2qj-1S9IWGtWztmTNi"
     "JEY0XJyGywnK7U9eB1VR1vrp9907bCRjc-fOdWPttVGOssmu9S-sIxx26oEwjWAzC04Smvxq3_SHg4IdWRWE1SefFQ"
     "wmd5Qj63FmLKX4_x5fEcBV6krmBTOf00EPuuckLboZMbVkOZRdZYJZDzCX7ARAmQiln31mL53Pp3zIAESt6stljv1I"
     "SbeuwnsD_D8Li7HS8cTxdW2yMSlzDnEqwlKuG3H742Jo3nn_mNDvG2zhFKlLceNZOXjF4SHuIa-UViZjKw"},
    {"a name too long", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAieHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh"
     "4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgiLCAiZW1haWwiOiAiYWRhQGV4YW1wbGUuY29tIiwgImV4cCI"
     "6IDE3MDAwMDA2MDAsICJpYXQiOiAxNjk5OTk5OTk1LCAiZ3JvdXBzIjogWyJwbGF0Zm9ybSIsICJyZWFkZXJzIl19."
     "0PShoX1C1SYSF_Ppqpc60QarPSfqNv7shbd3UXpAsZU6s8BbENoTsRbzOTPldgDX0ICKXiZxgZA4fULT1hi974LZ2v"
     "EJQCOY77RZRtksTGjFDOwETjTW-HdFWfxu57uho0mSnnyW925mGt05LJIfD91czNx7PphMFHqkFyqK7w1JiBBCh6kl"
     "RIm-mPjXbS94Lp3HuqJrk23VNNjGLbdqKFl_UIc88wa8FazZ3VReP8ptqXGgzjLHaLfuuJJ7yWDCmRqSEzbvfc4Ooh"
     "mTtXwYzBMCRtOMS6hBLGmzsYnGJfeNem5dIJXxCJWsU4HTm6x-KbJyrGBNfkj_Sv84QGbWnA"},
    {"the longest name", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAieHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh"
     "4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eCIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5jb20iLCAiZXhwIjo"
     "gMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgInJlYWRlcnMiXX0.G"
     "1ogrmYntdDT_PhZHyQ2t8UdA3LS_kIeC_3RC7dc_KIQDcwUG6MYcRS0t9SDnPG6lGZy-jhAURrySTIA3yu4puv0GAD"
     "JhuaroumTd-JHseTob1Z8GghKeIYY9hA5vSwgc1WPgca0I3RNugzc3SejOiEt0ZqcormQBRwNE181-YBrF9z9f2R6a"
     "vYFFHyIGuCmF7b5yyb5a1gQhxXvBYnfb8PNA-Yn3E142gKy82aUCH7wDv94CqpLh0SsUY59-xWG9wRAj6fTDvxiZnK"
     "SyQ6AFMzk_0T9wTrjeW-ivAKTeBBoJWawOtoQA48vvFk83UTDdvyvAkwSuaCnFz3KX5k55A"},
    {"a name with a line break", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAiYVxuYiIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5"
     "jb20iLCAiZXhwIjogMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgI"
     "nJlYWRlcnMiXX0.B5PSts9mAZ16SUbHjr7NwfiCrHi0UE0vZxkkC6cPSpPZsw3sHrKjpCTDWDg0YIAlE4XlOjRsFQS"
     "MKK1Q7eo7HBncfH3_9m4CMcNHdyjzlmbyjXdEFyU7CScGZwUGzMTftG61AM3XkS5Ira2uAX2N9hPBFbUr7R-hMw9re"
     "kdqDYQ1oV7fEb9uHBuW3HEt_p6oKKb0ohATbTgCwqFB-jNZjXxCkxtVdjsmKGQXT4n5h_KwjINjlaGmg27zjePj1FF"
     "LZgYs_tZQrh2K6jZZAzk3fQgWJ1NaXd6gEXY84BsVhC8DE6_K0dQHFyR-OBiaZGvDFxBl6HnL8-15TOglu7NVxw"},
    {"groups as an object", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IHsiYSI6IDF9fQ.rkYvAD"
     "ApxTRBXupKhWuG7vUVD0R3w4ZNYSRO0ZUzKHGQ-Us4sakIQ3vZHaF4mElT_hsMLRU_2dln-NBfOzuaUZ_Q9IymNHRe"
     "R-Lnd6HtrAPAWGZqNwIoFbcBhpI4MDMhjhlSGXwljL-q7A0OcsowxAiphh6kPB0gMJUU5jqsvo-zbEAaLg09aFf4v-"
     "n8xlfKs4dWxrs57_x4Ya7_f49_QrihpF7aTIwtMPMdRVCGbClqQ7heAPDDNUiLtMD_ea4okSFKb0QFtppW02Wes7sy"
     "KSRHi5jlhoFuOnAEQiyRIYlmPYeWiLGfHaKnCnEAHjZM5b-S9O3r2B5g1twnRbD7VQ"},
    {"a group that is no text", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsiYSIsIDFdfQ.QWtCAC"
     "0zv4ZYcvegBI5tRAD4FINlNN0-EtAUNUbQctaYX3NlUyExdgd7WF7mspqnTVQSiD-lSWIq6hpJxtetobtdswGf1ZZi"
     "FB8_md5C9C_Ylk4SbVPqr8ZjiTlAVwq8dZPBIsLIdzuO4tYXd0-b1GZgUtiZ1JxXFIj3Me67b8Ge0lLAMTJ1OEsB9A"
     "5NToJbQyROzEkGWYaNAGTJVtOGdx1pD4Oer_Mn0kY8k9dVyCoaaN1x7IjLyr8ptmpgY5QqxB-8Fx-b9m_yZLQbZiTo"
     "OiMq6ULyI0fl--1LYs3hfjvTPxbW4W9hBTnbhDGbq7KCYkb9BsU8zELAosyNbyYUOg"},
    {"too many groups", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsiZzAiLCAiZzEiLCAiZ"
     "zIiLCAiZzMiLCAiZzQiLCAiZzUiLCAiZzYiLCAiZzciLCAiZzgiLCAiZzkiLCAiZzEwIiwgImcxMSIsICJnMTIiLCA"
     "iZzEzIiwgImcxNCIsICJnMTUiLCAiZzE2IiwgImcxNyIsICJnMTgiLCAiZzE5IiwgImcyMCIsICJnMjEiLCAiZzIyI"
     "iwgImcyMyIsICJnMjQiLCAiZzI1IiwgImcyNiIsICJnMjciLCAiZzI4IiwgImcyOSIsICJnMzAiLCAiZzMxIiwgImc"
     "zMiIsICJnMzMiLCAiZzM0IiwgImczNSIsICJnMzYiLCAiZzM3IiwgImczOCIsICJnMzkiLCAiZzQwIiwgImc0MSIsI"
     "CJnNDIiLCAiZzQzIiwgImc0NCIsICJnNDUiLCAiZzQ2IiwgImc0NyIsICJnNDgiLCAiZzQ5IiwgImc1MCIsICJnNTE"
     "iLCAiZzUyIiwgImc1MyIsICJnNTQiLCAiZzU1IiwgImc1NiIsICJnNTciLCAiZzU4IiwgImc1OSIsICJnNjAiLCAiZ"
     "zYxIiwgImc2MiIsICJnNjMiLCAiZzY0IiwgImc2NSIsICJnNjYiLCAiZzY3IiwgImc2OCIsICJnNjkiLCAiZzcwIiw"
     "gImc3MSIsICJnNzIiLCAiZzczIiwgImc3NCIsICJnNzUiLCAiZzc2IiwgImc3NyIsICJnNzgiLCAiZzc5IiwgImc4M"
     "CIsICJnODEiLCAiZzgyIiwgImc4MyIsICJnODQiLCAiZzg1IiwgImc4NiIsICJnODciLCAiZzg4IiwgImc4OSIsICJ"
     "nOTAiLCAiZzkxIiwgImc5MiIsICJnOTMiLCAiZzk0IiwgImc5NSIsICJnOTYiLCAiZzk3IiwgImc5OCIsICJnOTkiL"
     "CAiZzEwMCIsICJnMTAxIiwgImcxMDIiLCAiZzEwMyIsICJnMTA0IiwgImcxMDUiLCAiZzEwNiIsICJnMTA3IiwgImc"
     "xMDgiLCAiZzEwOSIsICJnMTEwIiwgImcxMTEiLCAiZzExMiIsICJnMTEzIiwgImcxMTQiLCAiZzExNSIsICJnMTE2I"
     "iwgImcxMTciLCAiZzExOCIsICJnMTE5IiwgImcxMjAiLCAiZzEyMSIsICJnMTIyIiwgImcxMjMiLCAiZzEyNCIsICJ"
     "nMTI1IiwgImcxMjYiLCAiZzEyNyIsICJnMTI4IiwgImcxMjkiLCAiZzEzMCIsICJnMTMxIiwgImcxMzIiLCAiZzEzM"
     "yIsICJnMTM0IiwgImcxMzUiLCAiZzEzNiIsICJnMTM3IiwgImcxMzgiLCAiZzEzOSIsICJnMTQwIiwgImcxNDEiLCA"
     "iZzE0MiIsICJnMTQzIiwgImcxNDQiLCAiZzE0NSIsICJnMTQ2IiwgImcxNDciLCAiZzE0OCIsICJnMTQ5IiwgImcxN"
     "TAiLCAiZzE1MSIsICJnMTUyIiwgImcxNTMiLCAiZzE1NCIsICJnMTU1IiwgImcxNTYiLCAiZzE1NyIsICJnMTU4Iiw"
     "gImcxNTkiLCAiZzE2MCIsICJnMTYxIiwgImcxNjIiLCAiZzE2MyIsICJnMTY0IiwgImcxNjUiLCAiZzE2NiIsICJnM"
     "TY3IiwgImcxNjgiLCAiZzE2OSIsICJnMTcwIiwgImcxNzEiLCAiZzE3MiIsICJnMTczIiwgImcxNzQiLCAiZzE3NSI"
     "sICJnMTc2IiwgImcxNzciLCAiZzE3OCIsICJnMTc5IiwgImcxODAiLCAiZzE4MSIsICJnMTgyIiwgImcxODMiLCAiZ"
     "zE4NCIsICJnMTg1IiwgImcxODYiLCAiZzE4NyIsICJnMTg4IiwgImcxODkiLCAiZzE5MCIsICJnMTkxIiwgImcxOTI"
     "iLCAiZzE5MyIsICJnMTk0IiwgImcxOTUiLCAiZzE5NiIsICJnMTk3IiwgImcxOTgiLCAiZzE5OSIsICJnMjAwIiwgI"
     "mcyMDEiLCAiZzIwMiIsICJnMjAzIiwgImcyMDQiLCAiZzIwNSIsICJnMjA2IiwgImcyMDciLCAiZzIwOCIsICJnMjA"
     "5IiwgImcyMTAiLCAiZzIxMSIsICJnMjEyIiwgImcyMTMiLCAiZzIxNCIsICJnMjE1IiwgImcyMTYiLCAiZzIxNyIsI"
     "CJnMjE4IiwgImcyMTkiLCAiZzIyMCIsICJnMjIxIiwgImcyMjIiLCAiZzIyMyIsICJnMjI0IiwgImcyMjUiLCAiZzI"
     "yNiIsICJnMjI3IiwgImcyMjgiLCAiZzIyOSIsICJnMjMwIiwgImcyMzEiLCAiZzIzMiIsICJnMjMzIiwgImcyMzQiL"
     "CAiZzIzNSIsICJnMjM2IiwgImcyMzciLCAiZzIzOCIsICJnMjM5IiwgImcyNDAiLCAiZzI0MSIsICJnMjQyIiwgImc"
     "yNDMiLCAiZzI0NCIsICJnMjQ1IiwgImcyNDYiLCAiZzI0NyIsICJnMjQ4IiwgImcyNDkiLCAiZzI1MCIsICJnMjUxI"
     "iwgImcyNTIiLCAiZzI1MyIsICJnMjU0IiwgImcyNTUiLCAiZzI1NiJdfQ.cdSlkPyHbOv5bgPP3Yz5xE0bcd_ECvSz"
     "4nKxo8ZeiMzFqNjxWl3_AcWa9rXsip9ba5AKeHIleePvz8mVnp7JRMQYnZMPTO86nso_bsNjC5mtLIMeslfXdqoxB7"
     "mMvEzXV1bnK7u03Q0MFSDMbmcG2Nb990gHbZiyvzr3AP9VJbFsOcjPuME5R4tOeUawj5ihfbex081frKrkvV7xpgap"
     "khXUMxTS1lozE5L7aQ_W_MQ6jT0YkzyUEIzo83cym1WGXpQAesezHaL2j4_801CYBol-07QYvRiru_qEjNDsGzPHM6"
     "e4276TTMCoA7cJj46lrcgzHPbEoMghF8FTu33Ecg"},
    {"as many groups as may be", OIDC_GOOD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsiZzAiLCAiZzEiLCAiZ"
     "zIiLCAiZzMiLCAiZzQiLCAiZzUiLCAiZzYiLCAiZzciLCAiZzgiLCAiZzkiLCAiZzEwIiwgImcxMSIsICJnMTIiLCA"
     "iZzEzIiwgImcxNCIsICJnMTUiLCAiZzE2IiwgImcxNyIsICJnMTgiLCAiZzE5IiwgImcyMCIsICJnMjEiLCAiZzIyI"
     "iwgImcyMyIsICJnMjQiLCAiZzI1IiwgImcyNiIsICJnMjciLCAiZzI4IiwgImcyOSIsICJnMzAiLCAiZzMxIiwgImc"
     "zMiIsICJnMzMiLCAiZzM0IiwgImczNSIsICJnMzYiLCAiZzM3IiwgImczOCIsICJnMzkiLCAiZzQwIiwgImc0MSIsI"
     "CJnNDIiLCAiZzQzIiwgImc0NCIsICJnNDUiLCAiZzQ2IiwgImc0NyIsICJnNDgiLCAiZzQ5IiwgImc1MCIsICJnNTE"
     "iLCAiZzUyIiwgImc1MyIsICJnNTQiLCAiZzU1IiwgImc1NiIsICJnNTciLCAiZzU4IiwgImc1OSIsICJnNjAiLCAiZ"
     "zYxIiwgImc2MiIsICJnNjMiLCAiZzY0IiwgImc2NSIsICJnNjYiLCAiZzY3IiwgImc2OCIsICJnNjkiLCAiZzcwIiw"
     "gImc3MSIsICJnNzIiLCAiZzczIiwgImc3NCIsICJnNzUiLCAiZzc2IiwgImc3NyIsICJnNzgiLCAiZzc5IiwgImc4M"
     "CIsICJnODEiLCAiZzgyIiwgImc4MyIsICJnODQiLCAiZzg1IiwgImc4NiIsICJnODciLCAiZzg4IiwgImc4OSIsICJ"
     "nOTAiLCAiZzkxIiwgImc5MiIsICJnOTMiLCAiZzk0IiwgImc5NSIsICJnOTYiLCAiZzk3IiwgImc5OCIsICJnOTkiL"
     "CAiZzEwMCIsICJnMTAxIiwgImcxMDIiLCAiZzEwMyIsICJnMTA0IiwgImcxMDUiLCAiZzEwNiIsICJnMTA3IiwgImc"
     "xMDgiLCAiZzEwOSIsICJnMTEwIiwgImcxMTEiLCAiZzExMiIsICJnMTEzIiwgImcxMTQiLCAiZzExNSIsICJnMTE2I"
     "iwgImcxMTciLCAiZzExOCIsICJnMTE5IiwgImcxMjAiLCAiZzEyMSIsICJnMTIyIiwgImcxMjMiLCAiZzEyNCIsICJ"
     "nMTI1IiwgImcxMjYiLCAiZzEyNyIsICJnMTI4IiwgImcxMjkiLCAiZzEzMCIsICJnMTMxIiwgImcxMzIiLCAiZzEzM"
     "yIsICJnMTM0IiwgImcxMzUiLCAiZzEzNiIsICJnMTM3IiwgImcxMzgiLCAiZzEzOSIsICJnMTQwIiwgImcxNDEiLCA"
     "iZzE0MiIsICJnMTQzIiwgImcxNDQiLCAiZzE0NSIsICJnMTQ2IiwgImcxNDciLCAiZzE0OCIsICJnMTQ5IiwgImcxN"
     "TAiLCAiZzE1MSIsICJnMTUyIiwgImcxNTMiLCAiZzE1NCIsICJnMTU1IiwgImcxNTYiLCAiZzE1NyIsICJnMTU4Iiw"
     "gImcxNTkiLCAiZzE2MCIsICJnMTYxIiwgImcxNjIiLCAiZzE2MyIsICJnMTY0IiwgImcxNjUiLCAiZzE2NiIsICJnM"
     "TY3IiwgImcxNjgiLCAiZzE2OSIsICJnMTcwIiwgImcxNzEiLCAiZzE3MiIsICJnMTczIiwgImcxNzQiLCAiZzE3NSI"
     "sICJnMTc2IiwgImcxNzciLCAiZzE3OCIsICJnMTc5IiwgImcxODAiLCAiZzE4MSIsICJnMTgyIiwgImcxODMiLCAiZ"
     "zE4NCIsICJnMTg1IiwgImcxODYiLCAiZzE4NyIsICJnMTg4IiwgImcxODkiLCAiZzE5MCIsICJnMTkxIiwgImcxOTI"
     "iLCAiZzE5MyIsICJnMTk0IiwgImcxOTUiLCAiZzE5NiIsICJnMTk3IiwgImcxOTgiLCAiZzE5OSIsICJnMjAwIiwgI"
     "mcyMDEiLCAiZzIwMiIsICJnMjAzIiwgImcyMDQiLCAiZzIwNSIsICJnMjA2IiwgImcyMDciLCAiZzIwOCIsICJnMjA"
     "5IiwgImcyMTAiLCAiZzIxMSIsICJnMjEyIiwgImcyMTMiLCAiZzIxNCIsICJnMjE1IiwgImcyMTYiLCAiZzIxNyIsI"
     "CJnMjE4IiwgImcyMTkiLCAiZzIyMCIsICJnMjIxIiwgImcyMjIiLCAiZzIyMyIsICJnMjI0IiwgImcyMjUiLCAiZzI"
     "yNiIsICJnMjI3IiwgImcyMjgiLCAiZzIyOSIsICJnMjMwIiwgImcyMzEiLCAiZzIzMiIsICJnMjMzIiwgImcyMzQiL"
     "CAiZzIzNSIsICJnMjM2IiwgImcyMzciLCAiZzIzOCIsICJnMjM5IiwgImcyNDAiLCAiZzI0MSIsICJnMjQyIiwgImc"
     "yNDMiLCAiZzI0NCIsICJnMjQ1IiwgImcyNDYiLCAiZzI0NyIsICJnMjQ4IiwgImcyNDkiLCAiZzI1MCIsICJnMjUxI"
     "iwgImcyNTIiLCAiZzI1MyIsICJnMjU0IiwgImcyNTUiXX0.hibxaWz08_y6MlwYjgW9hoe9lLYXFpwBZ2lg_ZgL-US"
     "YzKXSYFkJ93Myl6yibxjCq7bVJKBnIBDE_Xo1mgN3_VaLkRzrI_HvVWBwEiHE7Wdhl6LFV6fTIt6l5UrVlGFGZ9b-4"
     "gN0740imC6n9Utj8us9hpjQtxkhBAFfimouJ0Hv_85R7OvaUJCgYgIlWr-V1AIu1RG0ytHt9ckrzmxwXiX1QC6TTpN"
     "gQWRKRFqeq0jXQwBObkub0biASBySHXF7CYnFjBfivuMlueuRO-csregRdIcNH514w0I392RXX9ndkZIzDOT6Q8-9s"
     "jLGN5T4cor8K3sXBVQLEIxL_BBZ7Q"},
    {"signed by a stranger", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.VQKPzBZSPkN1-AFbOPTmzjmn3NUXf1VziSPmPHA45ktM--vpU3AwyVLFbB2Yjsj1WejKcWLXwWYg"
     "izGrsgokiCAyPiP2HGtcfqE9d0zJZYyYt2XqLIXXqMv4l7LXxLwEPU405ApfSSju47DxV9eqpLfegPrZZSPt5961Ah"
     "9sXFUczaXVGJMrOxCLSq71SU4x6B6f88hUWcopOXC8Ji3Hb0bM5KepC51ejVRMvyh0dBIQSTO-k-M1uPSBLLYYQ8ms"
     "nsXiNVfjBLZklkMSHjEsMS2P0nhNMFF3bMYa68hu0KxzVIybzyQjVDNREX4ORiVWV6PhLQANdjC5-4K1GzKBvw"},
    {"signed by the other key", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.l2ln0y8mH0WHkoCbpWUhWY14BsPJOX0L9vf9mGTnothgByOvQwI_Nz-xj3RPHxHteCh6jik3meyW"
     "ViobjjDpDt1auRyqLmSsuBFi_IGsnyl6nmfdfgLS0SdyJ1gYKWAUX4C4XsmneAKznMpapw_c9z4cZDiY-MaFcLRm-u"
     "ix5kWvPLz6dVwcNrAxikBgWE2A8aL8YGJqZXeGYIQWUbItUQ6Losn4aHw6MA4Ze1kihjQdZIyy0JhXAZomjVbbkMeL"
     "7pCSCs-OeASsyNYjHk90Zxf8izG1rXBpKvgjqZHhKvgnpD5-YEXIN9UdWri9QcqUXM-oC7Wr8l7qR4w20l2u-A"},
    {"an unknown key", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInRocmVlIn0.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS"
     "9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxl"
     "LmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLC"
     "AicmVhZGVycyJdfQ.FDy2L_4qYeksJ042l3iOFqGzOaTuruiKxh54zugE-MTLwbA-lapAzUVZ-pLOLTjFK8lpYa9d_"
     "O5n56s7zOtnI54jvORiY0uXVRB4x48uwQy5U3SIBYp8ZGhf55T2ip8M8x-o2PjLF0Ecpqyij-zu7LBNbay8JfPOhm9"
     "2lZmL_J3LebkgQ4laPsB1kSiZN_yr2waiQUaraLt8RCNRei6kPiqXh-RffVT0RlSlnEIKGWy4336dm12OLjkhdDYQ6"
     "htLO9G_t4PHoSFUEkFGEPDZjzthRGygH-7UEp5Lb4OAxiqhOFdfqtCZuIBeBMOCyaEU5YiidLgVQ5d4Xc3pDfRu7Q"},
    {"no key id among several", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJ"
     "hdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxN"
     "zAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.15kb"
     "y42L2N_3PB7-P0Dyt0lDdieEkFICmHXJbaZogJUFljNY-_RUvuTr9f6GFdJl482ISo2-uis-G50vojYO_mQ9jgu7Xy"
     "UkId_iBTxj_YEVs7G9-djhPDwO0XLDPBmHk6A_4vcpDYh_4IWVaV5b99zh5fMoCKH_2wEvgk9frv40PRiv2SqDVr5z"
     "dwHr38VUyd6X_8Wh4bVr27hx_VYapbc7pv60_qcxypJWNcoLdlzYkJcq3k0HB2cLd-Uv-CXGcpLdqOjmnkYTxwctIa"
     "fmWZ12hMw20IA_3G4YZLD8_ULjwpT4CJHAoXIj7yCWueqrl5Z2e_21TSnj6vDQiZrT2g"},
    {"a key for encryption", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogImVuYyJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.ANTFKRM5FPOltJ4vqiCogTZXpl3R200Gbdu28L13lTCBLHN8PIrKOTruPROtjuoAWA8oCULIr3O_"
     "zKJUZOYpdsGw22HVoGN3tXgX0T5MtrEMe1aE2OO-GvKcpG7xxznv8XaiVLXWUiTOnRMfMvWlmLJb8A3HSl3uXqPVO7"
     "bWEIbY_rRlrt1QaO3bSlPKV0_YuC4rhuIlSbsVsLiPXzIBs_sC6ZMdmK9LCgQcM6L786ARB0fvw6uwqth5zXdBuiB_"
     "h_EGBU0VcqU7ZQ7ZkTV0ibwEhHhr_r7_NBdcwxlJUHLVMAXo68FbKs7H0oL38jeGaWjJHrYQrk6h67BvbaE7Eg"},
    {"a key for another algorithm", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInBzcyJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.RtXdL09yFy2G2aUNr_uWMjJOww1LilTUBUEK_cJ5l8h32ApXNZKEWZ7_mDB6ZuAqPLkFIcWG3Jel"
     "CYbp8uFdY3IXpraRyGn3GrzHHAvTHy0Mf6fwNzosU-qnv7TQ3g1xgfZaQEHIe8q74KetdFTFeHZ4BfEXveMlmLfrKA"
     "0ArgrN5QtcoE2Lgvs0B5y5-AB77kRz-DZ_HHJvRzlE7YfHo5vA_iPwKybhpkG0ohUS1aEnLpMH9srWwfTTb3KJQ_QE"
     "wX5qFppzt3JIZpl7TnQcu83lNOyTYLV72gq1APB8LNrZbxsu0qPSOSafU3pLOnEDTILyWcEQceNDaCbnlF4-eQ"},
    {"a key too small", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInNtYWxsIn0.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS"
     "9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxl"
     "LmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLC"
     "AicmVhZGVycyJdfQ.NgwQX4r9CykIQ1p3UUv9FriOlgxW9Ik8EbTj2VG0W4ibR9kr6EIpleZNdKB3OpperU1HFRBPP"
     "eaqJ8dwaPuB-Lxjr1Wx0fAFpLY5rjaNOcEDt5w32TCF6mSJmgK1IIYCwzFhwepqrxjuny7Cf8QmvzlWR6T86Ct_TBw"
     "7cik90ik"},
    {"another curve", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImJpZyJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
     "AQEBAQEBAQ"},
    {"RSA's name for a curve's key", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogImN1cnZlIn0.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS"
     "9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxl"
     "LmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLC"
     "AicmVhZGVycyJdfQ.PaH2dieHOUIP04MOgbrgCPxIJ64cbp-ahFCQ4aGkjJIflGm2WXZMCXj_ndHd3MDvRxDvBarqT"
     "VxD2JpAHN_2ug"},
    {"a curve's name for RSA's key", OIDC_UNKNOWN_KEY,
     "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.QJ7mOQz0QnDpdE2UL5V3xxd8GtJcDp6kSPP162FXzZQzQKeKBEoVVVnRRoW8mYydIvWeD2FJ8hHu"
     "ULd17AF0f6jwQAV-a05JHT72oGl_pUMqfzIbaDLXxu_5SnCADrUabKFUtxMHf78GY2nWvZ8DNxpQZtjW2c_KxrOPjW"
     "bjh_TuQM9TegF_G4jAxnJL4Nhn6P5Q-AJ5JKAZsHkYOgsSMl57Az_h48m8bHPrei9u3G986HSI-WW9Ry7s3eSLVx5e"
     "5FqiFSjXj6KMSY9bXWLaQKgLkuNx4Sw3u7yrmSJ-D6PPut88TSdvXW2ftZ7T6a2nMfona12mprySagjmd1uFmw"},
    {"no algorithm", OIDC_BAD,
     "eyJhbGciOiAibm9uZSIsICJraWQiOiAib25lIn0.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZW"
     "FsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNv"
     "bSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicm"
     "VhZGVycyJdfQ.eA"},
    {"NONE", OIDC_BAD,
     "eyJhbGciOiAiTk9ORSIsICJraWQiOiAib25lIn0.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZW"
     "FsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNv"
     "bSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicm"
     "VhZGVycyJdfQ.FidlnuMsOxZWRhB2V1h0z1RpRkR7U1WoLtD_R9JTIGrcmSCXYHAntfBaA4ZFuJ6U0-YClyUmwl16m"
     "rIG9dQaq7kWLeWZjF28xsZ6_NL9x2G1vdpnz-C-DSZfVuy2fxtldH7qt9Sx7lc8Ctj6G0M0B-qAGg0pwUArOsET1D1"
     "XxdmqHu29AskIgmLb_KiKBj7OAXo8sHhk1zPjn0T1xb_JBLqspdYsLD8pfnLKjHntuV0mJxkG9pITKm490_IDgPHOj"
     "GZ16U5GtC6OyNsL3ZSvj5YA_BzZ7WpJLfxh8irMgLtNutjrMQD1qul2Cr3XAbx5UOp0Y6Wan_13g0bjaKzzjQ"},
    {"PS256", OIDC_BAD,
     "eyJhbGciOiAiUFMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.hblFrCJ21H2GdtUFGV-Io-FYKLos8hcabzCsw8uuzHzjoJsPU9Ynkf8ZVUbWX7jFiOa1pjOv34ZP"
     "yNUVx8DlnaHzRcnlcf4F1Sq2KoVRND3_Sd1Z74wM085iTmHV-XzcY2MGNVuVmGc4MVTLjEGhp9xhJVT-uq2T8HO0r7"
     "8eMkI9N1IzbmNZ_e5623AXjaSCiiuL0ZPyR370_hnz8tUPPuwiphy8vfdjScRlXB_hAMTO6N-h4PMMHi6XRrqSrRLb"
     "a-rD9UBcbxfmLBkL6LaRV4XHBo6WE6HgkXvcFy5HoMd0DP-H-DZoiUy7BcIr88AB4jOhR7sZe3Wa_BZTBfJJOQ"},
    {"RS512", OIDC_BAD,
     "eyJhbGciOiAiUlM1MTIiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.Fhqu4vymgfQHzIj7NkIzXz0Vz6RFwYbU4D11MDO-22VS-SgIvoHqW4PAzRBVaSfAtvtlWezA6dnE"
     "y6VwIAnEAYjF5z1S2etOXntmJItserA3ulXP30ZIUKRqmWNM_pa8vIgFd4QjBbYtz2GAM0T0vbJsXi7ujZ-7KHTIDj"
     "2ObUKCSNX-7ils_eY0qyUeAdf6duZEMG5pqNcyKYDsKDO6jCGlhYPBxlSbA6rdReMgefOr_pj2mihWlOfjC8ZbG_NM"
     "Tws3uwQvNPixRqmfzFLOPLch8g9EryGiLUblvZVrlLnNC1GFcRlkIopyxCTb4alzQRlAsuPHQajXlhC_nxhEhQ"},
    {"HS256 with the public key as the secret", OIDC_BAD,
     "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.er66DQRil2n72yUbcSlKPqac1fxVwjEiJLaXYgGiWDk"},
    {"a critical extension", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSIsICJjcml0IjogWyJiNjQiXSwgImI2NCI6IGZhbHNlfQ.eyJpc3M"
     "iOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiO"
     "iAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk"
     "5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.rfy45ZmWfsnuZXLiAoAJvlqlRXD0h6XzL3"
     "3u0cWqim-7G6i5_TII5FdLZOPXuR090VnaqsXlWqBvLOXAGRrjJ7RezfZq8NjwqU4BbNRaLJgKypH7uMGWGnR1Yfaa"
     "zDzYF0TRdQzet804hNhvAB94mV-WLuzyoZWOCY61pIuQn00wsJWcp6CobT6OO04OajFARYfU3erUzwuUk6tddtqH-E"
     "W-839MxFNvibj8QsjkHD_YFP267aCRcAM9MJ3Oy1FaD1nNe9y2pduJW8q1ecwpy6vAlMoeoBOBOvbgUgFh9p1Vn67J"
     "keMuDFk3NCz_ttUw7EI7nmmaqLq2o1bCUktk7w"},
    {"another type", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSIsICJ0eXAiOiAic2VjZXZlbnQrand0In0.eyJpc3MiOiAiaHR0cH"
     "M6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZWFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwg"
     "ImVtYWlsIjogImFkYUBleGFtcGxlLmNvbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgIm"
     "dyb3VwcyI6IFsicGxhdGZvcm0iLCAicmVhZGVycyJdfQ.JMGMOkNQw7WaOItVB_3nVCWxAczqaFKhhMlrHhgjKrQSV"
     "ijvf1PSY6cd1_FjZ2A9LKw01-MUb1JUfuv8bGk0S6YPUmbLi_5_u5nKuQ-spTN0MmNdfogMOaSvVIxMbGibzIw5-NP"
     "MiVcEh922zdrghI5vr_xYuFG0XMMSgNRIXttH5MDnxgjwJNFcurQhttDWCHJjesRqEnBR-uMG6lXPKoC3AweyOIgYo"
     "zxUlr78KsLFCJ28s5Lfrup-CSEiciLDKb4ez-5hayOM0Akiv_bhqeRJDkPbt1cE1ZwY4dGzo7SkIFbu9Tys0_CcFYr"
     "a6mKNxIHpzwg1Chg7Lm_Yg4wy-g"},
    {"claims that are an array", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.W10.Lj3v59nP7rLPPYkWzrPElFRiAZWN7mXnauwXI6pEG3hCI"
     "d_Xe9va0CW0mCcoS3lJrhoA6AHzq24ovufm1z8RJdXX-OKDUsntPtFrz3CNbkeiqEOMA_Sn-lCYoZlBsEdKT5kpQ_G"
     "c-iqMbvnXJOcHHYzgQ36DHQfs0wZ5okp5EdX-q2nUigFTjgYElqeXZujIAueFmDMJdhxaW1MYoGeOEKMPWZqczWWYn"
     "AMd17mkHbRe8_Ad_HzzDywqWH9LEH-8UK3VkgGQzeB2AS5evde4-Po4NsZoAtnLRz2b6JE_SELvAOxKS0a--GQayfu"
     "WZnOpp5ctgOdS0L4zSYeVSPJV7Q"},
    {"claims that are no JSON", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.ew.ambOBAbfRomFGD5SBzEDS1dq5HsbztWr37SkHO-I4a8V_F"
     "hQCnhjr96nobg24T69VcahexQe3qXGKzQIr4m3QD-HuDXF7lGnHSi80Xq0qrOSdYeztAoRIifDurEzMHgaMylPeBTc"
     "490pmuna7ns-_S_gIpC5C879F4suIE6AOVOGvyNV7HpP3PD8XDoIs7Iq2zJuay32nlGV_l8BGePL0rKU1xGrt9qVAX"
     "vpQTmfjFjul7A4I3gAGWOtjCDcUYfZdtXMvAdH870DIGZzzwnvBIHsmXfdPtwmK_LCtkwBHgkNZqXV_PDMRzRIvjdd"
     "-JKNzZo-Lliw4mNJqHPVT7YtNw"},
    {"a claim twice", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdLCJzdWIiOiJyb290In0.zPgMYOo_F4umGtiBHaGDbYtv5T8sp0qSKHIS9j3R0qSID07s1vmSGA6V4Fk"
     "Ya2q0uE4wBjxUelx5xSAOfDAnO2alRhdJM6Vqn2OJssHRzpKlX4sBRLNYE6WsbYTr8BVZomKo-k8Kzl7PJR08Jk-c9"
     "9rlizxxQahPbHscDNNSzHHY692McD_M-YIC6t069F0CCA68fuGcdWCawCZbetRYBRNKyWb8VDj1XybsMrG3hYjftTN"
     "42Nmqhk8fISfeKrleRNT1Qgqrk3ivgpLBAnVbdV9tyYPjsxZyotvFbTozfvv9MIzIKn90fglQGgKUfI70wJ1pFWy9X"
     "Ey8Ol-wVcXjGg"},
    {"no signature", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ."},
    {"two parts", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ"},
    {"four parts", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.sI9-e8B1K2IAMY93hOo2z9RVMuNq7wsuTqB2hYxITCQs0hK86Du0G6kdyCeVxkaw8qnC1LHA8X4n"
     "LLD21j4Unwxom3hPUUG4NNYBLaQOTdFCe0Fsl9qxidl2FfSsFO5rySysbL5SF7HNvxbymYRzPOPPJ491anr3s4UtUh"
     "n0ILO3ZSa4K0lRpQWaE8iB01J1MRqdzcWM34lpTpp1mCvo8RzwtJpI60MJoI3I_bB71BjeEozFvnsP2QugEGtL6oXw"
     "1XSLPCZkLFUmIFgOXTYFi8luUeT53CapYvyAg5CvoRWAlwgmB2jsY60X9Fo6UZBQiMQEfF0vFLdpRlBD06KOPg.x"},
    {"claims of another token", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAicm9vdCIsICJlbWFpbCI6ICJhZGFAZXhhbXBsZS5"
     "jb20iLCAiZXhwIjogMTcwMDAwMDYwMCwgImlhdCI6IDE2OTk5OTk5OTUsICJncm91cHMiOiBbInBsYXRmb3JtIiwgI"
     "nJlYWRlcnMiXX0.sI9-e8B1K2IAMY93hOo2z9RVMuNq7wsuTqB2hYxITCQs0hK86Du0G6kdyCeVxkaw8qnC1LHA8X4"
     "nLLD21j4Unwxom3hPUUG4NNYBLaQOTdFCe0Fsl9qxidl2FfSsFO5rySysbL5SF7HNvxbymYRzPOPPJ491anr3s4UtU"
     "hn0ILO3ZSa4K0lRpQWaE8iB01J1MRqdzcWM34lpTpp1mCvo8RzwtJpI60MJoI3I_bB71BjeEozFvnsP2QugEGtL6oX"
     "w1XSLPCZkLFUmIFgOXTYFi8luUeT53CapYvyAg5CvoRWAlwgmB2jsY60X9Fo6UZBQiMQEfF0vFLdpRlBD06KOPg"},
    {"padding", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.sI9-e8B1K2IAMY93hOo2z9RVMuNq7wsuTqB2hYxITCQs0hK86Du0G6kdyCeVxkaw8qnC1LHA8X4n"
     "LLD21j4Unwxom3hPUUG4NNYBLaQOTdFCe0Fsl9qxidl2FfSsFO5rySysbL5SF7HNvxbymYRzPOPPJ491anr3s4UtUh"
     "n0ILO3ZSa4K0lRpQWaE8iB01J1MRqdzcWM34lpTpp1mCvo8RzwtJpI60MJoI3I_bB71BjeEozFvnsP2QugEGtL6oXw"
     "1XSLPCZkLFUmIFgOXTYFi8luUeT53CapYvyAg5CvoRWAlwgmB2jsY60X9Fo6UZBQiMQEfF0vFLdpRlBD06KOPg=="},
    {"a signature cut short", OIDC_BAD,
     "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpbi5leGFtcGxlLmNvbS9yZ"
     "WFsbXMvbWFpbiIsICJhdWQiOiAicGVlcmFnZSIsICJzdWIiOiAidS0xIiwgImVtYWlsIjogImFkYUBleGFtcGxlLmN"
     "vbSIsICJleHAiOiAxNzAwMDAwNjAwLCAiaWF0IjogMTY5OTk5OTk5NSwgImdyb3VwcyI6IFsicGxhdGZvcm0iLCAic"
     "mVhZGVycyJdfQ.sI9-e8B1K2IAMY93hOo2z9RVMuNq7wsuTqB2hYxITCQs0hK86Du0G6kdyCeVxkaw8qnC1LHA8X4n"
     "LLD21j4Unwxom3hPUUG4NNYBLaQOTdFCe0Fsl9qxidl2FfSsFO5rySysbL5SF7HNvxbymYRzPOPPJ491anr3s4UtUh"
     "n0ILO3ZSa4K0lRpQWaE8iB01J1MRqdzcWM34lpTpp1mCvo8RzwtJpI60MJoI3I_bB71BjeEozFvnsP2QugEGtL6oXw"
     "1XSLPCZkLFUmIFgOXTYFi8luUeT53CapYvyAg5CvoRWAlwgmB2jsY60X9Fo6UZBQiMQEfF0vFLdpRlBD06"},
    {"nothing", OIDC_BAD, ""},
    {"dots", OIDC_BAD, ".."},
};
