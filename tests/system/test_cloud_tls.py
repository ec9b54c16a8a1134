# SPDX-License-Identifier: Apache-2.0
"""Server certificates are verified: AWS_CA_BUNDLE is the way to trust another authority, and names must fit."""

import shutil
import ssl
import subprocess

import pytest

from cloud_probe import built_binary, probe  # noqa: F401  (the fixture)
from hostile_ec2 import ACCOUNT, HostileEc2


class TlsEc2(HostileEc2):
    def __init__(self, case, certificate, key):
        super().__init__(case)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        pass  # a client that does not trust us hangs up

    @property
    def url(self):
        return super().url.replace("http:", "https:")


@pytest.fixture
def make_certificate(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not installed")

    def make(names):
        certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={names}"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    return make


def ask(server, **env):
    args = ["--ask", "list", "--account", ACCOUNT, "--attempts", "1"]
    return probe(args, server.url, AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY="s", **env)


def test_an_unknown_authority_is_refused_and_a_bundle_trusted(make_certificate):
    certificate, key = make_certificate("IP:127.0.0.1")
    with TlsEc2("foreign", certificate, key) as server:
        got = ask(server)
        assert got["class"] == "transient"
        assert "certificate" in got["message"]
        assert server.calls == []
        assert ask(server, AWS_CA_BUNDLE=certificate)["class"] == "ok"
        got = ask(server, AWS_CA_BUNDLE="/nonexistent/bundle.pem")
        assert got["class"] == "transient"
        assert "/nonexistent/bundle.pem" in got["message"]


def test_another_name_is_refused(make_certificate):
    certificate, key = make_certificate("DNS:elsewhere.example")
    with TlsEc2("foreign", certificate, key) as server:
        got = ask(server, AWS_CA_BUNDLE=certificate)
        assert got["class"] == "transient"
        assert server.calls == []
