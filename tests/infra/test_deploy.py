"""Deploying against moto's CloudFormation and S3, as far as moto goes: APIs and the CDN it cannot make, see the guide."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import moto
import pytest
from botocore.stub import Stubber
from moto.cloudformation import models

from infra import changes, deploy, deployment, package, site
from infra.changes import Change, ChangeSet, Failed, Stacks
from infra.deploy import Declined, Deploy, Operator
from infra.deployment import Deployment, WrongDeployment
from infra.release import NoRelease, Release

# moto says which resources it does not make: bucket policies, backups, metric filters and some more.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")

REGION = "eu-central-1"
ACCOUNT = "123456789012"
STACKS = ("artifacts", "stateful", "functions-notices", "watch")
PARAMETERS = {
    "PublicHost": "cabinet-dev.example.org",
    "MailSender": "cabinet@example.org",
    "MailIdentity": "example.org",
    "AlarmEmail": "duty@example.org",
    "BaseLayer": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:base:1",  # moto gives no ARN of a layer made by a stack
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give an empty cloud."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setattr(models.ChangeSet, "apply", applied)
    with moto.mock_aws():
        yield


def applied(self: Any) -> None:
    """Carry a change set out as moto does, and let imports, outputs and exports follow, which moto forgets."""
    backend = moto.backends.get_backend("cloudformation")[ACCOUNT][self.stack.region_name]
    self.stack.resource_map.cross_stack_resources = backend.exports
    self.stack.resource_map.update(self.template_dict, self.parameters)
    self.stack.template, self.stack.template_dict = self.template, self.template_dict
    self.stack.parameters = self.parameters
    self.stack.output_map = self.stack._create_output_map()
    for export in self.stack.exports:
        backend.exports[export.name] = export


def client(service: str, region: str = REGION) -> Any:
    """Return a client of a service."""
    return botocore.session.get_session().create_client(service, region_name=region)


def packaged(folder: Path, word: str, stage: str = "dev") -> Release:
    """Write a small package: real templates, archives that hold one word."""
    folder.mkdir()
    archives = []
    for name in ("bundle.zip", "layer-base.zip", "layer-typst.zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("word.txt", f"{word} {name}")
        content = (folder / name).read_bytes()
        archives.append(package.Archive(folder / name, hashlib.sha256(content).hexdigest(), 1, 1))
    templates = package.templates("dev")
    for name in STACKS:
        (folder / f"{name}.json").write_text(json.dumps(templates[name], separators=(",", ":")))
    package._write_release(folder, archives, stage)
    return Release.in_folder(folder)


def run_of(folder: Path, *answers: str, **given: Any) -> Deploy:
    """Make a run with the answers that the operator will give; no answer means yes to everything."""
    left = list(answers)
    operator = Operator(agrees=not answers, ask=lambda _: left.pop(0))
    found = Deployment("dev", REGION, PARAMETERS)
    return Deploy(found, folder, operator, sleep=lambda _: None, make=client, **given)


def keep_secret() -> None:
    """Make what the operator makes after the second wave: the secret, and two versions of the CDN's proof."""
    item = {"place": {"S": "current"}, "wrapped": {"B": b"x"}}
    client("dynamodb").put_item(TableName="cabinet-dev-deployment_secret", Item=item)
    client("secretsmanager").create_secret(Name="cabinet-dev/edge", SecretString="0" * 64)
    client("secretsmanager").put_secret_value(SecretId="cabinet-dev/edge", SecretString="1" * 64)


def deployed(built: Release) -> Deploy:
    """Deploy a package whole, with the secret made between the waves."""
    zipped = (built.folder / "layer-base.zip").read_bytes()
    client("lambda").publish_layer_version(LayerName="base", Content={"ZipFile": zipped})
    run = run_of(built.folder)
    with pytest.raises(Failed, match=r"python -m infra\.secret --stage dev"):
        run.run(built, None)
    keep_secret()
    run = run_of(built.folder)
    run.run(built, None)
    return run


def parameter_of(stack: str, name: str) -> str:
    """Return a parameter of a stack as it stands."""
    (found,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return next(str(one["ParameterValue"]) for one in found["Parameters"] if one["ParameterKey"] == name)


def names_of_stacks() -> set[str]:
    """Return the stacks that stand."""
    return {one["StackName"] for one in client("cloudformation").describe_stacks()["Stacks"]}


def test_one_command_makes_everything_in_its_order(
    cloud: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run stops for the secret; the second goes on and makes the rest from the outputs of what stands."""
    built = packaged(tmp_path / "a", "first")
    deployed(built)
    assert {f"cabinet-dev-{name}" for name in STACKS} == names_of_stacks()
    printed = capsys.readouterr().out
    assert "cabinet-dev-stateful: new, " in printed
    assert printed.index("cabinet-dev-stateful is done") < printed.index("cabinet-dev-functions-notices: new")
    assert "cabinet-dev-session" in client("dynamodb").list_tables()["TableNames"]


def test_whoever_uses_an_output_comes_in_a_later_wave() -> None:
    """Every output that a template asks for as a parameter is given by a stack of an earlier wave."""
    templates = package.templates("dev")

    def wave_of(name: str) -> int:
        return next(number for number, wave in enumerate(deploy.WAVES) if deploy._is_of(name, wave))

    given = {output: wave_of(name) for name, one in templates.items() for output in one.get("Outputs", {})}
    for name, template in templates.items():
        for asked in template.get("Parameters", {}):
            assert given.get(asked, -1) < wave_of(name), f"{name} asks for {asked} too early."
    assert given["BaseLayer"] < wave_of("functions-profile")


def test_the_same_package_changes_nothing(cloud: None, tmp_path: Path) -> None:
    """A second run uploads nothing; whoever would be asked about a change is not asked where there is none."""
    built = packaged(tmp_path / "a", "first")
    deployed(built)
    assert built.upload(client("s3"), f"cabinet-dev-artifacts-{ACCOUNT}") == 0


def test_a_release_can_be_taken_back(cloud: None, tmp_path: Path) -> None:
    """Functions stand on the older bundle again; what was deployed when is on record."""
    old, new = packaged(tmp_path / "a", "first"), packaged(tmp_path / "b", "second")
    assert old.digest != new.digest
    deployed(old)
    run_of(new.folder).run(new, None)
    stack = "cabinet-dev-functions-notices"
    assert parameter_of(stack, "CodeKey") == new.parameters["CodeKey"]
    back = tmp_path / "back"
    back.mkdir()
    run = run_of(tmp_path)
    run.back(old.digest, back)
    assert parameter_of(stack, "CodeKey") == old.parameters["CodeKey"]
    assert [line.split()[1] for line in run_of(tmp_path).history()] == [old.digest, new.digest, old.digest]


def test_an_unknown_or_damaged_release_is_refused(cloud: None, tmp_path: Path) -> None:
    """Nothing is deployed of a release that is not there or not what its digest says."""
    built = packaged(tmp_path / "a", "first")
    deployed(built)
    for folder in ("b", "c"):
        (tmp_path / folder).mkdir()
    with pytest.raises(NoRelease, match="has no release 0123"):
        run_of(tmp_path).back("0123", tmp_path / "b")
    bucket = f"cabinet-dev-artifacts-{ACCOUNT}"
    client("s3").put_object(Bucket=bucket, Key=f"releases/{built.digest}/functions-notices.json", Body=b"{}")
    with pytest.raises(NoRelease, match=r"functions-notices\.json .* is damaged"):
        run_of(tmp_path).back(built.digest, tmp_path / "c")


def test_without_a_yes_nothing_is_made(cloud: None, tmp_path: Path) -> None:
    """Anything but y leaves the cloud as it was, without a half-made stack."""
    built = packaged(tmp_path / "a", "first")
    for answer in ("", "n", "да", "yess"):
        with pytest.raises(Declined):
            run_of(built.folder, answer).run(built, None)
        assert names_of_stacks() == set()
        assert client("s3").list_buckets()["Buckets"] == []


def test_a_package_of_another_stage_is_refused(cloud: None, tmp_path: Path) -> None:
    """What was packaged for prod does not reach dev."""
    built = packaged(tmp_path / "a", "first", stage="prod")
    with pytest.raises(NoRelease, match="packaged for prod: run make package STAGE=dev"):
        run_of(built.folder).run(built, None)
    assert names_of_stacks() == set()


def test_a_misspelt_parameter_is_refused(cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no template asks for stops before anything is made."""
    built = packaged(tmp_path / "a", "first")
    run = run_of(built.folder)
    monkeypatch.setattr(run, "found", Deployment("dev", REGION, PARAMETERS | {"AlarmMail": "x"}))
    with pytest.raises(WrongDeployment, match="AlarmMail"):
        run.run(built, None)
    assert names_of_stacks() == set()


def test_a_damaged_archive_is_not_uploaded(cloud: None, tmp_path: Path) -> None:
    """An archive that is not the manifest's stops the upload."""
    built = packaged(tmp_path / "a", "first")
    (built.folder / "bundle.zip").write_bytes(b"other")
    client("s3").create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(NoRelease, match="run make package again"):
        built.upload(client("s3"), "releases")


def described(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write an answer of DescribeChangeSet."""
    return {
        "Status": "CREATE_COMPLETE",
        "Changes": [{"Type": "Resource", "ResourceChange": one} for one in found],
    } | more


def resource_change(action: str, name: str, kind: str, replacement: str | None = None) -> dict[str, Any]:
    """Write one change as CloudFormation does."""
    made = {"Action": action, "LogicalResourceId": name, "ResourceType": kind}
    return made if replacement is None else made | {"Replacement": replacement}


def prepared(*answers: dict[str, Any], status: str = "CREATE_COMPLETE") -> ChangeSet | None:
    """Prepare a change set with answers that CloudFormation would give."""
    one = client("cloudformation")
    template = json.dumps({"Parameters": {"Asked": {"Type": "String"}}, "Resources": {}})
    with Stubber(one) as stub:
        stack = {"StackName": "s", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": status}
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        stub.add_response(
            "create_change_set", {"Id": "arn:aws:cloudformation:x", "StackId": "arn:aws:cloudformation:y"}
        )
        for answer in answers:
            stub.add_response("describe_change_set", answer)
        if answers[0]["Status"] == "FAILED":
            stub.add_response("delete_change_set", {})
            stub.add_response("describe_stacks", {"Stacks": [stack]})
        made = Stacks(one, lambda _: None).prepare("s", "c", template, None, {"Asked": "a", "Other": "b"})
        stub.assert_no_pending_responses()
    return made


def test_a_change_set_is_a_readable_table(cloud: None) -> None:
    """Added, changed, replaced, perhaps replaced and removed are told apart, over all pages."""
    first = described(
        resource_change("Add", "NewQueue", "AWS::SQS::Queue"),
        resource_change("Modify", "ReadProfileFunction", "AWS::Lambda::Function", "False"),
    )
    second = described(
        resource_change("Modify", "OutboxTable", "AWS::DynamoDB::Table", "True"),
        resource_change("Modify", "DataKey", "AWS::KMS::Key", "Conditional"),
        resource_change("Remove", "OldTable", "AWS::DynamoDB::Table"),
    )
    made = prepared(described(Status="CREATE_IN_PROGRESS"), first, first | {"NextToken": "n"}, second)
    assert made is not None
    assert [one.what for one in made.changes] == ["added", "changed", "REPLACED", "may be REPLACED", "removed"]
    assert [one.loses for one in made.changes] == [False, False, True, True, True]
    lines = made.table().splitlines()
    assert lines[0] == "s: 5 changes"
    assert lines[3].split() == ["REPLACED", "DynamoDB::Table", "OutboxTable"]


def test_an_empty_change_set_is_forgotten(cloud: None) -> None:
    """A stack with nothing to change is passed over; any other refusal is told."""
    reason = "The submitted information didn't contain changes. Submit different information to create a change set."
    assert prepared(described(Status="FAILED", StatusReason=reason)) is None
    with pytest.raises(Failed, match="Template format error"):
        prepared(described(Status="FAILED", StatusReason="Template format error"))


@pytest.mark.parametrize("may_replace", [False, True])
def test_nothing_that_people_wrote_is_replaced_unasked(cloud: None, tmp_path: Path, may_replace: bool) -> None:  # noqa: FBT001 - a parameter
    """A replaced table stops the deployment of the stateful stack unless --replace is said; a function does not."""
    run = run_of(tmp_path, may_replace=may_replace)
    table = Change("REPLACED", "OutboxTable", "AWS::DynamoDB::Table")
    run._refuse_losses([ChangeSet("cabinet-dev-functions-profile", "c", False, (table,))])
    lost = [ChangeSet("cabinet-dev-stateful", "c", False, (table,))]
    if may_replace:
        run._refuse_losses(lost)
    else:
        with pytest.raises(Failed, match=r"REPLACED: OutboxTable.*--replace"):
            run._refuse_losses(lost)


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", "has put the stack back"),
        ("UPDATE_ROLLBACK_FAILED", "continue the roll-back"),
        ("CREATE_FAILED", "it goes on from there"),
    ],
)
def test_a_failed_stack_says_what_happened_why_and_the_way_back(cloud: None, status: str, way: str) -> None:
    """The first failure counts, not what was cancelled after it, nor a failure of an earlier time."""
    one = client("cloudformation")
    stack = {"StackName": "s", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": status}

    def event(name: str, happened: str, reason: str = "") -> dict[str, Any]:
        made = {
            "StackId": "i",
            "EventId": f"{name}{happened}{reason}",
            "StackName": "s",
            "Timestamp": "2026-01-01T00:00:00Z",
        }
        made |= {"LogicalResourceId": name, "ResourceType": "AWS::SQS::Queue", "ResourceStatus": happened}
        return made | ({"ResourceStatusReason": reason} if reason else {})

    events = [
        event("B", "CREATE_FAILED", "Resource creation cancelled"),
        event("A", "CREATE_FAILED", "The queue has another owner"),
        event("s", "UPDATE_IN_PROGRESS", "User Initiated"),
        event("Z", "UPDATE_FAILED", "long ago"),
    ]
    with Stubber(one) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack | {"StackStatus": "UPDATE_IN_PROGRESS"}]})
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        stub.add_response("describe_stack_events", {"StackEvents": events})
        with pytest.raises(Failed, match=rf"s is {status}\. First failure: A .*another owner.*{way}"):
            Stacks(one, lambda _: None).wait(ChangeSet("s", "c", False, ()))


def test_a_run_waits_for_what_a_cut_off_one_has_left_at_work(cloud: None) -> None:
    """CloudFormation refuses a change set while a stack changes: the next run waits, and then makes its own."""
    one = client("cloudformation")
    waited: list[float] = []
    stack = {"StackName": "s", "CreationTime": "2026-01-01T00:00:00Z"}
    with Stubber(one) as stub:
        for status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"):
            stub.add_response("describe_stacks", {"Stacks": [stack | {"StackStatus": status}]})
        stub.add_client_error("create_change_set", "ValidationError", "No updates are to be performed.")
        assert Stacks(one, waited.append).prepare("s", "c", "{}", None, {}) is None
    assert len(waited) == 2


def test_all_stacks_of_a_wave_are_waited_for(cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails does not leave the others at work unwatched; every reason is told."""
    ended: list[str] = []

    def wait(_: Stacks, one: ChangeSet) -> None:
        ended.append(one.stack)
        if one.stack != "second":
            raise Failed(f"{one.stack} is broken.")

    sets = {name: ChangeSet(name, "c", False, ()) for name in ("first", "second", "third")}
    for name in sets:
        (tmp_path / f"functions-{name}.json").write_text("{}")
    monkeypatch.setattr(Deploy, "_prepare", lambda _, name: sets[name.removeprefix("functions-")])
    monkeypatch.setattr(Stacks, "start", lambda *_: None)
    monkeypatch.setattr(Stacks, "wait", wait)
    with pytest.raises(Failed, match=r"first is broken\.\nthird is broken\."):
        run_of(tmp_path)._wave(("functions-",))
    assert ended == ["first", "second", "third"]


def test_a_secret_that_was_half_made_is_asked_for_again(cloud: None, tmp_path: Path) -> None:
    """Without the proof of the CDN, or with one version of it only, the run stops before a stack would fail of it."""
    run = deployed(packaged(tmp_path / "first", "one"))
    assert {"EdgeProof", "EdgeProofBefore"} <= run.values.keys()
    assert run.values["EdgeProof"] != run.values["EdgeProofBefore"]
    client("secretsmanager").delete_secret(SecretId="cabinet-dev/edge", ForceDeleteWithoutRecovery=True)
    with pytest.raises(Failed, match=r"infra\.secret --stage dev"):
        run_of(tmp_path / "first")._need_secret()
    client("secretsmanager").create_secret(Name="cabinet-dev/edge", SecretString="0" * 64)
    with pytest.raises(Failed, match=r"infra\.secret --stage dev"):
        run_of(tmp_path / "first")._need_secret()


def test_what_aws_refuses_is_a_sentence(
    cloud: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials the command ends with a sentence and 1, not with a traceback."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert deploy.main(["--stage", "dev", "--releases"]) == 1
    assert capsys.readouterr().err.startswith("AWS: Unable to locate credentials. ")


def test_a_stack_that_cannot_be_changed_says_so(cloud: None) -> None:
    """One that was rolled back at birth must be deleted first; the sentence says it."""
    one = client("cloudformation")
    stack = {"StackName": "s", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": "ROLLBACK_COMPLETE"}
    with Stubber(one) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        with pytest.raises(Failed, match="delete the stack s"):
            Stacks(one).prepare("s", "c", "{}", None, {})


def test_a_missing_parameter_is_named(cloud: None) -> None:
    """Whatever a template asks for and nobody gives is said before CloudFormation is asked."""
    with pytest.raises(Failed, match="s needs Asked"):
        changes._parameters("s", {"Parameters": {"Asked": {}, "Free": {"Default": ""}}}, {"Other": "b"})


def built_site(folder: Path) -> Path:
    """Write a site of a few files."""
    files = {
        "index.html": "<script src='a.js'></script><script>one()</script><script type='application/json'>{}</script>",
        "404.html": "<p>нет</p>",
        "sign-in/index.html": '<script>one()</script><script>two("&amp;")</script>',
        "assets/javascripts/bundle.a5f9d56c.min.js": "x",
        "assets/favicon.svg": "<svg/>",
        "openapi.json": "{}",
        "sitemap.xml.gz": "x",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_the_site_goes_up_with_types_and_lives_and_nothing_is_deleted(cloud: None, tmp_path: Path) -> None:
    """Pages go last and are kept for minutes, files named by their content for ever; a second run puts nothing."""
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="site")
    s3.put_object(Bucket="site", Key="assets/javascripts/bundle.00000000.min.js", Body=b"old")
    put: list[str] = []
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: put.append(params["url_path"]))
    pages = built_site(tmp_path)
    assert site.upload(s3, "site", pages) == 7
    assert [one.endswith(".html") for one in put] == [False] * 4 + [True] * 3
    assert site.upload(s3, "site", pages) == 0
    (pages / "index.html").write_text("<p>new</p>")
    assert site.upload(s3, "site", pages) == 1

    def heads(key: str) -> tuple[str, str]:
        found = s3.head_object(Bucket="site", Key=key)
        return found["ContentType"], found["CacheControl"]

    assert heads("sign-in/index.html") == ("text/html; charset=utf-8", site.SHORTLY)
    assert heads("assets/javascripts/bundle.a5f9d56c.min.js")[1] == site.ALWAYS
    assert heads("assets/favicon.svg") == ("image/svg+xml", site.SHORTLY)
    assert heads("openapi.json")[0] == "application/json; charset=utf-8"
    assert heads("sitemap.xml.gz")[0] == "application/gzip"
    assert s3.head_object(Bucket="site", Key="assets/javascripts/bundle.00000000.min.js")


def test_inline_scripts_are_named_by_their_digests(tmp_path: Path) -> None:
    """Each script that a browser would run, once; data and files are not scripts of the page."""
    wanted = {
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in ("one()", 'two("&amp;")')
    }
    assert set(site.scripts(built_site(tmp_path)).split(" ")) == wanted


def test_an_unbuilt_site_is_said(tmp_path: Path) -> None:
    """The sentence names the command that builds it."""
    with pytest.raises(site.NoSite, match="make docs"):
        site.scripts(tmp_path)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_examples_of_the_repository_can_be_read(stage: str) -> None:
    """Each stage has its file, every parameter of it is asked for, and nothing asked for is missing."""
    found = deployment.read(stage)
    templates = package.templates(stage)
    asked = {name: one for template in templates.values() for name, one in template.get("Parameters", {}).items()}
    computed = {"CodeBucket", "CodeKey", "BaseLayerKey", "TypstLayerKey", "BaseLayer", "TypstLayer", "ApiDomainArn"}
    computed |= {"PublicUrl", "SiteScripts", "EdgeProof", "EdgeProofBefore"}
    assert found.parameters.keys() <= asked.keys()
    assert {name for name, one in asked.items() if "Default" not in one} <= found.parameters.keys() | computed
    assert found.public_url.startswith("https://")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "copy the example"),
        ("region = ", "is not TOML"),
        ("region = 'eu'", "must have `region`"),
        ("region = 'eu'\nkey = 1\n[parameters]", "and nothing else"),
        ("region = 'eu'\n[parameters]\nApiHost = 1", "must be text: ApiHost, MailSender, PublicHost"),
    ],
)
def test_a_wrong_file_of_a_stage_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    """One sentence names the file and the fault."""
    if text is not None:
        (tmp_path / "dev.toml").write_text(text)
    with pytest.raises(WrongDeployment, match=said):
        deployment.read("dev", tmp_path)


def test_the_command_says_why_nothing_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown stage and a missing package end with 1 and one sentence."""
    assert deploy.main(["--stage", "test"]) == 1
    assert "choose dev or prod" in capsys.readouterr().err
    assert deploy.main(["--stage", "dev", "--package", str(tmp_path)]) == 1
    assert "run make package first" in capsys.readouterr().err
