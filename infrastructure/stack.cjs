// serverless.yml reads JavaScript; what it reads is TypeScript next door.
require("tsx/cjs");
const {
  environment,
  httpApiEnvironment,
  peopleAuthorizer,
  resources,
  slackDecisionEnvironment,
} = require("./stack.ts");

module.exports = { environment, httpApiEnvironment, peopleAuthorizer, resources, slackDecisionEnvironment };
