"""Where the system forbids the cut, a session runs only what could send nothing."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import UNCUT

ROOT = Path(__file__).parents[1]
FORBID = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
"""In a user namespace of its own, which has limits of its own."""


def test_without_the_cut_only_pure_tests_run_and_the_others_say_how_to_get_them():
    session = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--color=no", "-o", "addopts="]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "sh", *session,
         "tests/model/test_words.py", "tests/net/test_session.py", "tests/cli/test_main.py", "tests/test_docs.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "network not cut" in done.stdout
    reasons = set(re.findall(r"^SKIPPED \[\d+\] \S+: (.+)$", done.stdout, re.M))
    assert reasons == {UNCUT}
    assert re.search(r"[1-9]\d* passed, [1-9]\d* skipped", done.stdout)
