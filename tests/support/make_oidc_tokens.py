#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/unit/auth/oidc_tokens.h: keys and tokens made by another implementation (python-cryptography), each with
what oidc_check must say of it. Run by hand when a case is added: make_oidc_tokens.py > tests/unit/auth/oidc_tokens.h

Must never be needed by a build: the keys that it made are thrown away, and the header is kept.
"""
import base64
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_700_000_000
ISSUER, AUDIENCE = "https://login.example.com/realms/main", "peerage"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


def jwk(key, **more):
    if isinstance(key, rsa.RSAPrivateKey):
        pub = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(pub.n), "e": number(pub.e), **more}
    pub = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    return {"kty": "EC", "crv": {"secp256r1": "P-256", "secp384r1": "P-384"}[key.curve.name],
            "x": number(pub.x, size), "y": number(pub.y, size), **more}


def sign(key, text):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(head, claims, signer):
    text = f"{b64(json.dumps(head).encode())}.{b64(claims if isinstance(claims, bytes) else json.dumps(claims).encode())}"
    return f"{text}.{b64(signer(text.encode()))}"


def main():
    one, two, stranger = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve, big_curve = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    keys = [jwk(one, kid="one", use="sig", alg="RS256"), jwk(two, kid="two"), jwk(curve, kid="curve", use="sig"),
            jwk(small, kid="small"), jwk(big_curve, kid="big"), jwk(stranger, kid="enc", use="enc"),
            {"kty": "oct", "kid": "oct", "k": b64(b"secret")}, jwk(stranger, kid="pss", alg="PS256")]
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-1", "email": "ada@example.com", "exp": NOW + 600,
            "iat": NOW - 5, "groups": ["platform", "readers"]}

    def by(key):
        return lambda text: sign(key, text)

    def rs(kid="one", **more):
        return {"alg": "RS256", "kid": kid, **more}

    def but(**more):
        return {k: v for k, v in {**good, **more}.items() if v is not None}

    whole = token(rs(), good, by(one))
    head, body, signature = whole.split(".")
    public_pem = one.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    cases = [
        ("RS256", "GOOD", whole),
        ("RS256 with the other key", "GOOD", token(rs("two"), good, by(two))),
        ("ES256", "GOOD", token({"alg": "ES256", "kid": "curve", "typ": "JWT"}, good, by(curve))),
        ("an access token's type", "GOOD", token(rs(typ="at+jwt"), good, by(one))),
        ("audience in an array", "GOOD", token(rs(), but(aud=["x", AUDIENCE]), by(one))),
        ("fractions of seconds", "GOOD", token(rs(), but(exp=NOW + 600.5, iat=NOW - 1.5), by(one))),
        ("one group as a string", "GOOD", token(rs(), but(groups="platform"), by(one))),
        ("no groups", "GOOD", token(rs(), but(groups=None), by(one))),
        ("the provider's clock is a minute ahead", "GOOD", token(rs(), but(iat=NOW + 60, nbf=NOW + 60), by(one))),
        ("expires in a second", "GOOD", token(rs(), but(exp=NOW + 1), by(one))),
        ("expires now", "EXPIRED", token(rs(), but(exp=NOW), by(one))),
        ("long over", "EXPIRED", token(rs(), but(exp=NOW - 86400), by(one))),
        ("no expiry", "BAD", token(rs(), but(exp=None), by(one))),
        ("expiry as text", "BAD", token(rs(), but(exp=str(NOW + 600)), by(one))),
        ("not yet valid", "BAD", token(rs(), but(nbf=NOW + 61), by(one))),
        ("from the future", "BAD", token(rs(), but(iat=NOW + 61), by(one))),
        ("another issuer", "BAD", token(rs(), but(iss=ISSUER + "/"), by(one))),
        ("no issuer", "BAD", token(rs(), but(iss=None), by(one))),
        ("another audience", "BAD", token(rs(), but(aud="peerage2"), by(one))),
        ("no audience", "BAD", token(rs(), but(aud=None), by(one))),
        ("an empty audience", "BAD", token(rs(), but(aud=[]), by(one))),
        ("no name", "BAD", token(rs(), but(sub=None), by(one))),
        ("an empty name", "BAD", token(rs(), but(sub=""), by(one))),
        ("a name too long", "BAD", token(rs(), but(sub="x" * 128), by(one))),
        ("the longest name", "GOOD", token(rs(), but(sub="x" * 127), by(one))),
        ("a name with a line break", "BAD", token(rs(), but(sub="a\nb"), by(one))),
        ("groups as an object", "BAD", token(rs(), but(groups={"a": 1}), by(one))),
        ("a group that is no text", "BAD", token(rs(), but(groups=["a", 1]), by(one))),
        ("too many groups", "BAD", token(rs(), but(groups=["g%d" % i for i in range(257)]), by(one))),
        ("as many groups as may be", "GOOD", token(rs(), but(groups=["g%d" % i for i in range(256)]), by(one))),
        ("signed by a stranger", "BAD", token(rs(), good, by(stranger))),
        ("signed by the other key", "BAD", token(rs("one"), good, by(two))),
        ("an unknown key", "UNKNOWN_KEY", token(rs("three"), good, by(stranger))),
        ("no key id among several", "UNKNOWN_KEY", token({"alg": "RS256"}, good, by(one))),
        ("a key for encryption", "UNKNOWN_KEY", token(rs("enc"), good, by(stranger))),
        ("a key for another algorithm", "UNKNOWN_KEY", token(rs("pss"), good, by(stranger))),
        ("a key too small", "UNKNOWN_KEY", token(rs("small"), good, by(small))),
        ("another curve", "UNKNOWN_KEY", token({"alg": "ES256", "kid": "big"}, good,
                                               lambda t: b"\1" * 64)),
        ("RSA's name for a curve's key", "UNKNOWN_KEY", token({"alg": "RS256", "kid": "curve"}, good, by(curve))),
        ("a curve's name for RSA's key", "UNKNOWN_KEY", token({"alg": "ES256", "kid": "one"}, good, by(one))),
        ("no algorithm", "BAD", token({"alg": "none", "kid": "one"}, good, lambda t: b"x")),
        ("NONE", "BAD", token({"alg": "NONE", "kid": "one"}, good, by(one))),
        ("PS256", "BAD", token({"alg": "PS256", "kid": "one"}, good,
                               lambda t: one.sign(t, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()))),
        ("RS512", "BAD", token({"alg": "RS512", "kid": "one"}, good,
                               lambda t: one.sign(t, padding.PKCS1v15(), hashes.SHA512()))),
        ("HS256 with the public key as the secret", "BAD",
         token({"alg": "HS256", "kid": "one"}, good, lambda t: hmac.new(public_pem, t, hashlib.sha256).digest())),
        ("a critical extension", "BAD", token(rs(crit=["b64"], b64=False), good, by(one))),
        ("another type", "BAD", token(rs(typ="secevent+jwt"), good, by(one))),
        ("claims that are an array", "BAD", token(rs(), b"[]", by(one))),
        ("claims that are no JSON", "BAD", token(rs(), b"{", by(one))),
        ("a claim twice", "BAD", token(rs(), json.dumps(good)[:-1].encode() + b',"sub":"root"}', by(one))),
        ("no signature", "BAD", f"{head}.{body}."),
        ("two parts", "BAD", f"{head}.{body}"),
        ("four parts", "BAD", f"{whole}.x"),
        ("claims of another token", "BAD", f"{head}.{b64(json.dumps(but(sub='root')).encode())}.{signature}"),
        ("padding", "BAD", f"{whole}=="),
        ("a signature cut short", "BAD", whole[:-4]),
        ("nothing", "BAD", ""),
        ("dots", "BAD", ".."),
    ]
    out = sys.stdout
    out.write("// SPDX-License-Identifier: Apache-2.0\n"
              "// Keys and tokens of a provider, made by tests/support/make_oidc_tokens.py with another implementation.\n"
              "// Called by: tests/unit/auth, fuzzing. Must never: be written by hand.\n#pragma once\n\n"
              f"#define OIDC_NOW      {NOW}\n#define OIDC_ISSUER   \"{ISSUER}\"\n#define OIDC_AUDIENCE \"{AUDIENCE}\"\n\n")

    def text(s):
        pieces = [s[i:i + 90] for i in range(0, len(s), 90)] or [""]
        return "\n    ".join(json.dumps(p) for p in pieces)
    out.write(f"static const char oidc_jwks[] =\n    {text(json.dumps({'keys': keys}))};\n\n")
    out.write(f"static const char oidc_one_jwk[] =\n    {text(json.dumps({'keys': [jwk(one)]}))};\n\n")
    out.write(f"static const char oidc_no_kid[] =\n    {text(token({'alg': 'RS256'}, good, by(one)))};\n\n")
    out.write(f"static const char oidc_unverified[] =\n    {text(token(rs(), but(email_verified=False), by(one)))};\n\n")
    out.write("static const struct {\n    const char *what;\n    enum oidc_verdict verdict;\n    const char *token;\n"
              "} oidc_cases[] = {\n")
    for what, verdict, made in cases:
        out.write(f"    {{{json.dumps(what)}, OIDC_{verdict},\n    {text(made)}}},\n")
    out.write("};\n")


main()
