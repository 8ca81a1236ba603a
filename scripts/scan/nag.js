// Runs cdk-nag's AWS Solutions rules over synthesized templates: paths go in, findings come out as JSON on stdout, one
// object {file, rule, resource, message} each. What the templates excuse is judged by scan.py, not here.
const fs = require('fs');
const os = require('os');
const path = require('path');
const { App, Stack, CfnResource } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks } = require('cdk-nag');

const findings = [];
for (const file of process.argv.slice(2)) {
  const app = new App({ outdir: fs.mkdtempSync(path.join(os.tmpdir(), 'nag-')) });
  const stack = new Stack(app, 'Scanned');
  new CfnInclude(stack, 'Template', { templateFile: file });
  const byPath = {};
  for (const node of stack.node.findAll()) {
    if (CfnResource.isCfnResource(node)) byPath[node.node.path] = stack.resolve(node.logicalId);
  }
  for (const violation of new AwsSolutionsChecks().validateScope(stack).violations) {
    for (const one of violation.violatingResources) {
      const resource = byPath[one.constructPath] || one.resourceLogicalId;
      findings.push({ file, rule: violation.ruleName, resource, message: violation.description });
    }
  }
}
process.stdout.write(JSON.stringify(findings));
