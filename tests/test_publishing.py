"""Workflows, forms and the citation are what GitHub expects, and say the same as the project."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from docutils import nodes
from docutils.utils import new_document

import lossfns

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
FORMS = sorted(set(GITHUB.glob("ISSUE_TEMPLATE/*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"})
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}
TARGETS = re.findall(r"^([a-z-]+):.*  ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def read(path):
    # GitHub's `on:` is not YAML's `true`.
    return yaml.load(path.read_text(encoding="utf8"), Loader=yaml.BaseLoader)


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_fit_their_schema(schema):
    assert SCHEMAS[schema]
    command = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", schema]
    result = subprocess.run([*command, *SCHEMAS[schema]], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_there_is_a_workflow_for_each_promise():
    assert {path.stem for path in WORKFLOWS} == {"test", "pages", "release", "weekly"}
    assert {path.stem for path in FORMS} == {"erratum", "wrong-number", "grader-fault"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_a_commit_and_say_which_version_it_is(path):
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_a_job_asks_for_more(path):
    assert read(path)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_is_there_and_takes_nothing_from_strangers(path):
    workflow = read(path)
    for step in steps(workflow):
        script = step.get("run", "")
        for target in re.findall(r"\bmake ([a-z-]+)", script):
            assert target in TARGETS, target
        # What a pull request or a tag is called comes in through the environment, not as code.
        assert "${{" not in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_wait_for_jobs_that_are_there(path):
    jobs = read(path)["jobs"]
    for job in jobs.values():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(jobs)


def test_pythons_of_the_workflows_are_those_that_the_lock_fits():
    for path in WORKFLOWS:
        for step in steps(read(path)):
            version = step.get("with", {}).get("python-version", "3.12")
            assert version in ("3.11", "3.12", "3.13", "3.14")


def test_only_main_is_deployed_and_only_a_tag_released():
    assert read(GITHUB / "workflows" / "release.yml")["on"] == {"push": {"tags": ["v*"]}}
    pages = read(GITHUB / "workflows" / "pages.yml")
    assert pages["on"]["push"] == {"branches": ["main"]}
    assert pages["jobs"]["deploy"]["if"] == "github.event_name == 'push'"


def test_a_release_refuses_a_tag_of_another_version(tmp_path):
    (step,) = [
        s
        for s in steps(read(GITHUB / "workflows" / "release.yml"))
        if "names the version" in s.get("name", "")
    ]
    for tag, code in ((f"v{lossfns.__version__}", 0), ("v9.9.9", 1)):
        environment = {"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"}
        result = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=ROOT, env=environment)
        assert result.returncode == code


def test_the_index_gets_the_library_alone(tmp_path):
    (step,) = [s for s in steps(read(GITHUB / "workflows" / "release.yml"))
               if "index takes" in s.get("name", "")]  # fmt: skip
    (tmp_path / "dist").mkdir()
    made = (
        "lossfns-1.tar.gz",
        "lossfns-1-py3-none-any.whl",
        "loss-functions.pdf",
        "loss-functions-site.zip",
        "loss-functions-for-learners.zip",
        "cheat_sheet.pdf",
    )
    for name in made:
        (tmp_path / "dist" / name).touch()
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, check=True)
    assert {path.name for path in (tmp_path / "dist").iterdir()} == set(made[:2])


@pytest.mark.parametrize(("results", "opened"), [
    ({}, []),
    ({"NEWEST": "failure", "LINKS": "cancelled"}, ["The newest versions fail the tests"]),
    ({"OLDEST": "failure", "LINKS": "failure"},
     ["The oldest versions fail the tests", "Links to other sites are broken"]),
])  # fmt: skip
def test_each_kind_of_failure_opens_one_issue(results, opened, tmp_path):
    """With a gh that notes what it is asked for, and finds no open issue."""
    report = read(GITHUB / "workflows" / "weekly.yml")["jobs"]["report"]
    (step,) = report["steps"]
    assert {name.upper() for name in report["needs"]} <= set(step["env"])
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\n[ "$2" = create ] && echo "$4" >> {tmp_path}/opened || echo 0\n')
    gh.chmod(0o755)
    kinds = dict.fromkeys(("NEWEST", "OLDEST", "LINKS"), "success") | results
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RUN": "a run"} | kinds
    subprocess.run(["bash", "-e", "-c", step["run"]], env=environment, check=True)
    notes = tmp_path / "opened"
    assert (notes.read_text().splitlines() if notes.exists() else []) == opened


def test_the_citation_names_the_version_and_the_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    citation = read(ROOT / "CITATION.cff")
    assert citation["version"] == project["version"] == lossfns.__version__
    assert citation["license"] == project["license"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_what_it_needs(path):
    asked = [item for item in read(path)["body"] if item["type"] != "markdown"]
    assert len(asked) >= 3
    assert all(item["validations"]["required"] == "true" for item in asked)


WORDS = "Two losses, and how they differ on outliers."


def page(*paragraphs):
    document = new_document("page")
    document += nodes.section(
        "", nodes.title("", "A title"), *(nodes.paragraph("", text) for text in paragraphs)
    )
    return document


@pytest.mark.parametrize(("paragraphs", "expected"), [
    (["Short.", "A sentence that is long enough to say what the page is about."],
     "A sentence that is long enough to say what the page is about."),
    (["Short."], "A title"),
    (["word " * 60], "word " * 30 + "word…"),
])  # fmt: skip
def test_a_description_is_the_first_paragraph_that_says_something(paragraphs, expected):
    import publish

    assert publish.description(page(*paragraphs)) == expected
    assert len(expected) <= publish.LONGEST


def site(tmp_path, address):
    return SimpleNamespace(
        config=SimpleNamespace(html_baseurl=address, html_title="A course"),
        env=SimpleNamespace(
            titles={"book/x": nodes.title("", 'On "L1" & L2')}, found_docs=["book/x"]
        ),
        builder=SimpleNamespace(format="html", get_target_uri=lambda name: f"{name}.html"),
        outdir=tmp_path,
    )


def test_a_site_with_an_address_says_what_its_pages_are_about(tmp_path):
    import publish

    context, app = {}, site(tmp_path, "https://example.org/course/")
    publish.describe(app, "book/x", "page.html", context, page(f"{WORDS} And more."))
    tags = context["metatags"]
    assert f'<meta name="description" content="{WORDS} And more."' in tags
    assert 'content="On &quot;L1&quot; &amp; L2"' in tags
    assert 'content="https://example.org/course/book/x.html"' in tags
    picture = re.search(r'"og:image" content="https://example.org/course/_static/([^"]+)"', tags)[1]
    assert (ROOT / "book" / "_static" / picture).exists()
    publish.write_sitemap(app, None)
    sitemap = (tmp_path / "sitemap.xml").read_text(encoding="utf8")
    assert "<loc>https://example.org/course/book/x.html</loc>" in sitemap


def test_a_site_without_an_address_points_nowhere(tmp_path):
    import publish

    context, app = {}, site(tmp_path, "")
    publish.describe(app, "book/x", "page.html", context, page(WORDS))
    publish.write_sitemap(app, None)
    assert context == {} and not list(tmp_path.iterdir())
