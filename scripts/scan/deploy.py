"""Deploys synthesized templates into moto's CloudFormation, in process, and looks at what exists: a folder with the
assembly goes in; a table of resource types, what was created and what was not comes out. The exit code is 1 when a stack
does not deploy, when something that moto supports is missing, or when what exists is not as it should be.

moto checks little and emulates less: this shows that the stacks deploy in their order, that their references resolve and
that names agree from stack to stack. It is no substitute for an account.
"""

import collections
import io
import json
import logging
import os
import pathlib
import re
import sys
import warnings
import zipfile

ROOMS = "access replica storage notifications executor functions machines schedules observability".split()
REGIONS = {"replica": "eu-central-1"}
REGION, ACCOUNT, INSTALLATION = "eu-west-1", "111122223333", "staging"

os.environ.update(
    MOTO_ACCOUNT_ID=ACCOUNT, AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION=REGION
)

import boto3  # noqa: E402  (the variables above come first)
from moto import mock_aws  # noqa: E402
from moto.cloudformation.parsing import resource_class_from_type  # noqa: E402

# What moto does not support is listed below, once for each type.
logging.getLogger("moto").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="moto")


def supported(kind):
    return resource_class_from_type(kind) is not None


def main(assembly):
    with mock_aws():
        bootstrap(assembly)
        templates, problems = {}, []
        for room in ROOMS:
            template = json.loads((assembly / f"deployer-{INSTALLATION}-{room}.template.json").read_text())
            templates[room] = template
            problems += deploy(room, template)
        show(templates)
        problems += missing(templates) + look()
    for problem in problems:
        print("PROBLEM", problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


def bootstrap(assembly):
    """What `cdk bootstrap` and `cdk deploy` leave for CloudFormation: the version parameter, and the assets in a bucket."""
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for region in {REGION, *REGIONS.values()}:
        boto3.client("ssm", region).put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    for file in assembly.glob("*.assets.json"):
        for asset in json.loads(file.read_text())["files"].values():
            folder = assembly / asset["source"]["path"]
            if asset["source"]["packaging"] != "zip" or not folder.is_dir():
                continue
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for one in sorted(folder.rglob("*")):
                    archive.write(one, one.relative_to(folder))
            for target in asset["destinations"].values():
                if target["bucketName"] == bucket:
                    s3.put_object(Bucket=bucket, Key=target["objectKey"], Body=packed.getvalue())


def supported_part(template):
    """The template without the resources that moto does not support, and a text where another refers to one of them."""
    lost = {id for id, one in template["Resources"].items() if not supported(one["Type"])}

    def cleaned(value):
        if isinstance(value, list):
            return [cleaned(one) for one in value]
        if not isinstance(value, dict):
            return value
        target = value.get("Ref") or value.get("Fn::GetAtt", [None])[0] if len(value) == 1 else None
        if target in lost:
            return f"{target}-is-not-supported"
        return {k: [one for one in cleaned(v) if one not in lost] if k == "DependsOn" else cleaned(v) for k, v in value.items()}

    resources = {id: cleaned(one) for id, one in template["Resources"].items() if id not in lost}
    for one in resources.values():  # moto ignores DefinitionSubstitutions, but knows their like, Fn::Sub
        if one["Type"] == "AWS::StepFunctions::StateMachine":
            properties = one["Properties"]
            properties["DefinitionString"] = {"Fn::Sub": [properties["DefinitionString"], properties.pop("DefinitionSubstitutions")]}
    return {**cleaned({k: v for k, v in template.items() if k != "Resources"}), "Resources": resources}


def deploy(room, template):
    cloudformation = boto3.client("cloudformation", REGIONS.get(room, REGION))
    name = f"deployer-{INSTALLATION}-{room}"
    try:
        cloudformation.create_stack(
            StackName=name, TemplateBody=json.dumps(supported_part(template)), Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "deployer:installation", "Value": INSTALLATION}],
        )
    except Exception as error:  # moto fails in many ways, each of which is a finding
        return [f"{name}: {type(error).__name__}: {error}"]
    status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return [] if status == "CREATE_COMPLETE" else [f"{name}: {status}"]


def created(room):
    cloudformation = boto3.client("cloudformation", REGIONS.get(room, REGION))
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=f"deployer-{INSTALLATION}-{room}")
    return {one["LogicalResourceId"] for page in pages for one in page["StackResourceSummaries"]}


def show(templates):
    counts = collections.Counter(r["Type"] for t in templates.values() for r in t["Resources"].values())
    known = {kind: count for kind, count in counts.items() if supported(kind)}
    print(f"{len(templates)} stacks, {sum(counts.values())} resources of {len(counts)} types")
    print(f"deployed, {sum(known.values())} resources of {len(known)} types:")
    for kind in sorted(known):
        print(f"  {counts[kind]:3}  {kind}")
    print(f"not supported by moto, {sum(counts.values()) - sum(known.values())} resources of {len(counts) - len(known)} types:")
    for kind in sorted(set(counts) - set(known)):
        print(f"  {counts[kind]:3}  {kind}")


def missing(templates):
    problems = []
    for room, template in templates.items():
        there = created(room)
        for id, resource in template["Resources"].items():
            if supported(resource["Type"]) and id not in there:
                problems.append(f"{room}/{id} ({resource['Type']}) is missing")
    return problems


def look():
    """Asks each service, not CloudFormation, for what must exist, and uploads a bundle."""
    prefix, problems = f"deployer-{INSTALLATION}", []

    def want(ok, what):
        print(("  yes  " if ok else "  NO   ") + what)
        if not ok:
            problems.append(what)

    print("looked at:")
    s3, bucket, key = boto3.client("s3"), "example-deployer-state", "bundles/user-platform/staging/user-platform.zip"
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":  # its template says so: a test asserts it
        print("  note moto ignores a bucket's VersioningConfiguration; switched on here")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    want(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms", f"{bucket} is encrypted with KMS")
    first = s3.put_object(Bucket=bucket, Key=key, Body=b"one")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key=key, Body=b"two")["VersionId"]
    body = s3.get_object(Bucket=bucket, Key=key, VersionId=first)["Body"].read()
    want(first != second and body == b"one", "an uploaded bundle can be read by its version")

    dynamodb = boto3.client("dynamodb")
    found = dynamodb.describe_table(TableName="deployer-state-locks")["Table"]
    want([one["AttributeName"] for one in found["KeySchema"]] == ["lockKey"], "the table of locks has the key lockKey")
    dynamodb.put_item(TableName="deployer-state-locks", Item={"lockKey": {"S": "audit:x:1"}})
    want("Item" in dynamodb.get_item(TableName="deployer-state-locks", Key={"lockKey": {"S": "audit:x:1"}}), "a lock row is written and read")

    functions = {f["FunctionName"]: f for f in boto3.client("lambda").list_functions(MaxItems=50)["Functions"]}
    machines = pathlib.Path(__file__).parents[2].glob("statemachines/*.asl.json")
    wanted = {name.lower() for machine in machines for name in re.findall(r'"FunctionName": "\$\{(\w+)\}"', machine.read_text())}
    want(all(f"{prefix}-{one}" in functions for one in wanted), f"the {len(wanted)} functions that the machines call exist")
    want(len({f["Role"] for f in functions.values()}) == len(functions), f"each of {len(functions)} functions has a role of its own")

    states = boto3.client("stepfunctions")
    machines = {m["name"]: m["stateMachineArn"] for m in states.list_state_machines()["stateMachines"]}
    want({f"{prefix}-{one}" for one in ("deploy", "rollout", "wave", "upload")} <= set(machines), "the state machines exist")
    definition = states.describe_state_machine(stateMachineArn=machines[f"{prefix}-wave"])["definition"]
    want("${" not in definition and "subnet-" in definition, "the machine wave has nothing left to fill in")
    want(f"{prefix}-executor" in definition and f"{prefix}-settlewave" in definition, "the machine wave calls the executor and settlewave")

    iam = boto3.client("iam")
    roles = {r["RoleName"]: r for page in iam.get_paginator("list_roles").paginate() for r in page["Roles"]}
    for name in ("TaskRole-staging", "TaskExecutionRole-staging", "DeployerExecutionRole-staging-deploy"):
        want(name in roles, f"role {name} exists")
    bounded = [iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "") for name in roles]
    want(all(arn.endswith("policy/DeployerBoundary-staging") for arn in bounded), f"all {len(roles)} roles have the boundary")

    ecs = boto3.client("ecs")
    want(ecs.describe_clusters(clusters=[f"{prefix}-executor"])["clusters"][0]["status"] == "ACTIVE", "the executor's cluster is active")
    task = ecs.describe_task_definition(taskDefinition=f"{prefix}-executor")["taskDefinition"]
    want(task["containerDefinitions"][0]["name"] == "executor", "the task definition has the container executor")
    topics = [t["TopicArn"].rsplit(":", 1)[1] for t in boto3.client("sns").list_topics()["Topics"]]
    wanted = [f"{prefix}-{name}" for name in ("approvals", "deployments", "operations", "security")]
    want(sorted(t for t in topics if t.startswith(prefix)) == wanted, f"the topics {', '.join(wanted)} exist, and no other")
    rules = [r["Name"] for r in boto3.client("events").list_rules()["Rules"]]
    want(f"{prefix}-upload" in rules and f"{prefix}-status" in rules, "the rules for uploads and for ended runs exist")
    dashboard = boto3.client("cloudwatch").get_dashboard(DashboardName=prefix)["DashboardBody"]
    want(len(json.loads(dashboard)["widgets"]) > 5, "the dashboard exists and is readable")
    return problems


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: deploy.py ASSEMBLY")
    sys.exit(main(pathlib.Path(sys.argv[1])))
