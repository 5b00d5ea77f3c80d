"""The reference stack's user data, rendered by Terraform and run with stand-ins for what an instance has.

.ci/infra renders it and names it in USER_DATA. Its folders are moved under a temporary one; `aws`, `curl`, `docker`
and the rest answer what each test says. What it must never do is to start quietly with nothing.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

COMPOSE = b"compose"
STAND_IN = """#!/usr/bin/env -S python3 -S -E
import json, os, pathlib, sys
name, args = pathlib.Path(__file__).name, sys.argv[1:]
world = json.loads(pathlib.Path(os.environ["WORLD"]).read_text())
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([name, *args]), file=calls)
said = " ".join(args)
if name == "aws" and args[:2] == ["ssm", "get-parameter"]:
    print(world["release"])
elif name == "aws" and args[:2] == ["ssm", "get-parameters-by-path"]:
    print(json.dumps({"Parameters": world["parameters"]}))
elif name == "aws" and args[:2] == ["ecr", "get-login-password"]:
    print("password")
elif name == "curl" and "-X PUT" in said:
    print("token")
elif name == "curl" and "meta-data/instance-id" in said:
    print("i-0123456789abcdef0")
elif name == "curl" and "127.0.0.1" in said:
    sys.exit(0 if world["healthy"] else 22)
elif name == "curl" and "--output" in args:
    pathlib.Path(args[args.index("--output") + 1]).write_bytes(world["compose"].encode())
elif name == "docker" and "login" in args:
    sys.stdin.read()
elif name == "docker" and "pull" in args:
    sys.exit(0 if world["image"] else 1)
elif name == "mountpoint":
    sys.exit(1)
"""
STANDS_IN_FOR = ["aws", "curl", "dnf", "docker", "mount", "mountpoint", "sleep", "systemctl"]
GOOD = {
    "release": "v42",
    "parameters": [{"Name": "/codedetect/prod/app/DATABASE_URL", "Value": "postgres://db"}],
    "healthy": True,
    "image": True,
    "compose": COMPOSE.decode(),
}


class UserData(unittest.TestCase):
    def boot(self, **differs):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bin").mkdir()
        agent = self.root / "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
        agent.parent.mkdir(parents=True)
        (self.root / "etc").mkdir()
        (self.root / "etc/fstab").touch()
        for path in [self.root / "bin" / name for name in STANDS_IN_FOR] + [agent]:
            path.write_text(STAND_IN)
            path.chmod(0o755)
        script = pathlib.Path(os.environ["USER_DATA"]).read_text()
        script = re.sub(r"^compose_sha256=.*$", f"compose_sha256={hashlib.sha256(COMPOSE).hexdigest()}", script, flags=re.M)
        script = re.sub(r"(?<![\w.])/(mnt|opt|etc|usr/local/lib|var/log)/", rf"{self.root}/\1/", script)
        (self.root / "user-data").write_text(script)
        (self.root / "world").write_text(json.dumps(GOOD | differs))
        environment = {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "WORLD": str(self.root / "world"),
            "CALLS": str(self.root / "calls"),
        }
        return subprocess.run(
            ["bash", self.root / "user-data"], env=environment, capture_output=True, text=True, timeout=300
        )

    def calls(self, name):
        lines = (self.root / "calls").read_text().splitlines()
        return [call[1:] for call in map(json.loads, lines) if call[0] == name]

    def started(self):
        return any("up" in call for call in self.calls("docker"))

    def assert_fails(self, saying, **differs):
        boot = self.boot(**differs)
        self.assertNotEqual(boot.returncode, 0, boot.stderr)
        self.assertFalse(self.started())
        self.assertIn(saying, boot.stderr)

    def test_a_release_boots_with_its_image_its_settings_and_its_files(self):
        boot = self.boot()
        self.assertEqual(boot.returncode, 0, boot.stderr)
        self.assertTrue(self.started())
        compose = (self.root / "opt/app/compose.yaml").read_text()
        self.assertRegex(compose, r'image: ".+:v42"')
        settings = self.root / "opt/app/settings.env"
        self.assertEqual(settings.read_text(), "DATABASE_URL=postgres://db\n")
        self.assertEqual(settings.stat().st_mode & 0o077, 0, "secrets are nobody else's")
        self.assertEqual((self.root / "etc/fstab").read_text().count(" efs "), 1)
        self.assertIn("healthy after", boot.stderr)

    def test_a_slot_without_a_release_starts_nothing_and_is_no_failure(self):
        boot = self.boot(release="none")
        self.assertEqual(boot.returncode, 0, boot.stderr)
        self.assertEqual(self.calls("docker") + self.calls("dnf"), [])

    def test_a_release_that_is_no_image_tag_is_refused(self):
        self.assert_fails("holds no image tag", release="v42; reboot")

    def test_a_compose_that_is_not_the_pinned_one_is_refused(self):
        self.assert_fails("gave up after", compose="something else")
        self.assertFalse((self.root / "usr/local/lib/docker/cli-plugins/docker-compose").exists())

    def test_settings_that_docker_would_cut_are_refused(self):
        broken = [{"Name": "/codedetect/prod/app/KEY", "Value": "one\ntwo"}]
        self.assert_fails("has a line break in its value", parameters=broken)
        self.assert_fails("is no name of an environment variable", parameters=[{"Name": "/a/b-c", "Value": "x"}])
        self.assert_fails("no parameters under", parameters=[])

    def test_an_image_that_never_comes_is_a_failure(self):
        self.assert_fails("gave up after 20 attempts", image=False)

    def test_an_application_that_never_answers_is_a_failure_and_is_left_for_whoever_looks(self):
        boot = self.boot(healthy=False)
        self.assertNotEqual(boot.returncode, 0)
        self.assertTrue(self.started())
        self.assertIn("gave up after 60 attempts", boot.stderr)


if __name__ == "__main__":
    unittest.main()
