"""The scripts of deploy.yml, run with stand-ins for `aws`, `docker`, `curl` and `signalbox`.

Each stand-in writes its arguments to a file and answers what the test put there; its standard input is
kept too. .ci/infra runs it, with its own Python (it needs PyYAML).
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
STAND_IN = """#!/usr/bin/env python3
import json, os, pathlib, sys
folder = pathlib.Path(__file__).resolve().parent.parent / pathlib.Path(__file__).name
calls = sorted(folder.glob("call-*"))
with open(folder / f"call-{len(calls):03}", "w") as call:
    json.dump({"args": sys.argv[1:], "stdin": "" if sys.stdin.isatty() else sys.stdin.read()}, call)
answers = sorted(folder.glob("answer-*"))
answer = json.loads(answers[min(len(calls), len(answers) - 1)].read_text())
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["code"])
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        self.environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RETRY_SECONDS": "0",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "SERVICE": "codedetect",
            "RELEASE": "v42",
            "DEPLOYMENT_ID": "github-7-1",
            "WAIT_MINUTES": "1",
        }

    def stand_in(self, name, *answers):
        """Each answer is (exit status, stdout, stderr); the last one goes for all later calls."""
        program = self.folder / "bin" / name
        program.write_text(STAND_IN)
        program.chmod(0o755)
        (self.folder / name).mkdir()
        for number, (code, stdout, stderr) in enumerate(answers):
            answer = json.dumps({"code": code, "stdout": stdout, "stderr": stderr})
            (self.folder / name / f"answer-{number:03}").write_text(answer)

    def calls(self, name):
        return [json.loads(call.read_text()) for call in sorted((self.folder / name).glob("call-*"))]

    def run_script(self, name, **environment):
        return subprocess.run(
            [HERE / name],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def summary(self):
        return (self.folder / "summary").read_text()


class RequestDeployment(Scripts):
    PUT = (0, '{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}', "")
    NOT_PUT = (
        0,
        '{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow\\ndown"}]}',
        "",
    )

    def request(self, **environment):
        environment = {"REQUESTED_BY": 'Ada "the" $(false) Lovelace'} | environment
        return self.run_script("request-deployment.sh", **environment)

    def test_one_event_asks_for_the_deployment(self):
        self.stand_in("aws", self.PUT)
        self.assertEqual(self.request().returncode, 0)
        [call] = self.calls("aws")
        self.assertEqual(call["args"][:3], ["events", "put-events", "--entries"])
        [entry] = json.loads(call["args"][3])
        self.assertEqual(
            {key: entry[key] for key in ("Source", "DetailType", "EventBusName")},
            {"Source": "signalbox.ci", "DetailType": "Deployment Requested", "EventBusName": "default"},
        )
        self.assertEqual(
            json.loads(entry["Detail"]),
            {
                "service": "codedetect",
                "release": "v42",
                "id": "github-7-1",
                "requested_by": 'Ada "the" $(false) Lovelace',
            },
        )

    def test_an_event_that_was_not_taken_is_put_again(self):
        self.stand_in("aws", self.NOT_PUT, self.PUT)
        self.assertEqual(self.request(EVENT_BUS="deploys").returncode, 0)
        first, second = self.calls("aws")
        self.assertEqual(first["args"], second["args"])
        self.assertIn('"EventBusName":"deploys"', first["args"][3])

    def test_an_event_that_is_never_taken_fails_and_says_why(self):
        self.stand_in("aws", self.NOT_PUT)
        ended = self.request()
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(len(self.calls("aws")), 3)
        self.assertIn("::error title=Not requested::", ended.stdout)
        self.assertIn("ThrottlingException: slow down", ended.stdout)

    def test_an_answer_without_a_count_is_no_success(self):
        self.stand_in("aws", (0, "{}", ""))
        self.assertEqual(self.request().returncode, 1)

    def test_a_call_that_fails_fails_the_step(self):
        self.stand_in("aws", (254, "", "AccessDenied"))
        self.assertNotEqual(self.request().returncode, 0)


class FollowDeployment(Scripts):
    def follow(self, **environment):
        return self.run_script("follow-deployment.sh", **environment)

    def test_a_release_that_went_live_succeeds(self):
        self.stand_in("signalbox", (0, "codedetect: v42 is live\n", "01:00 Baking\n"))
        ended = self.follow()
        self.assertEqual(ended.returncode, 0)
        [call] = self.calls("signalbox")
        self.assertEqual(call["args"], ["wait", "codedetect", "github-7-1"])
        self.assertNotIn("::error", ended.stdout)
        self.assertIn("v42 is live", self.summary())

    def test_a_rollback_fails_with_its_reason(self):
        self.stand_in("signalbox", (1, "shifting\nrolled back: errors at 100 % of 10 <b>\n\n", ""))
        ended = self.follow()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("::error title=Not deployed::rolled back: errors at 100 %25 of 10 <b>\n", ended.stdout)
        self.assertIn("rolled back: errors at 100 % of 10 &lt;b&gt;", self.summary())

    def test_nothing_in_the_timeline_is_a_command_to_the_runner(self):
        self.stand_in("signalbox", (0, "::error::not ours\n::stop-commands::x\nlive\n", ""))
        lines = self.follow().stdout.splitlines()
        stop = lines[0].removeprefix("::stop-commands::")
        self.assertRegex(stop, "^signalbox-[0-9a-f]{32}$")
        self.assertGreater(lines.index(f"::{stop}::"), lines.index("::error::not ours"))

    def test_a_failed_look_is_tried_again(self):
        self.stand_in("signalbox", (2, "", "error: table signalbox: timed out\n"), (0, "live\n", ""))
        self.assertEqual(self.follow().returncode, 0)
        self.assertEqual(len(self.calls("signalbox")), 2)

    def test_a_deployment_that_cannot_be_followed_is_told_apart_from_one_that_failed(self):
        self.stand_in("signalbox", (2, "", "error: access denied\n"))
        ended = self.follow()
        self.assertEqual(ended.returncode, 2)
        self.assertIn("::error title=Outcome unknown::", ended.stdout)
        self.assertIn("error: access denied", ended.stdout.splitlines()[-1])

    def test_following_ends_in_time(self):
        self.stand_in("timeout", (124, "", ""))
        ended = self.follow()
        [call] = self.calls("timeout")
        self.assertLessEqual(int(call["args"][0]), 60)
        self.assertEqual(call["args"][1:3], ["signalbox", "wait"])
        self.assertEqual(ended.returncode, 2)
        self.assertIn("did not end within 1 minutes", ended.stdout)

    def test_a_time_that_is_no_number_is_refused(self):
        self.assertEqual(self.follow(WAIT_MINUTES="1h").returncode, 2)


class PushImage(Scripts):
    THERE = (0, "sha256:1234\n", "")
    NOT_THERE = (254, "", "An error occurred (ImageNotFoundException): no such tag\n")

    def push(self, **environment):
        environment = {
            "IMAGE_REPOSITORY": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/codedetect",
            "REVISION": "abc",
            "CONTEXT": "source/.",
            "DOCKERFILE": "source/Dockerfile",
        } | environment
        return self.run_script("push-image.sh", **environment)

    def test_an_image_that_is_there_is_not_built_again(self):
        self.stand_in("aws", self.THERE)
        self.stand_in("docker", (0, "", ""))
        self.assertEqual(self.push().returncode, 0)
        self.assertEqual(self.calls("docker"), [])
        [call] = self.calls("aws")
        self.assertIn("imageTag=v42", call["args"])
        self.assertIn("123456789012", call["args"])

    def test_a_new_release_is_built_and_pushed_with_its_name_as_tag(self):
        self.stand_in("aws", self.NOT_THERE, (0, "a password", ""))
        self.stand_in("docker", (0, "", ""))
        self.assertEqual(self.push().returncode, 0)
        login, build, push, logout = self.calls("docker")
        image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/codedetect:v42"
        self.assertEqual(login["stdin"], "a password")
        self.assertNotIn("a password", login["args"])
        self.assertIn(image, build["args"])
        self.assertEqual(build["args"][-1], "source/.")
        self.assertEqual(push["args"], ["push", image])
        self.assertEqual(logout["args"][0], "logout")

    def test_doubt_about_the_image_is_no_leave_to_build(self):
        self.stand_in("aws", (254, "", "AccessDeniedException: no\n"))
        self.stand_in("docker", (0, "", ""))
        ended = self.push()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("AccessDeniedException", ended.stdout)
        self.assertEqual(self.calls("docker"), [])

    def test_names_that_are_no_image_are_refused_before_anything_is_called(self):
        self.stand_in("aws", self.THERE)
        for wrong in ({"IMAGE_REPOSITORY": "codedetect"}, {"RELEASE": "feature/x"}, {"RELEASE": "-v"}):
            self.assertEqual(self.push(**wrong).returncode, 1, wrong)
        self.assertEqual(self.calls("aws"), [])


class IdentityToken(Scripts):
    def setUp(self):
        super().setUp()
        self.token = self.folder / "identity"
        self.environment |= {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.token),
            "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?api=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-job",
        }

    def test_the_token_is_written_for_this_user_alone(self):
        self.stand_in("curl", (0, '{"value": "a.b.c"}', ""))
        self.assertEqual(self.run_script("identity-token.sh").returncode, 0)
        self.assertEqual(self.token.read_text(), "a.b.c")
        self.assertEqual(self.token.stat().st_mode & 0o777, 0o600)
        [call] = self.calls("curl")
        self.assertIn("https://token.example/?api=1&audience=sts.amazonaws.com", call["args"])
        self.assertEqual(call["stdin"].strip(), "Authorization: bearer the-job")
        self.assertNotIn("the-job", " ".join(call["args"]))

    def test_an_answer_without_a_token_leaves_no_file(self):
        self.stand_in("curl", (0, "{}", ""))
        self.assertEqual(self.run_script("identity-token.sh").returncode, 1)
        self.assertFalse(self.token.exists())

    def test_a_job_without_the_permission_is_told_what_is_missing(self):
        ended = self.run_script("identity-token.sh", ACTIONS_ID_TOKEN_REQUEST_URL="")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("id-token: write", ended.stdout)

    def test_a_kept_token_is_written_at_once_and_kept_until_ended(self):
        self.stand_in("curl", (0, '{"value": "a.b.c"}', ""))
        keeper = subprocess.Popen(
            [HERE / "identity-token.sh", "--keep"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.addCleanup(keeper.wait)
        self.addCleanup(os.killpg, keeper.pid, signal.SIGTERM)
        until = time.monotonic() + 20
        while not self.token.exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(self.token.read_text(), "a.b.c")
        self.assertIsNone(keeper.poll())


class Documentation(unittest.TestCase):
    """The example in the docs calls the workflow as it is."""

    def test_the_example_gives_every_input_that_is_required_and_none_that_is_unknown(self):
        root = HERE.parent.parent
        workflow = yaml.safe_load((root / ".github/workflows/deploy.yml").read_text())
        # YAML 1.1 reads the key `on` as a truth value.
        call = workflow[True]["workflow_call"]
        [example] = re.findall(r"```yaml\n(.*?)```", (root / "docs/deploy-workflow.md").read_text(), re.DOTALL)
        [job] = yaml.safe_load(example)["jobs"].values()
        required = {name for name, described in call["inputs"].items() if described.get("required")}
        self.assertLessEqual(required, set(job["with"]))
        self.assertLessEqual(set(job["with"]), set(call["inputs"]))
        for granted in workflow["jobs"].values():
            self.assertLessEqual(set(granted["permissions"]), set(job["permissions"]))
        self.assertEqual(job["uses"].split("@")[1], job["with"]["signalbox_ref"])


if __name__ == "__main__":
    unittest.main()
