"""The templates of all stacks, judged as data: whatever the catalogue holds must come out whole and within limits."""

import html
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kit import catalogue
from chalicelib.kit.access import Own, Role
from chalicelib.kit.catalogue import QUEUES, SMS, Every, Operation, Outside, Put, Queue, Stream, Worker
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox, Session
from chalicelib.kit.trail.tables import JournalRecord, SecurityRecord
from infra import package
from infra.templates import backups, front, functions, gateway, rights, stages, stateful, watch

PREFIX = "cabinet-dev"
KEY = {"Fn::ImportValue": "cabinet-dev-data-key"}


@lru_cache(maxsize=1)
def stacks() -> dict[str, dict[str, Any]]:
    """Build every functions template once."""
    return {domain: functions.build(domain, "dev") for domain in functions.domains()}


@lru_cache(maxsize=1)
def bottom() -> dict[str, Any]:
    """Build the stateful template once."""
    return stateful.build("dev")


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of all resources of a type."""
    resources = template["Resources"].items()
    return {name: one["Properties"] for name, one in resources if one["Type"] == f"AWS::{kind}"}


def policies() -> Iterator[dict[str, Any]]:
    """Return every statement of every role."""
    for template in stacks().values():
        for role in of_type(template, "IAM::Role").values():
            for policy in role["Policies"]:
                yield from policy["PolicyDocument"]["Statement"]


def call(**overrides: Any) -> Operation:
    """Declare an operation that is in no catalogue."""
    given: dict[str, Any] = {
        "name": "read_nothing",
        "domain": "nothing",
        "function": call,
        "method": "GET",
        "path": "/v1/nothing/{nothing_id}",
        "allow": {Role.WORKER: Own()},
        "path_names": ("nothing_id",),
        "audit": "nothing.read",
    }
    given |= dict.fromkeys(("reads", "writes", "uses", "effects", "refuses"), ())
    given |= dict.fromkeys(("public", "claimed", "unsettled", "fresh", "full", "match", "internal"), False)
    given |= {"status": 200, "body": None, "query": None, "answer": None, "media": "application/json"}
    return Operation(**given | {"memory": 256, "timeout": 10} | overrides)


def listener(on: Stream | Queue | Every, **overrides: Any) -> Worker:
    """Declare a worker that is in no catalogue."""
    given: dict[str, Any] = {"name": "do_nothing", "domain": "nothing", "function": listener, "audit": "", "on": on}
    given |= dict.fromkeys(("reads", "writes", "uses", "effects"), ())
    return Worker(**given | {"memory": 256, "timeout": 60} | overrides)


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put one operation of each method and one worker of each source into a catalogue of their own."""
    made = [call(), call(name="change_nothing", method="PATCH", match=True)]
    listeners = [
        listener(Queue("sms"), name="send_nothing", uses=(SMS,), timeout=40),
        listener(Stream(Outbox), name="move_nothing", uses=(QUEUES,)),
        listener(Every(minutes=1), name="sweep_nothing"),
    ]
    monkeypatch.setattr(catalogue, "load", lambda: None)
    monkeypatch.setattr(catalogue, "operations", {one.name: one for one in made})
    monkeypatch.setattr(catalogue, "workers", {one.name: one for one in listeners})


def allowed(statements: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Flatten statements to pairs of action and resource, the resource without what all ARNs begin with."""
    found = set()
    for statement in statements:
        for resource in statement["Resource"]:
            arn = resource if isinstance(resource, str) else next(iter(resource.values()))
            found |= {(action, arn.rpartition("${AWS::AccountId}:")[2]) for action in statement["Action"]}
    return found


def linted(tmp_path: Path, templates: dict[str, dict[str, Any]]) -> tuple[bool, str]:
    """Write templates and let cfn-lint judge them."""
    made = []
    for name, template in templates.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(template))
        made.append(package.Stack(name, path, 0, 0, 0))
    return package.lint(made)


@pytest.mark.parametrize("stage", stages.STAGES)
def test_cfn_lint_has_nothing_to_say_of_any_template(tmp_path: Path, stage: str) -> None:
    """All templates of the real catalogue are lawful CloudFormation, without a warning."""
    is_clean, said = linted(tmp_path, package.templates(stage))
    assert is_clean, said


def test_cfn_lint_has_nothing_to_say_of_workers_of_every_kind(tmp_path: Path, nothing: None) -> None:
    """Queue, stream and timer workers too, whatever the catalogue holds today."""
    found = {"stateful": stateful.build("dev"), "nothing": functions.build("nothing"), "watch": watch.build("dev")}
    is_clean, said = linted(tmp_path, found)
    assert is_clean, said


def test_cfn_lint_would_notice_a_misspelt_property(tmp_path: Path, nothing: None) -> None:
    """The check can fail: one wrong name and one warning are found."""
    broken = functions.build("nothing")
    broken["Resources"]["Logs"]["Properties"]["RetentionDays"] = 1
    assert linted(tmp_path, {"broken": broken})[0] is False
    idle = functions.build("nothing")
    idle["Parameters"]["Nobody"] = {"Type": "String"}
    assert linted(tmp_path, {"idle": idle})[0] is False


def test_only_the_cdn_reaches_an_api() -> None:
    """Each API is closed at its own address, and its rule at the common one asks for the proof and its own path."""
    priorities = set()
    for domain, template in {**stacks(), "lost": front.build("dev")}.items():
        if "Api" not in template["Resources"]:
            continue
        assert template["Resources"]["Api"]["Properties"]["DisableExecuteApiEndpoint"] is True
        (rule,) = of_type(template, "ApiGatewayV2::RoutingRule").values()
        headers = [one["MatchHeaders"]["AnyOf"] for one in rule["Conditions"] if "MatchHeaders" in one]
        proofs = [
            {"Fn::Sub": f"{{{{resolve:secretsmanager:cabinet-dev/edge:SecretString:::${{{version}}}}}}}"}
            for version in ("EdgeProof", "EdgeProofBefore")
        ]
        assert headers == [[{"Header": "x-cabinet-edge", "ValueGlob": proof} for proof in proofs]]
        paths = [one["MatchBasePaths"]["AnyOf"] for one in rule["Conditions"] if "MatchBasePaths" in one]
        assert paths == ([] if domain == "lost" else [[f"v1/{domain}"]])
        assert rule["Actions"][0]["InvokeApi"].get("StripBasePath") is (None if domain == "lost" else False)
        priorities.add(rule["Priority"])
    assert max(priorities) == gateway.LAST_PRIORITY
    assert len(priorities) == 1 + len({one.domain for one in catalogue.operations.values()})


def test_planned_domains_have_rules_of_their_own() -> None:
    """No two of the domains that the cabinet will have take the same priority."""
    planned = (
        "registration sign_in factors sessions recovery accounts administration profile journal documents signatures"
    )
    planned += (
        " credentials accreditation learning notices calendar applications reception patients visits prescriptions"
    )
    planned += " messages reports analytics staff services payments support roles help"
    names = planned.split()
    assert len({gateway.priority_of(one) for one in names}) == len(names)


def test_the_access_log_of_an_api_names_nobody() -> None:
    """The route instead of the path; neither query nor address nor program."""
    for template in [*stacks().values(), front.build("dev")]:
        for stage in of_type(template, "ApiGateway::Stage").values():
            line = json.loads(stage["AccessLogSetting"]["Format"])
            assert {"status", "resourcePath", "responseLatency"} <= line.keys()
            assert not [one for one in line.values() if "identity" in one or one == "$context.path" or "query" in one]


def test_a_lost_path_is_a_problem_under_v1_and_a_page_elsewhere() -> None:
    """Both answer 404 in Russian; the page is ASCII text for CloudFormation."""
    paths = front.build("dev")["Resources"]["Api"]["Properties"]["Body"]["paths"]
    found = {}
    for path in ("/v1/{proxy+}", "/{proxy+}", "/"):
        answer = paths[path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["responses"][
            "default"
        ]
        assert answer["statusCode"] == "404"
        found[path] = answer
    assert "route-not-found" in found["/v1/{proxy+}"]["responseTemplates"]["application/json"]["Fn::Sub"]
    page = html.unescape(found["/{proxy+}"]["responseTemplates"]["application/json"])
    assert "Такой страницы нет" in page
    assert found["/"] == found["/{proxy+}"]


def test_a_batch_that_failed_for_good_is_named_in_a_queue(nothing: None) -> None:
    """Lambda may send to the queue of dead batches, which is watched like the others."""
    source = functions.build("nothing")["Resources"]["MoveNothingSource"]["Properties"]
    target = source["DestinationConfig"]["OnFailure"]["Destination"]["Fn::Sub"]
    assert target.endswith(":cabinet-dev-streams-dead")
    assert ("sqs:SendMessage", "cabinet-dev-streams-dead") in allowed(
        rights.statements(catalogue.workers["move_nothing"], PREFIX)
    )
    assert of_type(stateful.build("dev"), "SQS::Queue")["StreamsDeadQueue"]["QueueName"] == "cabinet-dev-streams-dead"


def test_a_clock_worker_never_meets_itself(nothing: None) -> None:
    """Workers of the clock run one at a time; others as many as come."""
    found = of_type(functions.build("nothing"), "Lambda::Function")
    assert found["SweepNothingFunction"]["ReservedConcurrentExecutions"] == 1
    assert "ReservedConcurrentExecutions" not in found["SendNothingFunction"]


def test_there_are_two_stages() -> None:
    """Anything else is refused by a sentence."""
    with pytest.raises(ValueError, match="There is no stage 'test': choose dev or prod"):
        stateful.build("test")


def test_every_operation_and_worker_has_one_function_and_one_role_of_its_own() -> None:
    """One operation is one Lambda with one policy, in the stack of its domain."""
    catalogue.load()
    for declared in [*catalogue.operations.values(), *catalogue.workers.values()]:
        template = stacks()[declared.domain]
        found = {
            name: one
            for name, one in of_type(template, "Lambda::Function").items()
            if one["Environment"]["Variables"]["CABINET_OPERATION"] == declared.address
        }
        assert len(found) == 1, declared.address
        (one,) = found.values()
        assert one["Handler"] == ("app.app" if isinstance(declared, Operation) else "app.work")
        role = one["Role"]["Fn::GetAtt"][0]
        users = [other for other in of_type(template, "Lambda::Function").values() if other["Role"] == one["Role"]]
        assert len(users) == 1, f"The role {role} serves several functions."
        policy = of_type(template, "IAM::Role")[role]["Policies"][0]["PolicyDocument"]["Statement"]
        assert policy == rights.statements(declared, PREFIX)


def test_no_statement_holds_a_wildcard_action() -> None:
    """Every action is named; only text messages, which have no ARN, have a wildcard as resource."""
    for statement in policies():
        assert not [action for action in statement["Action"] if "*" in action]
        if "*" in statement["Resource"]:
            assert statement["Action"] == ["sns:Publish"]


def test_no_role_is_longer_than_iam_allows() -> None:
    """Policies inside a role may have 10,240 characters together; a name in an ARN takes less than its variable."""
    for template in stacks().values():
        for name, role in of_type(template, "IAM::Role").items():
            assert len(json.dumps(role["Policies"], separators=(",", ":"))) < 10_240, name


def test_every_stack_stays_within_the_limits() -> None:
    """Resources, bytes and API resources of every stack leave room."""
    for name, template in package.templates("dev").items():
        assert len(template["Resources"]) <= package.MAX_RESOURCES, name
        assert len(json.dumps(template)) <= package.MAX_TEMPLATE_BYTES, name
        assert functions.api_resources(template) <= package.MAX_API_RESOURCES, name


def test_an_operation_costs_two_resources(nothing: None) -> None:
    """One operation more is a function and a role more, nothing else."""
    with_all = functions.build("nothing")
    catalogue.operations.pop("change_nothing")
    without = functions.build("nothing")
    assert len(with_all["Resources"]) - len(without["Resources"]) == 2


def test_every_operation_has_its_route_and_every_other_method_answers_405() -> None:
    """The gateway knows each path and method, and says which methods a path takes."""
    catalogue.load()
    for operation in catalogue.operations.values():
        paths = stacks()[operation.domain]["Resources"]["Api"]["Properties"]["Body"]["paths"]
        one = paths[operation.path][operation.method.lower()]
        assert [part["name"] for part in one["parameters"]] == list(operation.path_names)
        assert one["x-amazon-apigateway-integration"]["credentials"] == {"Fn::GetAtt": ["GatewayRole", "Arn"]}
        other = paths[operation.path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        answer = other["responses"]["default"]
        assert answer["statusCode"] == "405"
        assert operation.method in answer["responseParameters"]["method.response.header.Allow"]
        assert answer["responseParameters"]["method.response.header.Content-Type"] == "'application/problem+json'"


@pytest.mark.parametrize("kind", sorted(gateway.GATEWAY_SENTENCES))
def test_what_the_gateway_says_by_itself_is_a_problem_in_russian(kind: str) -> None:
    """Gateway-made failures have the same members as the kit's, with the gateway's own request id."""
    said = gateway.GATEWAY_SENTENCES[kind]
    problem = json.loads(said.body()["Fn::Sub"])
    assert problem["type"] == f"${{PublicUrl}}/errors/#{said.code}"
    assert problem["status"] == said.status
    assert problem["trace_id"] == "$context.requestId"
    assert any("а" <= letter <= "я" for letter in problem["detail"])


def test_the_templates_are_ascii_text() -> None:
    """CloudFormation does not keep other characters everywhere, so Russian goes as JSON escapes."""
    for template in package.templates("dev").values():
        assert json.dumps(template, ensure_ascii=False).isascii()


def test_a_changed_api_gets_a_new_deployment(nothing: None) -> None:
    """A deployment is a picture of the API: its name follows the content."""
    before = set(of_type(functions.build("nothing"), "ApiGateway::Deployment"))
    catalogue.operations.pop("change_nothing")
    assert before.isdisjoint(of_type(functions.build("nothing"), "ApiGateway::Deployment"))


def test_a_public_operation_may_count_and_record_but_not_touch_sessions() -> None:
    """A worked example of a whole policy: a public reading operation."""
    assert allowed(rights.statements(call(public=True, allow={}), PREFIX)) == {
        ("dynamodb:GetItem", "table/cabinet-dev-deployment_secret"),
        ("dynamodb:PutItem", "table/cabinet-dev-security_journal"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-security_journal"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-counter"),
        ("kms:Decrypt", "cabinet-dev-data-key"),
        ("logs:CreateLogStream", "log-group:/cabinet-dev/nothing:*"),
        ("logs:PutLogEvents", "log-group:/cabinet-dev/nothing:*"),
    }


def test_a_signed_in_change_has_exactly_its_rights() -> None:
    """A worked example of a whole policy: a signed-in operation that writes, queries an index and sends a message."""
    query = catalogue.Query(Outbox.by_pending)
    one = call(method="POST", reads=(query,), writes=(Put(Counter),), effects=(Sms,), uses=(catalogue.NEW_KEY,))
    assert allowed(rights.statements(one, PREFIX)) == {
        ("dynamodb:Query", "table/cabinet-dev-outbox/index/by_pending"),
        ("dynamodb:PutItem", "table/cabinet-dev-outbox"),
        ("dynamodb:PutItem", "table/cabinet-dev-counter"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-counter"),
        ("dynamodb:GetItem", "table/cabinet-dev-deployment_secret"),
        ("dynamodb:GetItem", "table/cabinet-dev-session"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-session"),
        ("dynamodb:PutItem", "table/cabinet-dev-journal"),
        ("dynamodb:PutItem", "table/cabinet-dev-security_journal"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-security_journal"),
        ("dynamodb:PutItem", "table/cabinet-dev-idempotency"),
        ("dynamodb:GetItem", "table/cabinet-dev-idempotency"),
        ("kms:Decrypt", "cabinet-dev-data-key"),
        ("kms:GenerateDataKey", "cabinet-dev-data-key"),
        ("logs:CreateLogStream", "log-group:/cabinet-dev/nothing:*"),
        ("logs:PutLogEvents", "log-group:/cabinet-dev/nothing:*"),
    }


def test_the_kit_touches_sessions_and_journals_of_signed_in_callers_only() -> None:
    """The kit's own touches differ by the kind of operation, as the gates expect them."""
    own = rights.kit_touches(call())
    assert {catalogue.Update(Session), catalogue.Get(Session), Put(JournalRecord), Put(SecurityRecord)} <= own
    public = rights.kit_touches(call(public=True, allow={}))
    assert not {touch for touch in public if touch.model in {Session, JournalRecord}}


def test_a_queue_worker_takes_from_its_queue_only(nothing: None) -> None:
    """It receives from one queue, settles the outbox and sends a text message."""
    found = allowed(rights.statements(catalogue.workers["send_nothing"], PREFIX))
    assert {pair for pair in found if pair[0].startswith(("sqs:", "sns:"))} == {
        ("sns:Publish", "*"),
        ("sqs:ReceiveMessage", "cabinet-dev-sms"),
        ("sqs:DeleteMessage", "cabinet-dev-sms"),
        ("sqs:GetQueueAttributes", "cabinet-dev-sms"),
    }
    assert {
        ("dynamodb:GetItem", "table/cabinet-dev-outbox"),
        ("dynamodb:UpdateItem", "table/cabinet-dev-outbox"),
    } <= found


def test_a_stream_worker_reads_its_stream_and_sends_to_the_queues(nothing: None) -> None:
    """It reads one stream and may send to the channels' queues."""
    found = allowed(rights.statements(catalogue.workers["move_nothing"], PREFIX))
    assert ("dynamodb:GetRecords", "cabinet-dev-outbox-stream") in found
    assert {("sqs:SendMessage", "cabinet-dev-sms"), ("sqs:GetQueueUrl", "cabinet-dev-sms")} <= found
    assert not [pair for pair in found if pair[0].startswith("dynamodb:") and pair[1].startswith("table/")]


def test_a_domain_without_operations_has_no_api(nothing: None) -> None:
    """Workers need no gateway."""
    catalogue.operations.clear()
    kinds = {one["Type"] for one in functions.build("nothing")["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::ApiGateway")}
    assert {"AWS::Lambda::EventSourceMapping", "AWS::Events::Rule", "AWS::Lambda::Permission"} <= kinds


def test_whoever_asks_an_outside_system_is_told_its_address() -> None:
    """The address is a parameter of the stack, given to the functions that need it and to no other."""
    catalogue.load()
    for declared in [*catalogue.operations.values(), *catalogue.workers.values()]:
        one = of_type(stacks()[declared.domain], "Lambda::Function")[f"{stateful.camel(declared.name)}Function"]
        given = {name for name in one["Environment"]["Variables"] if name.endswith("_URL")} - {"CABINET_PUBLIC_URL"}
        asked = {f"CABINET_{use.system.upper()}_URL" for use in declared.uses if isinstance(use, Outside)}
        assert given == asked


def test_whoever_asks_an_identity_provider_is_told_how_it_is_connected() -> None:
    """Settings of ЕСИА and of the gateway are parameters that may stay empty, for the two operations and no other."""
    catalogue.load()
    template = stacks()["sign_in"]
    for declared in [*catalogue.operations.values(), *catalogue.workers.values()]:
        one = of_type(stacks()[declared.domain], "Lambda::Function")[f"{stateful.camel(declared.name)}Function"]
        given = one["Environment"]["Variables"]
        wanted = Outside("esia") in declared.uses
        assert wanted == (given.get("CABINET_ESIA_CLIENT_ID") == {"Ref": "EsiaClientId"})
        assert wanted == (given.get("CABINET_OIDC_SCOPE") == {"Ref": "OidcScope"})
    for name in ("EsiaClientId", "EsiaCertificate", "EsiaIssuer", "EsiaProviderCertificates", "OidcClientId"):
        assert template["Parameters"][name]["Default"] == ""


def test_a_queue_has_a_dead_letter_queue_and_time_for_its_worker(nothing: None) -> None:
    """A message stays hidden six times as long as the worker may run, and is put aside after ten tries."""
    found = of_type(stateful.build("dev"), "SQS::Queue")
    assert found["SmsQueue"]["QueueName"] == "cabinet-dev-sms"
    assert found["SmsQueue"]["VisibilityTimeout"] == 240
    assert found["SmsQueue"]["RedrivePolicy"]["maxReceiveCount"] == 10
    assert found["SmsDeadQueue"]["QueueName"] == "cabinet-dev-sms-dead"
    assert stateful.queues("other") == ["other-sms"]


def test_every_table_is_protected_and_kept() -> None:
    """Own key, recovery to a point in time, protection from deletion, retained with the stack gone."""
    for name, one in bottom()["Resources"].items():
        assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain", name
    found = of_type(bottom(), "DynamoDB::Table")
    assert {"SessionTable", "JournalTable", "OutboxTable"} <= found.keys()
    for name, one in found.items():
        assert one["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}, name
        assert one["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert one["DeletionProtectionEnabled"] is True, name
        assert one["BillingMode"] == "PAY_PER_REQUEST", name


def test_every_table_is_copied_daily_and_forgotten_in_time() -> None:
    """The vault is locked; no copy outlives an erased person by more than 35 days."""
    found = backups.build("dev")["Resources"]
    copied = {
        one["Fn::Sub"].rpartition("/")[2] for one in found["Tables"]["Properties"]["BackupSelection"]["Resources"]
    }
    assert copied == {one["TableName"] for one in of_type(bottom(), "DynamoDB::Table").values()}
    (rule,) = found["Plan"]["Properties"]["BackupPlan"]["BackupPlanRule"]
    lock = found["Vault"]["Properties"]["LockConfiguration"]
    assert lock["MinRetentionDays"] <= rule["Lifecycle"]["DeleteAfterDays"] <= lock["MaxRetentionDays"] == 35


def test_only_tables_with_what_ends_have_a_time_to_live_and_only_watched_ones_a_stream() -> None:
    """The outbox has both, the deployment secret neither; only attributes of keys are defined."""
    found = of_type(bottom(), "DynamoDB::Table")
    outbox, secret = found["OutboxTable"], found["DeploymentSecretTable"]
    assert outbox["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert outbox["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    keys = {one["AttributeName"] for one in outbox["AttributeDefinitions"]}
    assert keys == {"effect_id", "pending_shard", "pending_since"}
    assert not {"StreamSpecification", "TimeToLiveSpecification"} & set(secret)


def test_what_functions_import_the_stateful_stack_exports(nothing: None) -> None:
    """No functions stack asks for a value that nobody exports."""
    exported = {one["Export"]["Name"] for one in stateful.build("dev")["Outputs"].values()}
    asked = set(_imports(functions.build("nothing")))
    assert KEY["Fn::ImportValue"] in asked
    assert asked <= exported


def _imports(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "Fn::ImportValue":
                yield value
            else:
                yield from _imports(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _imports(value)
