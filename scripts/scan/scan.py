"""Scans synthesized templates with cfn-lint, checkov, cfn-guard and cdk-nag: a folder with *.template.json goes in, a
table of findings comes out; the exit code is 1 when a finding has no excuse or an excuse has no finding.

The scanners see the templates without their metadata, so that every finding shows; this program then takes off what the
templates excuse (infra/environment/excuse.go writes the excuses). One judge for four scanners, since two of them do not
read excuses, and none says when an excuse is no longer needed.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# The rules of the services that the templates use; the others would only take time.
GUARD_SERVICES = (
    "apigateway cloudwatch dynamodb ec2 ecs identityandaccessmanagement keymanagementservice lambda s3 sqs stepfunctions"
).split()

Finding = collections.namedtuple("Finding", "scanner rule stack resource message")


def main(assembly, venv, node):
    templates = {p.name.removesuffix(".template.json"): json.loads(p.read_text()) for p in sorted(assembly.glob("*.template.json"))}
    if not templates:
        sys.exit(f"{assembly} holds no *.template.json: synthesize first")
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder)
        for stack, template in templates.items():
            (bare / f"{stack}.json").write_text(json.dumps(without_metadata(template), indent=1))
        findings = cfn_lint(bare, venv) + checkov(bare, venv) + guard(bare, node) + nag(bare, node)
    return judge(templates, findings)


def without_metadata(template):
    resources = {i: {k: v for k, v in r.items() if k != "Metadata"} for i, r in template["Resources"].items()}
    return {**template, "Resources": resources}


def output_of(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if not done.stdout.strip():
        sys.exit(f"{command[0]} said nothing on stdout (exit {done.returncode}):\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def cfn_lint(bare, venv):
    files = [str(p) for p in sorted(bare.glob("*.json"))]
    found = output_of([str(venv / "bin" / "cfn-lint"), "--format", "json", *files])
    return [
        Finding("lint", one["Rule"]["Id"], pathlib.Path(one["Filename"]).stem, resource_in(one["Location"]["Path"]), one["Message"])
        for one in found
    ]


def resource_in(path):
    return str(path[1]) if path and len(path) > 1 and path[0] == "Resources" else "(template)"


def checkov(bare, venv):
    found = output_of(
        [str(venv / "bin" / "checkov"), "--framework", "cloudformation", "-d", str(bare), "-o", "json", "--quiet", "--skip-download"]
    )
    if isinstance(found, dict):
        found = [found]
    failed = [one for report in found for one in report.get("results", {}).get("failed_checks", [])]
    return [
        Finding("checkov", one["check_id"], pathlib.Path(one["file_path"]).stem, one["resource"].split(".")[-1], one["check_name"])
        for one in failed
    ]


def guard(bare, node):
    package = node / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"
    program = package / "bin" / "ubuntu" / "x86_64" / "cfn-guard"
    rules = [str(package / "rules" / "control-tower" / "cfn-guard" / service) for service in GUARD_SERVICES]
    findings = []
    for file in sorted(bare.glob("*.json")):
        command = [str(program), "validate", "--rules", *rules, "--data", str(file)]
        for report in output_of([*command, "--structured", "--output-format", "json", "--show-summary", "none"]):
            for one in report["not_compliant"]:
                rule = one["Rule"]["name"]
                text = json.dumps(one)
                message = re.search(r"\[(CT\.[A-Z0-9.]+)\]: ([^\\\"]+)", text)
                for resource in sorted(set(re.findall(r"/Resources/([A-Za-z0-9]+)", text))):
                    findings.append(Finding("guard", rule, file.stem, resource, message[2] if message else rule))
    return findings


def nag(bare, node):
    files = [str(p) for p in sorted(bare.glob("*.json"))]
    script = pathlib.Path(__file__).with_name("nag.js")
    found = output_of(["node", str(script), *files], env={"NODE_PATH": str(node / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin"})
    return [Finding("nag", re.sub(r"\[.*", "", one["rule"]), pathlib.Path(one["file"]).stem, one["resource"], one["message"]) for one in found]


def excuses_of(templates):
    """Every excuse as (scanner, rule, stack, resource) with its reason."""
    excuses = {}
    for stack, template in templates.items():
        for resource, body in template["Resources"].items():
            metadata = body.get("Metadata", {})
            for one in metadata.get("checkov", {}).get("skip", []):
                excuses["checkov", one["id"], stack, resource] = one["comment"]
            for one in metadata.get("cdk_nag", {}).get("rules_to_suppress", []):
                excuses["nag", one["id"], stack, resource] = one["reason"]
            because = metadata.get("SuppressedBecause", {})
            for rule in metadata.get("guard", {}).get("SuppressedRules", []):
                excuses["guard", rule, stack, resource] = because.get(rule, "")
            for rule in metadata.get("cfn-lint", {}).get("config", {}).get("ignore_checks", []):
                excuses["lint", rule, stack, resource] = because.get(rule, "")
    return excuses


def judge(templates, findings):
    excuses = excuses_of(templates)
    open_findings = sorted({f for f in findings if not excuses.get(f[:4])})
    used = {f[:4] for f in findings}
    # An excuse may serve only one of the environments that share its line of code: it is stale when it serves none.
    served = {(scanner, rule, resource) for scanner, rule, _, resource in used}
    stale = sorted({(s, rule, resource) for s, rule, _, resource in excuses if (s, rule, resource) not in served})
    table = collections.Counter((f.scanner, f.rule, excuses.get(f[:4]) or "NO EXCUSE") for f in set(findings))
    print(f"{len(templates)} templates, {sum(len(t['Resources']) for t in templates.values())} resources")
    for (scanner, rule, because), count in sorted(table.items()):
        print(f"{scanner:8} {rule:50} {count:4}  {because}")
    for one in open_findings:
        print(f"UNEXPLAINED {one.scanner} {one.rule} {one.stack}/{one.resource}: {one.message.strip()}")
    for scanner, rule, resource in stale:
        print(f"STALE {scanner} {rule} {resource}: nothing was found; take the excuse away")
    print(f"{len(set(findings))} findings, {len(open_findings)} without an excuse; {len(excuses)} excuses, {len(stale)} stale")
    return 1 if open_findings or stale else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: scan.py ASSEMBLY VENV NODE")
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
