import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { attribute, distinct, sub } from "./names.ts";

/** `custom.people` of serverless.yml: where people sign in, and what they may do. */
export interface PeopleSettings {
  /** Another OIDC issuer than the stack's own user pool, and the id of a public client there. */
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly token: string;
  readonly nameClaim: string;
  readonly groupsClaim: string;
  readonly readers: string;
  readonly operators: string;
}

const ID = "PeoplePool";

/** Where the CLI listens when it signs somebody in; Cognito compares the port, too. */
const CLI_PORTS = [8976, 8977, 8978];

/** The HTTP API's authorizer for people. */
export function authorizer({ issuer, clientId }: PeopleSettings): unknown {
  return {
    type: "jwt",
    identitySource: "$request.header.Authorization",
    issuerUrl: issuer === "" ? attribute(ID, "ProviderURL") : issuer,
    audience: [issuer === "" ? { Ref: `${ID}Client` } : clientId],
  };
}

/** What the HTTP API's function has to know of it. */
export function peopleEnvironment(settings: PeopleSettings): Readonly<Record<string, unknown>> {
  const own = settings.issuer === "";
  return {
    ISSUER: own ? attribute(ID, "ProviderURL") : settings.issuer,
    CLIENT_ID: own ? { Ref: `${ID}Client` } : settings.clientId,
    // Whose groups are asked for; none with another issuer.
    USER_POOL: own ? { Ref: ID } : "",
    SIGN_IN_SCOPE: settings.scope,
    SIGN_IN_TOKEN: settings.token,
    // Cognito's pages are at another origin than the issuer; the browser must be let talk to both.
    SIGN_IN_ORIGIN: own ? sub(`https://\${${ID}Domain}.auth.\${AWS::Region}.amazoncognito.com`) : "",
    NAME_CLAIM: settings.nameClaim,
    GROUPS_CLAIM: settings.groupsClaim,
    READERS: settings.readers,
    OPERATORS: settings.operators,
  };
}

/** Groups that a definition lets decide and does not list the people of: they come from outside. */
const groupsOf = ({ stages, groups }: PipelineDefinition) =>
  stages
    .flatMap(({ approval, overrides }) => [...(approval?.from ?? []), ...(overrides ?? [])])
    .filter((name) => !Object.hasOwn(groups, name));

/** The stack's own user pool, with a group for each that a pipeline names; nothing when people sign in elsewhere. */
export function userPool(
  pipelines: readonly PipelineDefinition[],
  { issuer }: PeopleSettings,
): Readonly<Record<string, unknown>> {
  const names = distinct(pipelines, groupsOf);
  if (issuer !== "") return directoryPolicy(names, []);
  const groups = names.map((name, index) => [
    `${ID}Group${index + 1}`,
    { Type: "AWS::Cognito::UserPoolGroup", Properties: { UserPoolId: { Ref: ID }, GroupName: name } },
  ]);
  return {
    [ID]: pool(),
    [`${ID}Client`]: client(),
    [`${ID}Domain`]: domain(),
    ...Object.fromEntries(groups),
    ...directoryPolicy(names, [
      { Effect: "Allow", Action: "cognito-idp:ListUsersInGroup", Resource: attribute(ID, "Arn") },
    ]),
  };
}

/** Lets the HTTP API tell whether a group that a pipeline names is there: `tandem doctor` asks. */
function directoryPolicy(
  names: readonly string[],
  statements: readonly unknown[],
): Readonly<Record<string, unknown>> {
  if (names.length === 0) return {};
  const members =
    statements.length === 0
      ? {}
      : {
          // Slack vouches for no groups.
          PeopleMembersPolicy: {
            Type: "AWS::IAM::Policy",
            Properties: {
              PolicyName: "people-members",
              PolicyDocument: { Version: "2012-10-17", Statement: statements },
              Roles: [{ Ref: "OnSlackDecisionRole" }],
            },
          },
        };
  const Resource = names.map((name) => sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/${name}`));
  return {
    ...members,
    PeopleDirectoryPolicy: {
      Type: "AWS::IAM::Policy",
      Properties: {
        PolicyName: "people-directory",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "iam:GetRole", Resource }, ...statements],
        },
        Roles: [{ Ref: "HttpApiRole" }],
      },
    },
  };
}

/** Administrators make the users; names are compared without case, and nobody changes an address of their own. */
function pool(): unknown {
  return {
    Type: "AWS::Cognito::UserPool",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      UserPoolName: sub("${AWS::StackName}"),
      DeletionProtection: "ACTIVE",
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      UsernameConfiguration: { CaseSensitive: false },
      AutoVerifiedAttributes: ["email"],
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: "verified_email", Priority: 1 }] },
      MfaConfiguration: "OPTIONAL",
      EnabledMfas: ["SOFTWARE_TOKEN_MFA"],
      Policies: { PasswordPolicy: { MinimumLength: 12, TemporaryPasswordValidityDays: 3 } },
      Schema: [{ Name: "email", AttributeDataType: "String", Required: true, Mutable: true }],
    },
  };
}

/** Public, code flow with PKCE only; without the scope with which a user could change their attributes. */
function client(): unknown {
  const cli = CLI_PORTS.map((port) => `http://localhost:${port}/callback`);
  const page = "${HttpApi.ApiEndpoint}/console/";
  return {
    Type: "AWS::Cognito::UserPoolClient",
    Properties: {
      ClientName: "tandem",
      UserPoolId: { Ref: ID },
      GenerateSecret: false,
      SupportedIdentityProviders: ["COGNITO"],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid", "email", "profile"],
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
      CallbackURLs: [sub(`${page}callback`), ...cli],
      LogoutURLs: [sub(page)],
      PreventUserExistenceErrors: "ENABLED",
      EnableTokenRevocation: true,
      IdTokenValidity: 60,
      AccessTokenValidity: 60,
      RefreshTokenValidity: 7,
      TokenValidityUnits: { IdToken: "minutes", AccessToken: "minutes", RefreshToken: "days" },
    },
  };
}

/** The prefix is Cognito's for the whole region, so it has the account's number in it. */
function domain(): unknown {
  return {
    Type: "AWS::Cognito::UserPoolDomain",
    Properties: { UserPoolId: { Ref: ID }, Domain: sub("${AWS::StackName}-${AWS::AccountId}") },
  };
}
