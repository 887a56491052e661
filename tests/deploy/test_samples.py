"""The samples for Kubernetes, Docker and Prometheus hold together, and their commands run."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bulkdel.errors import Exit
from bulkdel.job.jobfile import load_job
from bulkdel.job.schema import RetryTable
from bulkdel.report.metrics import Metrics
from bulkdel.send.state import KEPT, End
from tests.support.judge import Judge
from tests.support.process import ROOT, Done, Place, csv_text, finished, ledger

SAMPLES = ROOT / "jobs/deploy"
SECRET = "0123456789abcdef0123456789abcdef"
PAIRS = [("alice", "bob"), ("dave", "erin")]
FOREIGN_METRICS = {"kube_job_failed"}
"""What the rules read that is no metric of bulkdel's: kube-state-metrics' own."""


def documents(text: str) -> dict[str, dict[str, Any]]:
    """The documents of a YAML file by their kind."""
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def for_workers(text: str) -> str:
    """setup.yaml as it tells those to change it who want several pods."""
    marked = re.compile(r"^( *)# (.*?) *# workers\.yaml.*\n", re.MULTILINE)
    changed, count = marked.subn(r"\1\2\n", text)
    assert count == 4
    return changed.replace("  accessModes: [ReadWriteOnce]\n", "")


KUBERNETES = SAMPLES / "kubernetes"
SETUP = documents((KUBERNETES / "setup.yaml").read_text())
SETUP_FOR_WORKERS = documents(for_workers((KUBERNETES / "setup.yaml").read_text()))
JOBS = {
    "job": documents((KUBERNETES / "job.yaml").read_text())["Job"]["spec"],
    "workers": documents((KUBERNETES / "workers.yaml").read_text())["Job"]["spec"],
}
PODS = {
    "shell": SETUP["Pod"]["spec"],
    **{name: job["template"]["spec"] for name, job in JOBS.items()},
}
JOB_FILE = SETUP["ConfigMap"]["data"]["purge.toml"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_what_setup_made(name: str) -> None:
    """Volume, job file and secret are those of the other file, and nobody is root."""
    pod = PODS[name]
    (container,) = pod["containers"]
    made = {volume["name"]: volume for volume in pod["volumes"]}
    paths = {mount["mountPath"]: made[mount["name"]] for mount in container["volumeMounts"]}
    claim = SETUP["PersistentVolumeClaim"]["metadata"]["name"]
    assert paths["/data"]["persistentVolumeClaim"]["claimName"] == claim
    assert paths["/job"]["configMap"]["name"] == SETUP["ConfigMap"]["metadata"]["name"]
    (keys,) = container["envFrom"]
    assert keys["secretRef"]["name"] == SETUP["Secret"]["metadata"]["name"]
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (SAMPLES / "Dockerfile").read_text(), re.MULTILINE)
    secure = pod["securityContext"]
    assert secure["runAsNonRoot"] is True
    assert (str(secure["runAsUser"]), str(secure["runAsGroup"])) == user
    assert secure["fsGroup"] == secure["runAsGroup"]


def test_the_ledger_and_the_input_outlive_the_pod(tmp_path: Path) -> None:
    """Run directory and input are on the volume, and the job's secret is in the Secret."""
    command = PODS["job"]["containers"][0]["command"]
    run_dir = command[command.index("--run-dir") + 1]
    path = tmp_path / "purge.toml"
    path.write_text(JOB_FILE)
    job = load_job(path)
    assert Path("/data") in Path(run_dir).parents
    assert all(Path("/data") in Path(file).parents for file in job.input.files)
    names = {target["secret_env"] for target in tomllib.loads(JOB_FILE)["targets"].values()}
    assert names == SETUP["Secret"]["stringData"].keys()


@pytest.mark.parametrize("name", JOBS)
def test_no_code_that_needs_a_person_is_tried_again(name: str) -> None:
    """Those codes fail the Job at once; 75 is tried again, a bounded number of times."""
    job = JOBS[name]
    gone, failing = job["podFailurePolicy"]["rules"]
    assert gone["action"] == "Ignore"
    assert gone["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert failing["action"] == "FailJob"
    assert failing["onExitCodes"]["operator"] == "In"
    assert {*failing["onExitCodes"]["values"]} == {*Exit} - {Exit.DONE, Exit.LEFT}
    assert 0 < job["backoffLimit"] < 100
    assert PODS[name]["restartPolicy"] == "Never"
    assert tomllib.loads(JOB_FILE)["schedule"]["outside"] == "wait"


def test_workers_share_a_volume_and_a_store(tmp_path: Path) -> None:
    """All nodes mount the run directory, and the store's address is in the Secret."""
    path = tmp_path / "purge.toml"
    path.write_text(SETUP_FOR_WORKERS["ConfigMap"]["data"]["purge.toml"])
    cluster = load_job(path).cluster
    assert cluster
    assert cluster.store_env in SETUP_FOR_WORKERS["Secret"]["stringData"]
    claim = SETUP_FOR_WORKERS["PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for kind in ("Secret", "ConfigMap", "PersistentVolumeClaim"):
        assert SETUP_FOR_WORKERS[kind]["metadata"] == SETUP[kind]["metadata"]


def test_workers_end_when_all_is_settled() -> None:
    """The first that ends well ends the Job, and each can end with 75 as often as one alone."""
    spec = JOBS["workers"]
    assert spec["parallelism"] > 1
    assert "completions" not in spec
    assert spec["backoffLimit"] >= 10 * spec["parallelism"], "each ends with 75 when work is left"
    assert PODS["workers"]["terminationGracePeriodSeconds"] >= 2 * RetryTable().timeout_s


def words_of(name: str, place: Place) -> list[str]:
    """The words of a pod's command, with paths of this machine."""
    program, *words = PODS[name]["containers"][0]["command"]
    assert program == "bulkdel"
    swaps = {"/job/purge.toml": "purge.toml", "9464": "0", "0.0.0.0": "127.0.0.1"}  # noqa: S104
    swaps["/data/run"] = str(place.folder / "data/run")
    return [swaps.get(word, word) for word in words]


def in_a_pod(name: str, place: Place, **more: str) -> Place:
    """The folder, with the environment of a pod."""
    secrets = SETUP_FOR_WORKERS if name == "workers" else SETUP
    return Place(place.folder, more=dict.fromkeys(secrets["Secret"]["stringData"], SECRET) | more)


@pytest.mark.e2e
def test_the_workers_command_runs(place: Place, address: str) -> None:
    """As it stands: the first pod plans, both end with the code of the whole run."""
    (place.folder / "data").mkdir()
    place.write("data/pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        text = SETUP_FOR_WORKERS["ConfigMap"]["data"]["purge.toml"].partition("[schedule]")[0]
        key = 'secret_env = "TENCENT_SECRET_KEY"\n'
        text = text.replace(key, f'{key}endpoint = "{judge.address}"\n')
        place.write("purge.toml", text.replace("/data", str(place.folder / "data")))
        inside = in_a_pod("workers", place, BULKDEL_STORE=address)
        pods = [inside.start(*words_of("workers", place)) for _ in range(2)]
        ended = [finished(pod) for pod in pods]
        assert [one.code for one in ended] == [Exit.DONE, Exit.DONE], ended
        assert judge.seen("tencent").left == frozenset()
    assert len(ledger(place.folder / "data/run/shards/1")) == len(PAIRS)


@pytest.mark.e2e
def test_the_jobs_command_runs_and_a_second_pod_goes_on(place: Place) -> None:
    """As it stands, with other paths: the first pod is stopped, the second one does the rest."""
    (place.folder / "data").mkdir()
    place.write("data/pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        text = JOB_FILE.partition("[schedule]")[0].replace("/data", str(place.folder / "data"))
        place.write("purge.toml", f'{text}endpoint = "{judge.address}"\n')

        def pod(*more: str) -> Done:
            return in_a_pod("job", place).run(*words_of("job", place), *more)

        first = pod("--limit", "1")
        assert first.code == Exit.LEFT, first.err
        second = pod()
        assert second.code == Exit.DONE, second.err
        assert judge.seen("tencent").left == frozenset()
    assert len(ledger(place.folder / "data/run")) == len(PAIRS)


def test_the_image_has_no_secret_and_no_root() -> None:
    """What is copied is there, the entry is the package's own, and nothing is built in but code."""
    lines = (SAMPLES / "Dockerfile").read_text().splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    kept = [line.removeprefix("!") for line in ignored() if line.startswith("!")]
    for word, rest in steps:
        if word == "COPY" and "--from" not in rest:
            *sources, _ = rest.split()
            assert all((ROOT / source).exists() for source in sources)
            assert {*sources} <= {*kept}
        assert word != "ARG"
        assert not (word == "ENV" and re.search("KEY|SECRET", rest))
    assert any("'.[cluster]'" in rest for word, rest in steps if word == "RUN"), "for workers"
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert ["ENTRYPOINT", f'["{next(iter(scripts))}"]'] in steps
    assert [rest for word, rest in steps if word == "USER"] == ["10001:10001"]


def ignored() -> list[str]:
    """The lines of the list of what a build does not see."""
    return (SAMPLES / "Dockerfile.dockerignore").read_text().split()


def rules() -> list[dict[str, Any]]:
    """The rules of all groups."""
    groups = yaml.safe_load((SAMPLES / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_rules_read_only_what_is_served() -> None:
    """Every metric of an expression is one that bulkdel serves."""
    metrics = Metrics("purge")
    metrics.ended(Exit.DONE)
    served = {family.name for family in metrics.collect()}
    read = {
        name
        for rule in rules()
        for name in re.findall(r"\b([a-z]+_[a-z_]+)\b(?=[ {)]|$)", rule["expr"])
    }
    assert read - FOREIGN_METRICS <= served


def test_every_exit_code_that_needs_a_person_has_a_rule() -> None:
    """And 0 and 75 have none."""
    codes = {
        int(code) for rule in rules() for code in re.findall(r"exit_code == (\d+)", rule["expr"])
    }
    assert codes == {*Exit} - {Exit.DONE, Exit.LEFT}


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool here")
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(tmp_path: Path) -> None:
    """The file as it stands is valid, and each rule is tried on runs that go well and badly."""
    groups = yaml.safe_load((SAMPLES / "alerts.yml").read_text())
    for group in groups["groups"]:
        for rule in group["rules"]:
            del rule["annotations"]  # words; it compares them letter by letter
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(groups))
    shutil.copy(Path(__file__).parent / "alerts-tests.yml", tmp_path)
    for command in (
        ["check", "rules", str(SAMPLES / "alerts.yml")],
        ["test", "rules", "alerts-tests.yml"],
    ):
        done = subprocess.run(  # noqa: S603  # our own samples
            ["promtool", *command],  # noqa: S607
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_name_reasons_and_ends_that_there_are() -> None:
    """A label's value that nothing ever has would silence a rule for ever."""
    named: dict[str, set[str]] = {}
    for rule in rules():
        for label, values in re.findall(r'(reason|end)(?:=~|!=|=)"([^"]+)"', rule["expr"]):
            named.setdefault(label, set()).update(values.split("|"))
    assert named["reason"] <= {*KEPT}
    assert named["end"] <= {*End}
