# SPDX-License-Identifier: Apache-2.0
"""Terraform's Atlas provider against `peerage dev`: a project, its API key, an access list entry and a service account
are planned, applied, planned again to nothing, changed and destroyed, and stream account details are read.

Twice: by the requests that the provider sends, as it sends them, which runs everywhere; and by Terraform itself, where
$PEERAGE_TERRAFORM_PROVIDER names a built provider and `terraform` is there. docs/clients.md tells more.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

import harness
from tenancy import Reply, demo_owner, event_types

V23, V24, STREAMS = "2023-01-01", "2024-08-05", "2024-11-13"
PAGE = "includeCount=true&itemsPerPage=100&pageNum=1"
AGENT = "terraform-provider-mongodbatlas/devel Terraform/1.11.4"


@pytest.fixture(scope="module")
def free_dev(tmp_path_factory):
    with harness.Dev(tmp_path_factory.mktemp("terraform"), "--rate-limit", "off") as d:
        d.wait_scanned()
        yield d


# ---- the provider's requests -------------------------------------------------------------------------------

class Provider:
    """Its HTTP client: every request first without credentials, then with the challenge's answer."""

    def __init__(self, dev):
        self.dev, self.org, self.group = dev, f"/api/atlas/v2/orgs/{dev['ORG_ID']}", None

    def ask(self, method, target, body=None, status=200, version=V23, kind=False):
        accept = f"application/vnd.atlas.{version}+json"
        headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}
        text = None
        if body is not None or kind:
            headers["Content-Type"] = accept
        if body is not None:
            text = json.dumps(body, separators=(",", ":")) + "\n"
        answer = Reply(*harness.digest_request(self.dev, method, target, accept, headers, text))
        assert answer.status == status, (method, target, answer)
        return answer.json() if answer.body else None

    def read_project(self):
        """What makes the state of mongodbatlas_project, after each change and before each plan."""
        g = self.group
        shown = [self.ask("GET", g), self.ask("GET", f"{g}/teams?{PAGE}"), self.ask("GET", f"{g}/limits"),
                 self.ask("GET", f"{g}/settings"), self.ask("GET", f"{g}/ipAddresses"),
                 self.ask("GET", f"{g}/managedSlowMs")]
        assert shown[1]["results"] == [] and shown[2] == [] and shown[5] is False
        return shown

    def read_key(self):
        """It looks for the key in each organisation that it sees."""
        orgs = self.ask("GET", f"/api/atlas/v2/orgs?{PAGE}")["results"]
        assert [f"/api/atlas/v2/orgs/{o['id']}" for o in orgs] == [self.org]
        return self.ask("GET", self.key)

    def read(self, entry):
        """A plan: everything is read, and each attribute is what was applied."""
        details = self.ask("GET", f"/api/atlas/v2/groups/{self.dev['GROUP_ID']}/streams/accountDetails?cloudProvider=aws&"
                           f"regionName={self.dev.env['PEERAGE_DEMO_REGION'].upper().replace('-', '_')}", version=STREAMS)
        assert details["vpcId"] == self.dev["ACCEPTER_VPC_ID"] and details["cloudProvider"] == "aws"
        return (self.read_project(), self.read_key(), self.ask("GET", f"{self.key}/accessList/{entry}"),
                self.ask("GET", self.account, version=V24, kind=True))


def test_the_requests_of_the_provider(free_dev):
    p = Provider(free_dev)
    made = p.ask("POST", "/api/atlas/v2/groups", {
        "clusterCount": 0, "created": "0001-01-01T00:00:00Z", "name": "tf-requests", "orgId": free_dev["ORG_ID"],
        "tags": [{"key": "env", "value": "test"}], "withDefaultAlertsSettings": True}, 201)
    p.group = f"/api/atlas/v2/groups/{made['id']}"
    settings = p.ask("GET", f"{p.group}/settings")
    assert p.ask("PATCH", f"{p.group}/settings", settings) == settings
    p.read_project()
    account = p.ask("POST", f"{p.org}/serviceAccounts", {
        "description": "does things", "name": "tf-robot", "roles": ["ORG_READ_ONLY"], "secretExpiresAfterHours": 2160},
        201, V24)
    p.account = f"{p.org}/serviceAccounts/{account['clientId']}"
    key = p.ask("POST", f"{p.group}/apiKeys", {"desc": "tf key", "roles": ["GROUP_OWNER"]})
    free_dev.secrets |= {key["privateKey"], account["secrets"][0]["secret"]}
    p.key = f"{p.org}/apiKeys/{key['id']}"
    listed = p.ask("POST", f"{p.key}/accessList?{PAGE}", [{"ipAddress": "10.1.2.3"}])
    assert [e["ipAddress"] for e in listed["results"]] == ["10.1.2.3"]
    applied = p.read("10.1.2.3")
    assert applied == p.read("10.1.2.3")  # the second plan is empty
    assert applied[0][0]["tags"] == [{"key": "env", "value": "test"}] and applied[0][3] == settings
    assert {r["roleName"] for r in applied[1]["roles"]} == {"GROUP_OWNER", "ORG_MEMBER"}

    p.ask("PATCH", p.account, {"description": "other things", "name": "tf-robot", "roles": ["ORG_READ_ONLY"]}, version=V24)
    p.ask("DELETE", f"{p.key}/accessList/10.1.2.3", status=204)
    p.ask("PATCH", p.group, {"name": "tf-renamed", "tags": [{"key": "env", "value": "test"}]})
    p.ask("GET", f"{p.group}/settings")
    p.ask("DELETE", f"{p.group}/managedSlowMs/disable", status=204)
    p.ask("PATCH", p.key, {"desc": "tf key, second"})
    p.ask("POST", f"{p.key}/accessList?{PAGE}", [{"ipAddress": "10.9.9.9"}])
    changed = p.read("10.9.9.9")
    assert changed == p.read("10.9.9.9")
    assert (changed[0][0]["name"], changed[1]["desc"], changed[3]["description"]) == (
        "tf-renamed", "tf key, second", "other things")

    p.ask("DELETE", f"{p.key}/accessList/10.9.9.9", status=204)
    p.ask("DELETE", p.account, status=204, version=V24, kind=True)
    p.ask("DELETE", p.key, status=204)
    p.ask("GET", f"{p.group}/clusters?includeCount=true&includeDeletedWithRetainedBackups=false&itemsPerPage=100&pageNum=1",
          status=501, version=V24)  # it looks for clusters first, and goes on
    p.ask("DELETE", p.group, status=202)
    p.ask("GET", p.group, status=404)  # which is how a plan learns that it is gone


# ---- Terraform itself --------------------------------------------------------------------------------------

MAIN = """
terraform {
  required_providers { mongodbatlas = { source = "mongodb/mongodbatlas" } }
}
variable "org_id" {}
variable "group_id" {}
variable "region" {}
variable "project_name" { default = "tf-project" }
variable "note" { default = "first" }
variable "listed" { default = "10.1.2.3" }
provider "mongodbatlas" {}
resource "mongodbatlas_project" "p" {
  name   = var.project_name
  org_id = var.org_id
  tags   = { env = "test" }
}
resource "mongodbatlas_project_api_key" "k" {
  description = "tf key ${var.note}"
  project_assignment {
    project_id = mongodbatlas_project.p.id
    role_names = ["GROUP_OWNER"]
  }
}
resource "mongodbatlas_access_list_api_key" "a" {
  org_id     = var.org_id
  api_key_id = mongodbatlas_project_api_key.k.api_key_id
  ip_address = var.listed
}
resource "mongodbatlas_service_account" "s" {
  org_id                     = var.org_id
  name                       = "tf-robot"
  description                = "does ${var.note} things"
  roles                      = ["ORG_READ_ONLY"]
  secret_expires_after_hours = 2160
}
data "mongodbatlas_stream_account_details" "d" {
  project_id     = var.group_id
  cloud_provider = "aws"
  region_name    = var.region
}
output "vpc" { value = data.mongodbatlas_stream_account_details.d.vpc_id }
"""
CHANGED = ("-var", "project_name=tf-renamed", "-var", "note=second", "-var", "listed=10.9.9.9")


class Terraform:
    def __init__(self, dev, folder, auth):
        provider = os.environ.get("PEERAGE_TERRAFORM_PROVIDER")
        self.program = os.environ.get("PEERAGE_TERRAFORM") or shutil.which("terraform")
        if not provider or not self.program:
            pytest.skip("PEERAGE_TERRAFORM_PROVIDER names no built provider, or terraform is not here: "
                        "THIS TEST DID NOT RUN")
        self.folder = pathlib.Path(folder)
        (self.folder / "main.tf").write_text(MAIN)
        (self.folder / "rc").write_text(
            f'provider_installation {{\n  dev_overrides {{ "mongodb/mongodbatlas" = "{pathlib.Path(provider).parent}" }}\n}}\n'
            "disable_checkpoint = true\n")
        credential = {"MONGODB_ATLAS_PUBLIC_API_KEY": dev["PUBLIC_KEY"], "MONGODB_ATLAS_PRIVATE_API_KEY": dev["PRIVATE_KEY"]}
        if auth == "oauth":
            credential = {"MONGODB_ATLAS_CLIENT_ID": dev["CLIENT_ID"], "MONGODB_ATLAS_CLIENT_SECRET": dev["CLIENT_SECRET"]}
        self.environment = harness.clean_environment({
            "TF_CLI_CONFIG_FILE": str(self.folder / "rc"), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
            "MONGODB_ATLAS_BASE_URL": dev.url, "TF_VAR_org_id": dev["ORG_ID"], "TF_VAR_group_id": dev["GROUP_ID"],
            "TF_VAR_region": dev.env["PEERAGE_DEMO_REGION"].upper().replace("-", "_"), **credential})

    def __call__(self, *words, code=0):
        done = subprocess.run([self.program, *words, "-no-color"], cwd=self.folder, env=self.environment, check=False,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout


@pytest.mark.parametrize("auth", ["digest", "oauth"])
def test_terraform_itself(free_dev, tmp_path, auth):
    terraform = Terraform(free_dev, tmp_path, auth)
    terraform("plan", "-detailed-exitcode", code=2)
    said = terraform("apply", "-auto-approve")
    assert "4 added, 0 changed, 0 destroyed" in said and free_dev["ACCEPTER_VPC_ID"] in said
    terraform("plan", "-detailed-exitcode")  # 0: nothing to do
    assert "1 added, 3 changed, 1 destroyed" in terraform("apply", "-auto-approve", *CHANGED)
    terraform("plan", "-detailed-exitcode", *CHANGED)
    assert "4 destroyed" in terraform("destroy", "-auto-approve", *CHANGED)
    types = event_types(demo_owner(free_dev), f"orgs/{free_dev['ORG_ID']}")
    assert {"GROUP_CREATED", "GROUP_DELETED", "API_KEY_CREATED", "API_KEY_DELETED", "API_KEY_ACCESS_LIST_ENTRY_ADDED",
            "SERVICE_ACCOUNT_CREATED", "SERVICE_ACCOUNT_DELETED"} <= set(types)
